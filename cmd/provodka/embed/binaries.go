package embed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// minMajor is the oldest PostgreSQL that Provodka's SQL is written for.
const minMajor = 15

// fetched is the version that is downloaded when the machine has none.
const fetched = embeddedpostgres.V18

// binaries is a directory with postgres and initdb of one version.
type binaries struct {
	dir   string
	major int
}

func (b binaries) path(name string) string { return filepath.Join(b.dir, name) }

// chooseBinaries answers the binaries for a data directory: of exactly its major
// version, or, for a new one (major 0), of the highest on the machine. Only when
// the machine has none that fits are they fetched.
func chooseBinaries(ctx context.Context, options Options, major int, cache string) (binaries, error) {
	var found []binaries
	switch options.BinDir {
	case "":
		found = onMachine(ctx)
	case Fetch:
	default:
		b, err := inspect(ctx, options.BinDir)
		if err != nil {
			return binaries{}, err
		}
		found = append(found, b)
	}
	if b, ok := fit(found, major); ok {
		return b, nil
	}
	if (options.BinDir == "" || options.BinDir == Fetch) && (major == 0 || major == fetchedMajor()) {
		return fetch(ctx, options, cache)
	}
	return binaries{}, wrongMajor(major, found)
}

func fit(found []binaries, major int) (binaries, bool) {
	for _, b := range found {
		if major == 0 && b.major >= minMajor || major != 0 && b.major == major {
			return b, true
		}
	}
	return binaries{}, false
}

func wrongMajor(major int, found []binaries) error {
	have := []string{}
	for _, b := range found {
		have = append(have, fmt.Sprintf("%d at %s", b.major, b.dir))
	}
	if len(have) == 0 {
		have = append(have, "none")
	}
	if major == 0 {
		return fmt.Errorf("PostgreSQL %d or newer is needed; found: %s", minMajor, strings.Join(have, ", "))
	}
	return fmt.Errorf("the data directory was made by PostgreSQL %d and no other version can open it; found: %s; "+
		"install PostgreSQL %d, or choose another directory to begin with empty books", major, strings.Join(have, ", "), major)
}

// onMachine lists what is installed, highest major first.
func onMachine(ctx context.Context) []binaries {
	dirs := []string{}
	if path, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
		"/usr/pgsql-*/bin",          // Red Hat
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
	} {
		more, err := filepath.Glob(pattern)
		if err == nil {
			dirs = append(dirs, more...)
		}
	}
	found, seen := []binaries{}, map[string]bool{}
	for _, dir := range dirs {
		if seen[dir] {
			continue
		}
		seen[dir] = true
		if b, err := inspect(ctx, dir); err == nil {
			found = append(found, b)
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].major > found[j].major })
	return found
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect asks the binaries of a directory for their version.
func inspect(ctx context.Context, dir string) (binaries, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return binaries{}, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version")
	cmd.Env = serverEnv("/")
	out, err := cmd.Output()
	if err != nil {
		return binaries{}, fmt.Errorf("%s --version: %w", filepath.Join(dir, "postgres"), err)
	}
	match := versionLine.FindSubmatch(out)
	if match == nil {
		return binaries{}, fmt.Errorf("%s is not PostgreSQL: it says %q", filepath.Join(dir, "postgres"), out)
	}
	major, err := strconv.Atoi(string(match[1]))
	return binaries{dir: dir, major: major}, err
}

func fetchedMajor() int {
	major, _, _ := strings.Cut(string(fetched), ".")
	n, err := strconv.Atoi(major)
	if err != nil {
		panic("broken invariant: version " + string(fetched) + " has no major number")
	}
	return n
}

// cacheDir is where fetched binaries are kept: readable to the run user, writable
// to us alone.
func cacheDir(acc account) (string, error) {
	if !acc.drop {
		base, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir := filepath.Join(base, "provodka")
		return dir, os.MkdirAll(dir, 0o755)
	}
	var failures []error
	for _, dir := range append([]string{"/var/cache/provodka"}, otherPlaces()...) {
		if err := errors.Join(privateDir(dir), acc.canReach(dir)); err != nil {
			failures = append(failures, err)
			continue
		}
		return dir, nil
	}
	return "", errors.Join(failures...)
}

// fetch downloads the binaries once and unpacks them whole or not at all.
func fetch(ctx context.Context, options Options, cache string) (binaries, error) {
	final := filepath.Join(cache, "postgresql-"+string(fetched))
	if b, err := inspect(ctx, filepath.Join(final, "bin")); err == nil {
		return b, nil
	}
	options.Logger.Info("no PostgreSQL on this machine: fetching it once", "version", string(fetched), "to", final)
	scratch, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return binaries{}, err
	}
	done := make(chan error, 1)
	go func() {
		defer os.RemoveAll(scratch)
		done <- download(ctx, scratch, final)
	}()
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return binaries{}, fmt.Errorf("fetch PostgreSQL %s: %w; install PostgreSQL %d or newer by hand", fetched, err, minMajor)
	}
	return inspect(ctx, filepath.Join(final, "bin"))
}

// download uses the library for what it does well, getting and unpacking, and makes
// its Start stop right after that: its initdb can neither drop root nor be told our
// settings, so it is given a locale that no system has.
func download(ctx context.Context, scratch, final string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	unpacked := filepath.Join(scratch, "unpacked")
	library := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		Version(fetched).
		Port(uint32(port)).
		CachePath(filepath.Join(scratch, "archive")).
		BinariesPath(unpacked).
		RuntimePath(filepath.Join(scratch, "runtime")).
		DataPath(filepath.Join(scratch, "data")).
		Locale("provodka_unpacks_only").
		Logger(io.Discard))
	errStart := library.Start()
	if errStart == nil {
		if err := library.Stop(); err != nil {
			return err
		}
	}
	if _, err := inspect(ctx, filepath.Join(unpacked, "bin")); err != nil {
		return errors.Join(err, errStart)
	}
	if err := openForAll(unpacked); err != nil {
		return err
	}
	if err := os.Rename(unpacked, final); err != nil {
		// Somebody else was faster: theirs is as good.
		if _, errThere := inspect(ctx, filepath.Join(final, "bin")); errThere == nil {
			return nil
		}
		return err
	}
	return nil
}

// openForAll lets the run user read what root unpacked.
func openForAll(root string) error {
	return filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.Type()&os.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if entry.IsDir() || mode&0o100 != 0 {
			mode |= 0o111
		}
		return os.Chmod(path, mode)
	})
}
