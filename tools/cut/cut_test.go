package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const sample = `{
 "openapi": "3.0.3", "info": {"title": "prose", "version": "1"},
 "paths": {
  "/a/{id}": {
   "get": {"operationId": "a", "summary": "prose", "description": "prose", "tags": ["prose"], "externalDocs": {"url": "prose"},
    "x-github": {"category": "prose"},
    "parameters": [{"$ref": "#/components/parameters/id"}, {"name": "n", "in": "query", "description": "prose", "schema": {"type": "integer", "maximum": 9007199254740993, "example": 1}}],
    "responses": {"200": {"description": "prose", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/thing"}, "examples": {"x": {"value": "prose"}}}}},
                  "204": {"description": "prose"}}},
   "delete": {"operationId": "drop", "responses": {}}
  },
  "/unused": {"get": {"operationId": "unused", "responses": {}}}
 },
 "components": {
  "parameters": {"id": {"name": "id", "in": "path", "required": true, "description": "prose", "schema": {"type": "string"}}, "unused": {"name": "u"}},
  "schemas": {
   "thing": {"title": "prose", "type": "object", "required": ["description"],
    "properties": {"description": {"type": "string", "nullable": true, "description": "prose"}, "title": {"type": "string", "enum": ["x"]},
                   "example": {"type": "string", "format": "uri", "maxLength": 5}, "properties": {"type": "object", "properties": {"summary": {"type": "string", "example": "prose"}}},
                   "self": {"$ref": "#/components/schemas/thing"}, "other": {"$ref": "#/components/schemas/other"}}},
   "other": {"type": "array", "items": {"type": "integer", "description": "prose"}},
   "unused": {"type": "string"}
  }
 }
}`

func sampleSource(text string) source {
	return source{Package: "@x/y", Version: "1.2.3", Licence: "MIT", Notice: "Copyright somebody\n\nPermission", File: "f", Text: []byte(text)}
}

func TestOpenAPICutKeepsFactsAndDropsProse(t *testing.T) {
	t.Parallel()
	got, err := cutOpenAPI(sampleSource(sample), []string{"GET /a/{id}"})
	if err != nil {
		t.Fatal(err)
	}
	want := `{
	 "openapi": "3.0.3", "info": {"title": "@x/y (cut)", "version": "1.2.3"},
	 "x-source": {"package": "@x/y", "version": "1.2.3", "file": "f", "licence": "MIT", "notice": ["Copyright somebody", "", "Permission"]},
	 "paths": {"/a/{id}": {"get": {"operationId": "a",
	   "parameters": [{"$ref": "#/components/parameters/id"}, {"name": "n", "in": "query", "schema": {"type": "integer", "maximum": 9007199254740993}}],
	   "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/thing"}}}}, "204": {"description": ""}}}}},
	 "components": {"parameters": {"id": {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}},
	  "schemas": {"thing": {"type": "object", "required": ["description"],
	    "properties": {"description": {"type": "string", "nullable": true}, "title": {"type": "string", "enum": ["x"]},
	     "example": {"type": "string", "format": "uri", "maxLength": 5}, "properties": {"type": "object", "properties": {"summary": {"type": "string"}}},
	     "self": {"$ref": "#/components/schemas/thing"}, "other": {"$ref": "#/components/schemas/other"}}},
	   "other": {"type": "array", "items": {"type": "integer"}}}}}`
	if compact(t, got) != compact(t, []byte(want)) {
		t.Errorf("got\n%s\nwant\n%s", compact(t, got), compact(t, []byte(want)))
	}
	if bytes.Contains(got, []byte("prose")) {
		t.Error("prose is left")
	}
	again, err := cutOpenAPI(sampleSource(sample), []string{"GET /a/{id}"})
	if err != nil || !bytes.Equal(got, again) {
		t.Errorf("a second cut differs (%v)", err)
	}
}

// compact makes JSON comparable: sorted keys, numbers as they were written.
func compact(t *testing.T, text []byte) string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestOpenAPICutRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, operation, want string }{
		{"unknown path", sample, "GET /b", "no paths /b"},
		{"unknown method", sample, "POST /a/{id}", "no paths /a/{id} post"},
		{"unknown component", strings.ReplaceAll(sample, `"id": {"name"`, `"di": {"name"`), "GET /a/{id}", "no components parameters id"},
		{"reference elsewhere", strings.ReplaceAll(sample, "#/components/parameters/id", "other.json"), "GET /a/{id}", "other.json"},
		{"no JSON", "<html>", "GET /a/{id}", "@x/y f"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := cutOpenAPI(sampleSource(c.text), []string{c.operation})
			wantError(t, err, c.want)
		})
	}
}

const sampleSchema = `
"""PROSE"""
directive @internal on OBJECT

"""PROSE"""
type Query @internal {
  """PROSE"""
  thing("""PROSE""" kind: Kind = OLD, order: Order): Thing
  hidden: Hidden
}
interface Node { id: ID! }
interface Prosaic { prose: String }
type Thing implements Node & Prosaic {
  at: Time @deprecated(reason: "PROSE")
  either: Either
  id: ID!
  prose: String
}
type Hidden { id: ID! }
union Either = Thing | Other
type Other { name: String }
enum Kind { "PROSE" NEW OLD @deprecated(reason: "PROSE") }
enum Unused { A }
input Order { by: By! }
enum By { NAME }
scalar Time
`

func TestGraphQLCutKeepsFactsAndDropsProse(t *testing.T) {
	t.Parallel()
	kept := []keptType{{"Query", "thing"}, {"Node", "id"}, {"Thing", "id either at"}, {"Either", ""}, {"Other", "name"}}
	got, err := cutGraphQL(sampleSource(sampleSchema), kept)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# Copyright somebody", "@x/y 1.2.3", "# Licence: MIT", "type Thing implements Node {", "at: Time @deprecated\n",
		"union Either = Thing | Other", "OLD @deprecated\n", "input Order", "enum By", "scalar Time", "kind: Kind = OLD",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for _, dropped := range []string{"PROSE", "Prosaic", "Hidden", "hidden", "Unused", "@internal"} {
		if strings.Contains(string(got), dropped) {
			t.Errorf("%q is left in\n%s", dropped, got)
		}
	}
}

func TestGraphQLCutRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		kept []keptType
		want string
	}{
		{"unknown type", []keptType{{"Other", "name"}, {"Thang", "id"}}, "no type Thang"},
		{"unknown field", []keptType{{"Query", "thang"}}, "no field Query.thang"},
		{"type that is not listed", []keptType{{"Query", "hidden"}}, "Query.hidden: type Hidden is not listed"},
		{"union without a member", []keptType{{"Query", "thing"}, {"Thing", "either"}, {"Either", ""}}, "its member Other is not listed"},
		{"interface not kept", []keptType{{"Query", "thing"}, {"Node", "id"}, {"Thing", "at"}}, "not a valid schema"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := cutGraphQL(sampleSource(sampleSchema), c.kept)
			wantError(t, err, c.want)
		})
	}
}

func TestSourcesThatAreNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct{ name, from, want string }{
		{"missing", filepath.Join(dir, "none"), "none"},
		{"no package above", write("a/schema.graphql", "scalar X"), "no package.json"},
		{"broken tarball", write("b.tgz", "not gzip"), "b.tgz"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readSource(c.from, "schema.graphql")
			wantError(t, err, c.want)
		})
	}
	write("c/package.json", `{"name":"@x/y","version":"1","license":"MIT"}`)
	file := write("c/deep/schema.graphql", "scalar X")
	_, err := readSource(file, "schema.graphql")
	wantError(t, err, "no licence")
	write("c/LICENSE.md", "Copyright")
	s, err := readSource(file, "schema.graphql")
	if err != nil || s.Package != "@x/y" || s.Version != "1" || s.Notice != "Copyright" || string(s.Text) != "scalar X" {
		t.Errorf("read %+v (%v)", s, err)
	}
}

// npmPack writes a tarball as npm does, everything below package/.
func npmPack(t *testing.T, files map[string]string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "p.tgz")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: "package/" + name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []io.Closer{w, z, f} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return name
}

func TestPackedSource(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"package.json": `{"name":"@x/y","version":"2","license":"MIT"}`, "LICENSE": "Copyright", "generated/a.json": "{}",
		"a.json": "another file of the same name", "README.md": "prose",
	}
	s, err := readSource(npmPack(t, files), "generated/a.json")
	if err != nil || s.Version != "2" || s.Notice != "Copyright" || string(s.Text) != "{}" {
		t.Errorf("read %+v (%v)", s, err)
	}
	_, err = readSource(npmPack(t, files), "generated/b.json")
	wantError(t, err, "no generated/b.json")
}

func TestUsage(t *testing.T) {
	t.Parallel()
	wantError(t, run(nil, io.Discard), "usage")
	wantError(t, run([]string{"-openapi", "a", "-graphql", "b", "c"}, io.Discard), "usage")
	wantError(t, run([]string{"-nonsense"}, io.Discard), "nonsense")
	wantError(t, run([]string{"-openapi", "none.json", "-graphql", "none.graphql"}, io.Discard), "none.json")
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error about %q", err, want)
	}
}

// TestCutsAreFresh repeats the extraction. It needs npm's packages, which are too
// large for the repository and not available everywhere.
func TestCutsAreFresh(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("FAKEGITHUB_NPM")
	if dir == "" {
		t.Skip("NOT CHECKED that the files are what cut writes: set FAKEGITHUB_NPM to a folder with" +
			" octokit-openapi-23.0.2.tgz and octokit-graphql-schema-15.26.1.tgz (npm pack @octokit/openapi@23.0.2 @octokit/graphql-schema@15.26.1)")
	}
	packages := map[string]string{
		"openapi": filepath.Join(dir, "octokit-openapi-23.0.2.tgz"),
		"graphql": filepath.Join(dir, "octokit-graphql-schema-15.26.1.tgz"),
	}
	for _, c := range cuts {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			fresh, err := c.make(packages[c.flag])
			if err != nil {
				t.Fatal(err)
			}
			kept, err := os.ReadFile(filepath.Join("..", fakegithub, filepath.FromSlash(c.file)))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(fresh, kept) {
				t.Errorf("%s is stale: run tools/cut", c.file)
			}
		})
	}
}

// TestParserIsThatOfTheServer compares the two modules: the simulated GitHub must
// read the schema with the version of the parser that has validated it.
func TestParserIsThatOfTheServer(t *testing.T) {
	t.Parallel()
	version := func(file string) string {
		text, err := os.ReadFile(filepath.FromSlash(file))
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(string(text), "github.com/vektah/gqlparser/v2 ")
		found, _, _ := strings.Cut(after, "\n")
		return found
	}
	tools, server := version("../go.mod"), version("../../go.mod")
	if tools != server || tools == "" {
		t.Errorf("tools/go.mod requires gqlparser %q, go.mod requires %q", tools, server)
	}
}
