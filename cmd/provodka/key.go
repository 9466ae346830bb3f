package main

import (
	"context"
	"crypto/rand" // clock: a key's chance is nobody's decision
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/engine/flow/company"
	"github.com/provodka/provodka/ledger/store"
)

const keyLong = `Keys by which programs call the API. A key is of one book and has roles; api/gate/access.md
says which role may call what. Its text is shown once: the database has a hash of it.

  provodka key add --book main --roles ledger,reader
  provodka key add --book main --company company-1
  provodka key list
  provodka key revoke company-1-4f2a9c01

A key of a company (--company) opens /api/ alone, and there the company's own tasks alone.
Its roles are company and executor when none are said; personal shows executors' data unmasked.
A revoked key is believed for five seconds more at most.`

type keyFlags struct {
	dsn, book, id, company string
	roles                  []string
}

// companyRoles are the roles that a company's key may have.
var companyRoles = []string{gate.RoleCompany, gate.RoleExecutor, gate.RolePersonal}

func newKeyCmd(env *Env) *cobra.Command {
	var f keyFlags
	cmd := &cobra.Command{Use: "key", Short: "Keys of the API: add, list, revoke", Long: keyLong}
	cmd.PersistentFlags().StringVar(&f.dsn, "dsn", "", dsnHelp)
	add := &cobra.Command{
		Use: "add", Short: "Make a key and show its text, once", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runKeyAdd(cmd.Context(), env, f) },
	}
	bookFlag(add, &f.book)
	add.Flags().StringVar(&f.id, "id", "", "name of the key in logs and lists (default: made up)")
	add.Flags().StringVar(&f.company, "company", "", "id of the company whose key it is")
	add.Flags().StringSliceVar(&f.roles, "roles", nil, "what it may do: "+strings.Join(gate.Roles(), ", "))
	list := &cobra.Command{
		Use: "list", Short: "List the keys", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runKeyList(cmd.Context(), env, f) },
	}
	list.Flags().StringVar(&f.book, "book", "", "the keys of this book (default: of all)")
	cmd.AddCommand(add, list, &cobra.Command{
		Use: "revoke ID", Short: "Take everything that a key may do", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, ids []string) error { return runKeyRevoke(cmd.Context(), env, f, ids[0]) },
	})
	return cmd
}

// check refuses what no key can be, and says the roles of a company's key.
func (f *keyFlags) check() error {
	if f.company != "" && len(f.roles) == 0 {
		f.roles = []string{gate.RoleCompany, gate.RoleExecutor}
	}
	if len(f.roles) == 0 {
		return usagef("--roles: what may the key do? %s", strings.Join(gate.Roles(), ", "))
	}
	for _, role := range f.roles {
		if !slices.Contains(gate.Roles(), role) {
			return usagef("--roles: there is no role %q; there are %s", role, strings.Join(gate.Roles(), ", "))
		}
		if f.company != "" && !slices.Contains(companyRoles, role) {
			return usagef("--roles: a company's key has %s, not %s", strings.Join(companyRoles, ", "), role)
		}
	}
	return nil
}

func runKeyAdd(ctx context.Context, env *Env, f keyFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	db, err := env.openBook(ctx, f.dsn, &f.book)
	if err != nil {
		return err
	}
	defer db.Close()
	if f.company != "" {
		found, _, err := db.FindAggregates(ctx, []store.AggregateKey{{Book: f.book, Flow: company.Name, ID: f.company}})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fmt.Errorf("there is no company %q in the book %s", f.company, f.book)
		}
	}
	if f.id == "" {
		f.id = keyID(f)
	}
	there, err := db.APIKeysThere(ctx, []string{f.id})
	if err != nil {
		return err
	}
	if len(there) > 0 {
		return fmt.Errorf("there is a key %q already; a key is never overwritten", f.id)
	}
	text, row, err := gate.MintKey(f.id, f.book, f.roles...)
	if err != nil {
		return err
	}
	row.Owner = f.company
	if err := db.PutAPIKey(ctx, row); err != nil {
		return err
	}
	if env.json() {
		return env.printJSON(map[string]any{"id": f.id, "book": f.book, "company": f.company, "roles": f.roles, "key": text})
	}
	env.say("key %s of book %s; keep it, it is not shown again:", f.id, f.book)
	_, err = fmt.Fprintln(env.Out, text)
	return err
}

// keyID makes up the name of a key: whose it is, and eight digits of chance.
func keyID(f keyFlags) string {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic("key: no randomness: " + err.Error())
	}
	whose := f.book
	if f.company != "" {
		whose = f.company
	}
	return whose + "-" + hex.EncodeToString(b[:])
}

// keyPage is how many keys are read at once.
const keyPage = 500

// keyRow is a key as it is listed: never its text, which nobody has.
type keyRow struct {
	ID      string   `json:"id"`
	Book    string   `json:"book"`
	Company string   `json:"company"`
	Roles   []string `json:"roles"`
	Created string   `json:"created"`
}

func runKeyList(ctx context.Context, env *Env, f keyFlags) error {
	db, err := env.openDB(ctx, f.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	rows := []keyRow{}
	for after := ""; ; {
		page, err := db.ListAPIKeys(ctx, after, keyPage)
		if err != nil {
			return err
		}
		for _, k := range page {
			after = k.ID
			if f.book == "" || f.book == k.Book {
				rows = append(rows, keyRow{k.ID, k.Book, k.Owner, k.Roles, k.Created.In(db.Zone()).Format("2006-01-02 15:04:05")})
			}
		}
		if len(page) < keyPage {
			break
		}
	}
	if env.json() {
		return env.printJSON(rows)
	}
	t := table.New("Key", "Book", "Company", "Roles", "Created")
	for _, r := range rows {
		roles := strings.Join(r.Roles, ", ")
		if roles == "" {
			roles = "revoked"
		}
		t.Add(r.ID, r.Book, orDash(r.Company), roles, r.Created)
	}
	return t.Write(env.Out)
}

func runKeyRevoke(ctx context.Context, env *Env, f keyFlags, id string) error {
	db, err := env.openDB(ctx, f.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	switch there, err := db.RevokeAPIKey(ctx, id); {
	case err != nil:
		return err
	case !there:
		return fmt.Errorf("there is no key %q", id)
	}
	if env.json() {
		return env.printJSON(map[string]any{"id": id, "revoked": true})
	}
	_, err = fmt.Fprintf(env.Out, "revoked %s\n", id)
	return err
}
