package embed

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// nobody is the user every Unix has.
const nobody = 65534

// account is the user PostgreSQL runs as.
type account struct {
	uid, gid int
	drop     bool // we are root and must become this user
}

// accountFor answers who runs the server whose files lie at home: we ourselves, or,
// when we are root, the one who owns the files, else postgres, else nobody.
func accountFor(home string) account {
	if os.Geteuid() != 0 {
		return account{uid: os.Geteuid(), gid: os.Getegid()}
	}
	for _, path := range []string{filepath.Join(home, "data"), home} {
		if uid, gid, ok := owner(path); ok && uid != 0 {
			return account{uid: uid, gid: gid, drop: true}
		}
	}
	if u, err := user.Lookup("postgres"); err == nil {
		uid, errUID := strconv.Atoi(u.Uid)
		gid, errGID := strconv.Atoi(u.Gid)
		if errUID == nil && errGID == nil && uid != 0 {
			return account{uid: uid, gid: gid, drop: true}
		}
	}
	return account{uid: nobody, gid: nobody, drop: true}
}

func owner(path string) (uid, gid int, ok bool) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(st.Uid), int(st.Gid), true
}

// attributes make a command run as the account, in a session of its own so that a
// Ctrl-C at the terminal reaches us and not the server.
func (a account) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if a.drop {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}

// own hands a path to the account.
func (a account) own(path string) error {
	if !a.drop {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// canReach says whether the account may pass through every directory down to path,
// path itself included. Access lists beyond the mode bits are not looked at.
func (a account) canReach(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	for dir := real; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		uid, gid, _ := owner(dir)
		bit := fs.FileMode(0o001)
		switch {
		case uid == a.uid:
			bit = 0o100
		case gid == a.gid:
			bit = 0o010
		}
		if info.Mode().Perm()&bit == 0 {
			return fmt.Errorf("%s is closed to user %d, whom PostgreSQL runs as", dir, a.uid)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// settle answers the directory for PostgreSQL's files and the account to run it as;
// it makes the directory when there is none: dir/postgres, or, where the account
// cannot reach that, elsewhere with dir/postgres as a link to it.
func settle(dir string, elsewhere []string) (home string, acc account, err error) {
	link := filepath.Join(dir, "postgres")
	home, err = filepath.EvalSymlinks(link)
	if err == nil {
		acc = accountFor(home)
		if err := acc.canReach(home); err != nil {
			return "", acc, fmt.Errorf("PostgreSQL's files at %s: %w; give another directory, or start as the user who made it", home, err)
		}
		return home, acc, nil
	}
	if target, errLink := os.Readlink(link); errLink == nil {
		return "", acc, fmt.Errorf("%s leads to %s, which is gone with its database: remove the link to begin with empty books", link, target)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", acc, err
	}
	acc = accountFor(link)
	closed := acc.canReach(dir)
	if closed == nil {
		if err := os.Mkdir(link, 0o700); err != nil {
			return "", acc, err
		}
		if err := acc.own(link); err != nil {
			return "", acc, err
		}
		home, err = filepath.EvalSymlinks(link)
		return home, acc, err
	}
	if !acc.drop {
		return "", acc, closed
	}
	home, err = settleElsewhere(acc, elsewhere)
	if err != nil {
		return "", acc, fmt.Errorf("%w; and no other place: %w", closed, err)
	}
	return home, acc, os.Symlink(home, link)
}

// settleElsewhere makes a new directory, owned by the account, in the first base
// that is ours alone to write and that the account can reach.
func settleElsewhere(acc account, bases []string) (string, error) {
	var failures []error
	for _, base := range bases {
		if err := privateDir(base); err != nil {
			failures = append(failures, err)
			continue
		}
		if err := acc.canReach(base); err != nil {
			failures = append(failures, err)
			continue
		}
		home, err := os.MkdirTemp(base, "postgres-")
		if err != nil {
			failures = append(failures, err)
			continue
		}
		return home, acc.own(home)
	}
	return "", errors.Join(failures...)
}

// privateDir makes the directory, open to pass through, and refuses one that others
// may write to: they could put their own files under ours.
func privateDir(path string) error {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if uid, _, ok := owner(path); !ok || uid != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s belongs to others or can be written by others", path)
	}
	return os.Chmod(path, 0o755) // whatever the umask made of it
}

// otherPlaces is where root's servers live when the asked directory is closed to
// the run user: the place for a service's state first, because /tmp is swept.
func otherPlaces() []string {
	return []string{"/var/lib/provodka", "/var/tmp/provodka", filepath.Join(os.TempDir(), "provodka")}
}
