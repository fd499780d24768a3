package graphql

import (
	"strings"
	"testing"
)

func TestEveryTypeHasResolvers(t *testing.T) {
	g := NewEngine()
	for name, d := range g.schema.Types {
		resolvers := g.types[name]
		if resolvers == nil {
			continue
		}
		for _, f := range d.Fields {
			if !strings.HasPrefix(f.Name, "__") && resolvers[f.Name] == nil {
				t.Errorf("%s.%s is in the schema and has no resolver", name, f.Name)
			}
		}
		for f := range resolvers {
			if d.Fields.ForName(f) == nil {
				t.Errorf("%s.%s has a resolver and is not in the schema", name, f)
			}
		}
	}
	for name := range g.types {
		if g.schema.Types[name] == nil {
			t.Errorf("%s has resolvers and is not in the schema", name)
		}
	}
}

func TestNodeID(t *testing.T) {
	if kind, id, ok := parseNodeID(NodeID("Repository", 42)); kind != "Repository" || id != 42 || !ok {
		t.Errorf("got %s %d %v", kind, id, ok)
	}
	for _, bad := range []string{"", "nonsense", "MDEwOg", NodeID("User", 1) + "x"} {
		if kind, id, ok := parseNodeID(bad); ok {
			t.Errorf("%q is read as %s %d", bad, kind, id)
		}
	}
}
