package house

import (
	"go/ast"
	"go/types"
	"path"
	"slices"
	"strings"
	"testing"
)

// resolve finds out what the names in each package's sources mean. Imported
// packages are empty to it: it needs no compiled code and takes no time, knows
// which name is an import, a package variable or a local one, and does not know
// the types of what comes from elsewhere.
func resolve(files []file) []file {
	packages := map[string][]*ast.File{}
	for _, f := range sources(files) {
		packages[f.pkg()] = append(packages[f.pkg()], f.ast)
	}
	infos, scopes := map[string]*types.Info{}, map[string]*types.Scope{}
	for i, f := range files {
		if f.ast == nil || f.isTest() {
			continue
		}
		if infos[f.pkg()] == nil {
			info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
			config := types.Config{Importer: empty{}, Error: func(error) {}} // unknown members of imports are no news
			p, _ := config.Check(f.pkg(), f.pos, packages[f.pkg()], info)
			infos[f.pkg()], scopes[f.pkg()] = info, p.Scope()
		}
		files[i].info, files[i].scope = infos[f.pkg()], scopes[f.pkg()]
	}
	return files
}

// empty imports every package without its contents.
type empty struct{}

func (empty) Import(from string) (*types.Package, error) {
	name := path.Base(from)
	if digits := strings.TrimPrefix(name, "v"); digits != name && strings.Trim(digits, "0123456789") == "" {
		name = path.Base(path.Dir(from)) // the v66 at the end
	}
	p := types.NewPackage(from, name)
	p.MarkComplete()
	return p, nil
}

// imported is the path of the package that an expression names; "" if it is
// none.
func (f file) imported(x ast.Expr) string {
	if name, ok := x.(*ast.Ident); ok {
		if p, ok := f.info.Uses[name].(*types.PkgName); ok {
			return p.Imported().Path()
		}
	}
	return ""
}

// isPackageVariable tells the variables of the file's own package.
func (f file) isPackageVariable(name *ast.Ident) bool {
	v, ok := f.info.Uses[name].(*types.Var)
	return ok && v.Parent() == f.scope
}

// uses finds name.Sel for an imported package, whatever it is called here.
func (f file) uses(from string, names []string) []*ast.SelectorExpr {
	var found []*ast.SelectorExpr
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && f.imported(s.X) == from && slices.Contains(names, s.Sel.Name) {
			found = append(found, s)
		}
		return true
	})
	return found
}

func TestResolveKnowsNames(t *testing.T) {
	t.Parallel()
	f := one(t, "internal/x/a.go", `package x
import (
	web "net/http"
	"github.com/google/go-github/v66/github"
)
var state int
func f(local struct{ Get int }) {
	_, _, _ = web.Get, github.Get, local.Get
	state := 1
	state++
}
func g() { state++ }
`)[0]
	if got := len(f.uses("net/http", []string{"Get"})); got != 1 {
		t.Errorf("%d uses of net/http.Get, want 1", got)
	}
	if got := len(f.uses("github.com/google/go-github/v66/github", []string{"Get", "Post"})); got != 1 {
		t.Errorf("%d uses of github.Get, want 1", got)
	}
	if got := f.assignments(); len(got) != 1 || !strings.Contains(got[0].text, ":12") {
		t.Errorf("changed: %q, want line 12 only", got)
	}
}
