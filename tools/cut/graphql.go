package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
)

// cutGraphQL keeps the listed fields, the input types, enums and scalars that
// they refer to, and the listed unions and interfaces. The result is itself a
// valid schema.
func cutGraphQL(s source, types []keptType) ([]byte, error) {
	whole, err := parser.ParseSchema(&ast.Source{Name: s.File, Input: string(s.Text)})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Package, err)
	}
	c := graphQLCut{whole: whole, listed: map[string][]string{}, kept: map[string]bool{}}
	for _, t := range types {
		c.listed[t.name] = strings.Fields(t.fields)
	}
	for _, t := range types {
		if err := c.keepListed(t.name); err != nil {
			return nil, err
		}
	}
	out := &ast.SchemaDocument{}
	for _, d := range whole.Definitions {
		if c.kept[d.Name] {
			strip(d)
			out.Definitions = append(out.Definitions, d)
		}
	}
	var b bytes.Buffer
	b.WriteString(header(s))
	formatter.NewFormatter(&b, formatter.WithIndent("  "), formatter.WithoutDescription()).FormatSchemaDocument(out)
	if _, err := gqlparser.LoadSchema(&ast.Source{Name: "cut of " + s.File, Input: b.String()}); err != nil {
		return nil, fmt.Errorf("the cut is not a valid schema: %w", err)
	}
	return b.Bytes(), nil
}

// header names the source and its licence.
func header(s source) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# The part of GitHub's GraphQL schema that auditor uses, without its prose.\n"+
		"# Made by tools/cut from npm's %s %s, file %s. Do not edit.\n# Licence: %s\n#\n",
		s.Package, s.Version, s.File, s.Licence)
	for line := range strings.Lines(strings.TrimSpace(s.Notice)) {
		b.WriteString(strings.TrimSpace("# "+strings.TrimSpace(line)) + "\n")
	}
	b.WriteString("\n")
	return b.String()
}

// graphQLCut marks what is kept of a schema.
type graphQLCut struct {
	whole  *ast.SchemaDocument
	listed map[string][]string // type: its kept fields
	kept   map[string]bool
}

// keepListed reduces one listed type and keeps what its fields need. A listed
// name that GitHub does not have is an error: a wrong list must not silently give
// a smaller schema.
func (c *graphQLCut) keepListed(name string) error {
	d := c.whole.Definitions.ForName(name)
	if d == nil {
		return fmt.Errorf("no type %s", name)
	}
	c.kept[name] = true
	if d.Kind == ast.Union {
		return c.keepUnion(d)
	}
	isDropped := func(i string) bool { _, ok := c.listed[i]; return !ok }
	d.Interfaces = slices.DeleteFunc(d.Interfaces, isDropped)
	for _, field := range c.listed[name] {
		f := d.Fields.ForName(field)
		if f == nil {
			return fmt.Errorf("no field %s.%s", name, field)
		}
		if err := c.keepField(name, f); err != nil {
			return err
		}
	}
	d.Fields = slices.DeleteFunc(d.Fields, func(f *ast.FieldDefinition) bool {
		return !slices.Contains(c.listed[name], f.Name)
	})
	return nil
}

// keepUnion requires that every member is listed: a union with fewer members
// would refuse queries that GitHub answers.
func (c *graphQLCut) keepUnion(d *ast.Definition) error {
	for _, member := range d.Types {
		if _, ok := c.listed[member]; !ok {
			return fmt.Errorf("union %s: its member %s is not listed", d.Name, member)
		}
	}
	return nil
}

func (c *graphQLCut) keepField(owner string, f *ast.FieldDefinition) error {
	if err := c.reach(f.Type); err != nil {
		return fmt.Errorf("%s.%s: %w", owner, f.Name, err)
	}
	for _, a := range f.Arguments {
		if err := c.reach(a.Type); err != nil {
			return fmt.Errorf("%s.%s(%s): %w", owner, f.Name, a.Name, err)
		}
	}
	return nil
}

// reach keeps a type that is used. Enums, scalars and inputs are kept
// completely; types with fields must be listed.
func (c *graphQLCut) reach(t *ast.Type) error {
	name := t.Name()
	if _, ok := c.listed[name]; ok || c.kept[name] || builtIn[name] {
		return nil
	}
	d := c.whole.Definitions.ForName(name)
	if d == nil {
		return fmt.Errorf("no type %s", name)
	}
	if d.IsCompositeType() {
		return fmt.Errorf("type %s is not listed", name)
	}
	c.kept[name] = true
	for _, f := range d.Fields {
		if err := c.keepField(name, f); err != nil {
			return err
		}
	}
	return nil
}

var builtIn = map[string]bool{"Int": true, "Float": true, "String": true, "Boolean": true, "ID": true}

// strip removes prose: the formatter omits descriptions, but reasons of a
// deprecation are prose too. That something is deprecated is a fact.
func strip(d *ast.Definition) {
	d.Directives = facts(d.Directives)
	for _, f := range d.Fields {
		f.Directives = facts(f.Directives)
		for _, a := range f.Arguments {
			a.Directives = facts(a.Directives)
		}
	}
	for _, v := range d.EnumValues {
		v.Directives = facts(v.Directives)
	}
}

func facts(directives ast.DirectiveList) ast.DirectiveList {
	if directives.ForName("deprecated") == nil {
		return nil
	}
	return ast.DirectiveList{{Name: "deprecated"}}
}
