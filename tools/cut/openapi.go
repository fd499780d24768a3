package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// object is a JSON object whose numbers are kept as they were written.
type object = map[string]any

// cutOpenAPI keeps the operations ("GET /app"), the components that they refer
// to, and nothing else.
func cutOpenAPI(s source, operations []string) ([]byte, error) {
	whole := object{}
	d := json.NewDecoder(bytes.NewReader(s.Text))
	d.UseNumber()
	if err := d.Decode(&whole); err != nil {
		return nil, fmt.Errorf("%s %s: %w", s.Package, s.File, err)
	}
	c := openAPICut{whole: whole, components: object{}}
	paths := object{}
	for _, operation := range operations {
		method, path, _ := strings.Cut(operation, " ")
		found, err := at(whole, "paths", path, strings.ToLower(method))
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", s.Package, s.File, err)
		}
		kept, err := c.keep(found, "operation")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", operation, err)
		}
		child(paths, path)[strings.ToLower(method)] = kept
	}
	return encode(object{
		"openapi":    whole["openapi"],
		"info":       object{"title": s.Package + " (cut)", "version": s.Version},
		"x-source":   object{"package": s.Package, "version": s.Version, "file": s.File, "licence": s.Licence, "notice": strings.Split(strings.TrimSpace(s.Notice), "\n")},
		"paths":      paths,
		"components": c.components,
	})
}

// openAPICut collects the components that what is kept refers to.
type openAPICut struct {
	whole      object
	components object
}

// prose are the keys that explain something to people, and GitHub's own
// extensions.
var prose = map[string]bool{
	"description": true, "summary": true, "title": true, "example": true, "examples": true,
	"externalDocs": true, "tags": true, "x-github": true, "x-octokit": true, "x-github-breaking-changes": true,
}

// named are the keys whose children have names that GitHub chose: below
// "properties" a "description" is a field of the payload.
var named = map[string]string{
	"properties": "schema", "responses": "response", "content": "media", "headers": "header",
}

// keep returns the value without its prose, and keeps the components it refers
// to. The kind says what the value is where that matters: a "response" must have
// a description, which may be empty, and "names of KIND" is a map from names to
// values of that kind.
func (c *openAPICut) keep(value any, kind string) (any, error) {
	switch v := value.(type) {
	case []any:
		out := make([]any, 0, len(v))
		for _, item := range v {
			kept, err := c.keep(item, "")
			if err != nil {
				return nil, err
			}
			out = append(out, kept)
		}
		return out, nil
	case object:
		return c.keepObject(v, kind)
	}
	return value, nil
}

func (c *openAPICut) keepObject(v object, kind string) (any, error) {
	if ref, ok := v["$ref"].(string); ok {
		return object{"$ref": ref}, c.reach(ref)
	}
	out := object{}
	if kind == "response" {
		out["description"] = ""
	}
	of, isNames := strings.CutPrefix(kind, "names of ")
	for key, item := range v {
		if !isNames && prose[key] {
			continue
		}
		below := of
		if children, ok := named[key]; ok && !isNames {
			below = "names of " + children
		}
		kept, err := c.keep(item, below)
		if err != nil {
			return nil, err
		}
		out[key] = kept
	}
	return out, nil
}

// reach keeps the component that ref points to ("#/components/schemas/team"), once.
func (c *openAPICut) reach(ref string) error {
	parts := strings.Split(ref, "/")
	if len(parts) != 4 || parts[0] != "#" || parts[1] != "components" {
		return fmt.Errorf("unsupported reference %s", ref)
	}
	group, name := parts[2], parts[3]
	kept := child(c.components, group)
	if _, ok := kept[name]; ok {
		return nil
	}
	found, err := at(c.whole, "components", group, name)
	if err != nil {
		return err
	}
	kept[name] = nil // a schema may refer to itself
	kept[name], err = c.keep(found, strings.TrimSuffix(group, "s"))
	return err
}

// at returns the object below the keys.
func at(v object, keys ...string) (object, error) {
	for i, key := range keys {
		next, ok := v[key].(object)
		if !ok {
			return nil, fmt.Errorf("no %s", strings.Join(keys[:i+1], " "))
		}
		v = next
	}
	return v, nil
}

// child returns the object under key, and creates it if there is none.
func child(v object, key string) object {
	if _, ok := v[key]; !ok {
		v[key] = object{}
	}
	return v[key].(object)
}

// encode writes sorted keys, one a line, so that a new version of the package
// gives a readable diff.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(v)
	return b.Bytes(), err
}
