package gate

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/provodka/provodka/engine/flow/user"
	"github.com/provodka/provodka/ledger/machine"
)

var (
	//go:embed access.md
	accessDocument string
	//go:embed people.md
	peopleDocument string
)

// parseAccess reads the table of keys: the roles of each method.
func parseAccess(text string) (map[string][]string, error) {
	words := append(Roles(), roleAny, rolePublic, rolePerson, roleWorker, roleNewcomer)
	access, err := parseRoles("api/gate/access.md", text, "Access", words)
	for method, roles := range access {
		if len(roles) == 0 {
			err = errors.Join(err, fmt.Errorf("api/gate/access.md: %s has no role", method))
		}
	}
	return access, err
}

// parsePeople reads the table of people: the roles of each method, none when no person
// may call it.
func parsePeople(text string) (map[string][]string, error) {
	words := []string{roleAny}
	for _, r := range user.Roles() {
		words = append(words, r.Name)
	}
	return parseRoles("api/gate/people.md", text, "People", words)
}

func parseRoles(file, text, heading string, words []string) (map[string][]string, error) {
	tables, err := machine.ParseTables(file, text)
	if err != nil {
		return nil, err
	}
	t, err := machine.Find(tables, heading)
	if err != nil {
		return nil, err
	}
	if err := t.Expect("Method", "Roles"); err != nil {
		return nil, err
	}
	access := map[string][]string{}
	for _, r := range t.Rows {
		method, roles := r.Cell("Method"), r.List("Roles")
		if _, twice := access[method]; twice {
			return nil, r.Errorf("method %s stands twice", method)
		}
		for _, role := range roles {
			if !slices.Contains(words, role) {
				return nil, r.Errorf("there is no role %q", role)
			}
		}
		access[method] = roles
	}
	return access, nil
}

// checkAccess compares the tables with the services: keys both ways; of people no row is
// of a method that is not there, and what has no row is for no person.
func checkAccess(access, people map[string][]string) error {
	var wrong []error
	known := map[string]bool{}
	for _, m := range Methods() {
		name := methodName(m)
		known[name] = true
		if access[name] == nil {
			wrong = append(wrong, fmt.Errorf("api/gate/access.md: no row for %s", name))
		}
	}
	for file, table := range map[string]map[string][]string{"access": access, "people": people} {
		for _, name := range slices.Sorted(maps.Keys(table)) {
			if !known[name] {
				wrong = append(wrong, fmt.Errorf("api/gate/%s.md: there is no method %s", file, name))
			}
		}
	}
	return errors.Join(wrong...)
}

// MethodsOf lists what a person's roles open.
func (g *Gate) MethodsOf(who Principal) []string {
	var all []string
	for method := range g.persons {
		if g.PersonMay(who, method) {
			all = append(all, method)
		}
	}
	slices.Sort(all)
	return all
}
