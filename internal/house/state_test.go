package house

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"
)

// excused are the breaches that are none, with why. TestExcusesAreNeeded keeps
// the list short.
var excused = map[string]string{
	"internal/github/client.go: time.Now": "what a nil Options.Now means; better mended by requiring it",
}

// breach is a finding that may be excused, by its key.
type breach struct{ key, text string }

func unexcused(breaches []breach) []string {
	var found []string
	for _, b := range breaches {
		if excused[b.key] == "" {
			found = append(found, b.text)
		}
	}
	return found
}

func TestExcusesAreNeeded(t *testing.T) {
	t.Parallel()
	isNeeded := map[string]bool{}
	files := tree(t)
	for _, b := range slices.Concat(clocks(files), packageState(files)) {
		isNeeded[b.key] = true
	}
	for key := range excused {
		if !isNeeded[key] {
			t.Errorf("nothing needs the excuse of %s any more: drop it from the list", key)
		}
	}
}

// checkClocks: time enters once, in cmd, and is handed down.
func checkClocks(files []file) []string { return unexcused(clocks(files)) }

func clocks(files []file) []breach {
	var found []breach
	for _, f := range sources(files) {
		if strings.HasPrefix(f.path, "cmd/") {
			continue
		}
		for _, use := range f.uses("time", []string{"Now", "Since", "Until"}) {
			name := "time." + use.Sel.Name
			found = append(found, breach{f.path + ": " + name, fmt.Sprintf("%s: %s: a clock or a time comes in from cmd", f.at(use), name)})
		}
	}
	return found
}

// stateless are functions whose result never changes though it is a pointer or
// a function: a package variable may hold it.
var stateless = map[string][]string{
	"regexp":        {"MustCompile"},
	"strings":       {"NewReplacer", "Fields", "Split"},
	"errors":        {"New"},
	"fmt":           {"Errorf"},
	"sync":          {"OnceValue", "OnceValues"},
	"time":          {"FixedZone", "Date"},
	"text/template": {"Must"},
	"html/template": {"Must"},
	"unicode":       {"In"},
	"math/big":      {"NewInt"},
}

// checkPackageState finds package variables that are, or could be made, a test
// hook, a clock, a logger, a flag or a cache: of a function or pointer type,
// without a value, taken from another package's variables, or assigned to.
//
// It reads syntax only, so a type that hides a pointer escapes it; assignments
// do not.
func checkPackageState(files []file) []string { return unexcused(packageState(files)) }

func packageState(files []file) []breach {
	var found []breach
	for _, f := range sources(files) {
		for _, d := range f.ast.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, s := range g.Specs {
				found = append(found, f.declarations(g, s.(*ast.ValueSpec))...)
			}
		}
		found = append(found, f.assignments()...)
	}
	return found
}

func (f file) declarations(g *ast.GenDecl, spec *ast.ValueSpec) []breach {
	var found []breach
	for i, name := range spec.Names {
		why := f.state(spec, i)
		if why != "" && name.Name != "_" && !isEmbedded(g, spec) {
			found = append(found, breach{f.pkg() + "." + name.Name, fmt.Sprintf("%s: package variable %s %s", f.at(name), name.Name, why)})
		}
	}
	return found
}

func isEmbedded(g *ast.GenDecl, spec *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{g.Doc, spec.Doc} {
		if doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") }) {
			return true
		}
	}
	return false
}

// state tells what is suspicious about the i-th variable of a declaration.
func (f file) state(spec *ast.ValueSpec, i int) string {
	if len(spec.Values) == 0 {
		if t, ok := spec.Type.(*ast.SelectorExpr); ok && f.imported(t.X) == "time" && t.Sel.Name == "Time" {
			return "" // a word for the zero time
		}
		return "has no value: it waits for one"
	}
	if i >= len(spec.Values) {
		i = 0 // several variables of one call
	}
	value := ast.Unparen(spec.Values[i])
	if call, ok := value.(*ast.CallExpr); ok {
		if fun, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && f.imported(fun.X) != "" {
			return f.foreign(fun)
		}
	}
	if s, ok := value.(*ast.SelectorExpr); ok && f.imported(s.X) != "" {
		return "stands for " + f.imported(s.X) + "." + s.Sel.Name + ": a hook"
	}
	switch f.info.Defs[spec.Names[i]].Type().Underlying().(type) {
	case *types.Signature:
		return "is a function: a hook"
	case *types.Pointer:
		return "is a pointer"
	case *types.Chan:
		return "is a channel"
	}
	if call, ok := value.(*ast.CallExpr); ok {
		if fun, ok := call.Fun.(*ast.Ident); ok && fun.Name == "make" {
			return "is made to be filled"
		}
	}
	return ""
}

// foreign judges a variable that another package's function gave: its type is
// not known here.
func (f file) foreign(fun *ast.SelectorExpr) string {
	from := f.imported(fun.X)
	if slices.Contains(stateless[from], fun.Sel.Name) {
		return ""
	}
	return "comes from " + from + "." + fun.Sel.Name + ", which is not known to be stateless"
}

// assignments finds where functions change package variables.
func (f file) assignments() []breach {
	var found []breach
	report := func(target ast.Expr) {
		name := base(target)
		if name != nil && f.isPackageVariable(name) {
			found = append(found, breach{f.pkg() + "." + name.Name, fmt.Sprintf("%s: package variable %s is changed", f.at(target), name.Name)})
		}
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, target := range n.Lhs {
				report(target)
			}
		case *ast.IncDecStmt:
			report(n.X)
		case *ast.UnaryExpr:
			if _, isWhole := n.X.(*ast.Ident); n.Op == token.AND && isWhole {
				report(n.X) // who takes the address may write; that of a table's row is taken to read it
			}
		}
		return true
	})
	return found
}

// base is the variable at the root of a target: x of x.field[i].
func base(target ast.Expr) *ast.Ident {
	for {
		switch t := target.(type) {
		case *ast.Ident:
			return t
		case *ast.SelectorExpr:
			target = t.X
		case *ast.IndexExpr:
			target = t.X
		case *ast.StarExpr:
			target = t.X
		case *ast.ParenExpr:
			target = t.X
		default:
			return nil
		}
	}
}

func TestClocksBite(t *testing.T) {
	t.Parallel()
	judge(t, checkClocks, []sample{
		{"in cmd", "cmd/auditor/a.go", "package main\nimport \"time\"\nvar _ = time.Now", ""},
		{"in a test", "internal/store/a_test.go", "package store\nimport \"time\"\nvar _ = time.Now()", ""},
		{"time without a clock", "internal/store/a.go", "package store\nimport \"time\"\nvar _ = time.Date", ""},
		{"another Now", "internal/store/a.go", "package store\ntype T struct{ Now func() }\nfunc f(time T) { time.Now() }", ""},
		{"called", "internal/store/a.go", "package store\nimport \"time\"\nfunc f() time.Time { return time.Now() }", "time.Now"},
		{"as a value", "internal/github/a.go", "package github\nimport \"time\"\nfunc f() func() time.Time { return time.Now }", "time.Now"},
		{"under another name", "internal/rules/a.go", "package rules\nimport clock \"time\"\nvar _ = clock.Now", "time.Now"},
		{"hidden in Since", "internal/collect/a.go", "package collect\nimport \"time\"\nfunc f(t time.Time) { _ = time.Since(t) }", "time.Since"},
	})
}

func TestPackageStateBites(t *testing.T) {
	t.Parallel()
	const name = "internal/x/a.go"
	judge(t, checkPackageState, []sample{
		{"table", name, "package x\nvar t = map[string][]int{\"a\": {1}}", ""},
		{"sentinel and pattern", name, "package x\nimport (\"errors\"; \"regexp\")\nvar e, r = errors.New(\"x\"), regexp.MustCompile(`x`)", ""},
		{"loaded once", name, "package x\nimport \"sync\"\nvar load = sync.OnceValue(func() int { return 1 })", ""},
		{"embedded", name, "package x\nimport \"embed\"\n//go:embed a.sql\nvar files embed.FS\nvar (\n\t//go:embed b.sql\n\ttext string\n)", ""},
		{"interface check", name, "package x\ntype T struct{}\nvar _ error = (*T)(nil)\nfunc (*T) Error() string { return \"\" }", ""},
		{"zero time", name, "package x\nimport \"time\"\nvar zero time.Time", ""},
		{"local variables", name, "package x\nvar n = 1\nfunc f() { n := 2; n++; var p *int = &n; *p = n }", ""},
		{"address of a row", name, "package x\nvar t = []int{1}\nfunc f() *int { return &t[0] }", ""},
		{"in a test", "internal/x/a_test.go", "package x\nvar update = new(bool)", ""},
		{"clock", name, "package x\nimport \"time\"\nvar now = time.Now", "now stands for time.Now"},
		{"stream", name, "package x\nimport \"os\"\nvar out = os.Stdout", "out stands for os.Stdout"},
		{"hook", name, "package x\nvar hook = func() {}", "hook is a function"},
		{"hook without a value", name, "package x\nvar hook func()", "hook has no value"},
		{"own function as a hook", name, "package x\nfunc f() {}\nvar hook = f", "hook is a function"},
		{"pointer", name, "package x\ntype T struct{}\nvar p = &T{}", "p is a pointer"},
		{"pointer from an own function", name, "package x\ntype T struct{}\nfunc n() *T { return nil }\nvar p = n()", "p is a pointer"},
		{"flag", name, "package x\nimport \"flag\"\nvar v = flag.Bool(\"v\", false, \"\")", "v comes from flag.Bool"},
		{"logger", name, "package x\nimport \"log/slog\"\nvar log = slog.Default()", "log comes from log/slog.Default"},
		{"second of several", name, "package x\nimport \"errors\"\nvar e, p = errors.New(\"x\"), new(int)", "p is a pointer"},
		{"cache", name, "package x\nvar cache = make(map[string]int)", "cache is made to be filled"},
		{"lock", name, "package x\nimport \"sync\"\nvar mu sync.Mutex", "mu has no value"},
		{"channel", name, "package x\nvar c = make(chan int)", "c is a channel"},
		{"setting that is assigned", name, "package x\nvar level = 1\nfunc f() { level = 2 }", "level is changed"},
		{"table that is filled", name, "package x\nvar t = map[string]int{}\nfunc f() { t[\"a\"]++ }", "t is changed"},
		{"field that is set", name, "package x\nvar s = struct{ n int }{}\nfunc f() { s.n += 2 }", "s is changed"},
		{"address that is taken", name, "package x\nvar n = 1\nfunc f() *int { return &n }", "n is changed"},
	})
	two := resolveTwo(t, "package x\nvar level = 1", "package x\nfunc f() { level++ }")
	if got := checkPackageState(two); len(got) != 1 || !strings.Contains(got[0], "b.go") {
		t.Errorf("got %q for a variable that another file changes", got)
	}
}

func resolveTwo(t *testing.T, a, b string) []file {
	t.Helper()
	positions := token.NewFileSet()
	return resolve([]file{parse(t, positions, "internal/x/a.go", a), parse(t, positions, "internal/x/b.go", b)})
}
