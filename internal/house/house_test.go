// Package house holds the rules of the house that no compiler knows: who may
// import whom, where time and the network enter, what must never be checked in.
// It has tests only. Start with TestHouse; each rule is a checker that takes
// files and returns findings, and is shown to bite by a sample beside it.
package house

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// file is one file of the tree.
type file struct {
	path  string // "internal/store/schema.go", slashes
	text  []byte
	ast   *ast.File      // nil unless it is Go
	pos   *token.FileSet // of ast
	info  *types.Info    // what names mean; nil in tests, see resolve
	scope *types.Scope   // of the package; nil in tests
}

// pkg is the folder of the file: "internal/store".
func (f file) pkg() string { return path.Dir(f.path) }

func (f file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// at tells where in the file a node is: "internal/store/schema.go:12".
func (f file) at(n ast.Node) string {
	p := f.pos.Position(n.Pos())
	p.Column = 0
	return p.String()
}

// checkers are the rules that hold for the tree.
var checkers = []struct {
	name  string
	check func([]file) []string
}{
	{"imports point down", checkDirections},
	{"collect and report never meet", checkNeverMeet},
	{"special imports stay in their room", checkSpecialImports},
	{"only internal/github calls the outside", checkClients},
	{"no clock below cmd", checkClocks},
	{"no mutable package state", checkPackageState},
	{"every package has a comment", checkPackageComments},
	{"no credentials", checkCredentials},
	{"no addresses of registries or of a machine", checkAddresses},
}

func TestHouse(t *testing.T) {
	t.Parallel()
	files := tree(t)
	if len(files) < 50 {
		t.Fatalf("only %d files found: the rules would hold for nothing", len(files))
	}
	for _, c := range checkers {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, finding := range c.check(files) {
				t.Error(finding)
			}
		})
	}
}

// root is the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
	}
}

// tree reads all files that are checked in or could be: with git, everything it
// does not ignore; without (a source archive), everything but dot folders.
func tree(t *testing.T) []file {
	t.Helper()
	dir := root(t)
	var files []file
	positions := token.NewFileSet()
	for _, name := range names(t, dir) {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) {
			continue // checked in and just removed
		}
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, parse(t, positions, name, string(text)))
	}
	return resolve(files)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = dir
	if out, err := list.Output(); err == nil && len(out) > 0 {
		names := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		return slices.Compact(slices.Sorted(slices.Values(names)))
	}
	var names []string
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && e.Name() == ".git":
			return fs.SkipDir
		case !e.Type().IsRegular():
			return nil
		}
		name, err := filepath.Rel(dir, p)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// parse makes a file of a text. Go files below testdata are data.
func parse(t *testing.T, positions *token.FileSet, name, text string) file {
	t.Helper()
	f := file{path: name, text: []byte(text)}
	if !strings.HasSuffix(name, ".go") || slices.Contains(strings.Split(name, "/"), "testdata") {
		return f
	}
	f.pos = positions
	parsed, err := parser.ParseFile(f.pos, name, text, parser.ParseComments)
	if err != nil {
		t.Fatalf("%v", err)
	}
	f.ast = parsed
	return f
}

// sources yields the Go files that end up in a binary.
func sources(files []file) []file {
	return slices.DeleteFunc(slices.Clone(files), func(f file) bool { return f.ast == nil || f.isTest() })
}

// sample is a text that a checker must judge.
type sample struct {
	name string
	path string
	text string
	want string // a part of the only finding; "" for none
}

// one is a tree of one file.
func one(t *testing.T, name, text string) []file {
	t.Helper()
	return resolve([]file{parse(t, token.NewFileSet(), name, text)})
}

// judge runs a checker over each sample alone.
func judge(t *testing.T, check func([]file) []string, samples []sample) {
	t.Helper()
	for _, s := range samples {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			got := check(one(t, s.path, s.text))
			switch {
			case s.want == "" && len(got) > 0:
				t.Errorf("unexpected: %q", got)
			case s.want != "" && (len(got) != 1 || !strings.Contains(got[0], s.want) || !strings.Contains(got[0], s.path)):
				t.Errorf("got %q, want one finding about %q in %s", got, s.want, s.path)
			}
		})
	}
}

// Below v1.60.1 of modernc.org/sqlite binding is quadratic, and the libc it was
// made against is the only one that it is known to work with: an update of libc
// alone must not pass.
func TestLibcIsTheOneThatSQLiteRequires(t *testing.T) {
	t.Parallel()
	wants := required(t, moduleFile(t, "modernc.org/sqlite"), "modernc.org/libc")
	if got := required(t, filepath.Join(root(t), "go.mod"), "modernc.org/libc"); got != wants || wants == "" {
		t.Errorf("go.mod has modernc.org/libc %s, the pinned modernc.org/sqlite requires %s", got, wants)
	}
}

// moduleFile is the go.mod of a module that ours uses, in the module cache.
func moduleFile(t *testing.T, module string) string {
	t.Helper()
	var m struct{ GoMod string }
	run(t, &m, "go", "list", "-m", "-json", module)
	if m.GoMod == "" {
		t.Fatalf("no go.mod of %s", module)
	}
	return m.GoMod
}

// required is the version of a module that a go.mod requires; "" if it does not.
func required(t *testing.T, gomod, module string) string {
	t.Helper()
	var m struct {
		Require []struct{ Path, Version string }
	}
	run(t, &m, "go", "mod", "edit", "-json", gomod)
	for _, r := range m.Require {
		if r.Path == module {
			return r.Version
		}
	}
	return ""
}

func run(t *testing.T, into any, name string, args ...string) {
	t.Helper()
	command := exec.Command(name, args...)
	command.Dir = root(t)
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatalf("%s: %v", command, err)
	}
}

func TestRequiredVersionIsRead(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "go.mod")
	if err := os.WriteFile(name, []byte("module x\n\ngo 1.26\n\nrequire (\n\ta.example/b v1.2.3 // indirect\n)\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := required(t, name, "a.example/b"); got != "v1.2.3" {
		t.Errorf("got %q", got)
	}
	if got := required(t, name, "a.example/c"); got != "" {
		t.Errorf("got %q for a module that is not required", got)
	}
}
