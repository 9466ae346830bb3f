package user

import (
	"fmt"
	"slices"

	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/machine"
)

// The roles of user.md.
const (
	RoleOwner      = "owner"
	RolePublisher  = "publisher"
	RoleAcceptor   = "acceptor"
	RolePayer      = "payer"
	RoleAccountant = "accountant"
)

// Role is one row of the table Roles.
type Role struct{ Name, Russian, Meaning string }

// stateNew is where the way of a person begins of whom nothing is known.
const stateNew = machine.New

// The tables of user.md beside those that every flow has.
var (
	roles = mustRoles(document)
	ways  = mustWays(document) // {state, event}: next state
)

// Roles lists the roles, in the order of the table.
func Roles() []Role { return slices.Clone(roles) }

// rolesOf checks what a person shall be allowed, and puts it in the order of the table.
func rolesOf(asked []string) ([]string, *fault.Refusal) {
	var out []string
	for _, r := range roles {
		if slices.Contains(asked, r.Name) {
			out = append(out, r.Name)
		}
	}
	for i, name := range asked {
		if !slices.ContainsFunc(roles, func(r Role) bool { return r.Name == name }) {
			return nil, fault.Refuse(fault.Malformed, fmt.Sprintf("roles[%d]", i), "there is no role %.64q", name)
		}
	}
	if len(out) == 0 {
		return nil, fault.Refuse(fault.Malformed, "roles", "at least one role must be said")
	}
	return out, nil
}

// mustRoles reads the table Roles and compares it with the program both ways.
func mustRoles(text string) []Role {
	var out []Role
	var names []string
	for _, r := range rows(text, "Roles", "Role", "Russian", "Meaning") {
		out = append(out, Role{r.Cell("Role"), r.Cell("Russian"), r.Cell("Meaning")})
		names = append(names, r.Cell("Role"))
	}
	must(machine.Names("role", names, []string{RoleOwner, RolePublisher, RoleAcceptor, RolePayer, RoleAccountant}))
	return out
}

// mustWays reads the table Users: no second row for a state and an event, no state and no
// event that only one side knows.
func mustWays(text string) map[[2]string]string {
	out := map[[2]string]string{}
	var states, events []string
	for _, r := range rows(text, "Users", "From", "On", "To", "Meaning") {
		key := [2]string{r.Cell("From"), r.Cell("On")}
		if _, twice := out[key]; twice || r.Cell("To") == "" || r.Cell("Meaning") == "" {
			must(r.Errorf("a second row for %s on %s, or one without To and Meaning", key[0], key[1]))
		}
		out[key] = r.Cell("To")
		events = append(events, key[1])
		for _, s := range []string{key[0], r.Cell("To")} {
			if s != stateNew {
				states = append(states, s)
			}
		}
	}
	must(machine.Names("state of a user", states, []string{Invited, Active, Blocked, Removed}))
	must(machine.Names("event of a user", events, []string{
		Found, Invite, Accept, ChangeRoles, Block, Unblock, Remove, ChangePassword, RequestReset, Reset, Login, LoginFailed,
	}))
	return out
}

func rows(text, heading string, columns ...string) []machine.Row {
	tables, err := machine.ParseTables(file, text)
	must(err)
	t, err := machine.Find(tables, heading)
	must(err)
	must(t.Expect(columns...))
	return t.Rows
}

// must stops the program: its tables do not fit it.
func must(err error) {
	if err != nil {
		panic(fmt.Errorf("%s: %w", file, err))
	}
}
