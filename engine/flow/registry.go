package flow

import (
	"fmt"
	"maps"
	"slices"
)

// Registry is the closed set of flows of a program, by name.
type Registry struct {
	flows map[string]*Flow
}

// NewRegistry makes a registry. Two flows of one name are a mistake of the
// program: panic.
func NewRegistry(flows ...*Flow) *Registry {
	r := &Registry{flows: map[string]*Flow{}}
	for _, f := range flows {
		if r.flows[f.Name] != nil {
			panic(fmt.Sprintf("flow: two flows are called %q", f.Name))
		}
		r.flows[f.Name] = f
	}
	return r
}

// Lookup finds a flow by name; false when the program has none such.
func (r *Registry) Lookup(name string) (*Flow, bool) {
	f, ok := r.flows[name]
	return f, ok
}

// Content says in Russian what an entry that a flow booked by these recipes is about; empty
// when there is no such flow, as for what a caller posted.
func (r *Registry) Content(flow string, recipes []string) string {
	if f, ok := r.Lookup(flow); ok {
		return f.Content(recipes)
	}
	return ""
}

// Names lists the flows' names, sorted.
func (r *Registry) Names() []string { return slices.Sorted(maps.Keys(r.flows)) }

// AccountTypes lists the account types that any flow touches, sorted.
func (r *Registry) AccountTypes() []string {
	types := map[string]bool{}
	for _, f := range r.flows {
		for _, t := range f.AccountTypes() {
			types[t] = true
		}
	}
	return slices.Sorted(maps.Keys(types))
}

// Ports lists the ports that any flow asks, sorted.
func (r *Registry) Ports() []string {
	ports := map[string]bool{}
	for _, f := range r.flows {
		for _, p := range f.Ports() {
			ports[p] = true
		}
	}
	return slices.Sorted(maps.Keys(ports))
}
