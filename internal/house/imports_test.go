package house

import (
	"fmt"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "auditor/"

// directions is the diagram of architecture.md: what a room may import of ours,
// besides itself. A room that is not listed may not exist.
var directions = map[string][]string{
	"cmd/auditor": {
		"internal/collect", "internal/report", "internal/report/xlsx", "internal/rows", "internal/sanitize", "internal/rules", "internal/history",
		"internal/store", "internal/sqlite", "internal/finding", "internal/github", "internal/fakegithub", "internal/fakegithub/world", "queries",
	},
	"cmd/fakegithub":                  {"internal/fakegithub"},
	"internal/collect":                {"internal/github", "internal/store"},
	"internal/report/xlsx":            {"internal/report", "internal/finding", "internal/sanitize"},
	"internal/report":                 {"internal/rules", "internal/history", "internal/store", "internal/finding", "internal/rows", "internal/sanitize"},
	"internal/report/sample":          {"internal/report", "internal/finding"},
	"internal/rows":                   {"internal/finding", "internal/sanitize"},
	"internal/rules":                  {"internal/store", "internal/sqlite", "internal/finding"},
	"internal/history":                {"internal/store", "internal/sqlite", "internal/finding"},
	"internal/store":                  {"internal/sqlite", "internal/finding"},
	"internal/store/storetest":        {"internal/store", "internal/sqlite"},
	"internal/sanitize":               {},
	"internal/sanitize/hostile":       {"internal/sanitize"},
	"internal/finding":                {},
	"internal/sqlite":                 {},
	"internal/github":                 {},
	"internal/raced":                  {},
	"internal/fakegithub":             {"internal/fakegithub/graphql", "internal/fakegithub/world"},
	"internal/fakegithub/graphql":     {"internal/fakegithub/schema", "internal/fakegithub/world"},
	"internal/fakegithub/schema":      {},
	"internal/fakegithub/world":       {},
	"internal/fakegithub/conformance": {"internal/fakegithub/schema"},
	"queries":                         {},
	"tools/cut":                       {},
}

// imports lists what a file imports.
func (f file) imports() []string {
	var out []string
	for _, spec := range f.ast.Imports {
		if from, err := strconv.Unquote(spec.Path.Value); err == nil {
			out = append(out, from)
		}
	}
	return out
}

// room is the listed folder that a package belongs to: the longest that fits.
func room(pkg string) (string, bool) {
	for ; pkg != "." && pkg != "/"; pkg = path.Dir(pkg) {
		if _, ok := directions[pkg]; ok {
			return pkg, true
		}
	}
	return "", false
}

func checkDirections(files []file) []string {
	var found []string
	for _, f := range sources(files) {
		own, ok := room(f.pkg())
		if !ok {
			found = append(found, fmt.Sprintf("%s: %s is no room of architecture.md's diagram", f.path, f.pkg()))
			continue
		}
		for _, from := range f.imports() {
			name, isOurs := strings.CutPrefix(from, module)
			if !isOurs {
				continue
			}
			other, _ := room(name)
			if other != own && !slices.Contains(directions[own], other) {
				found = append(found, fmt.Sprintf("%s: %s may not import %s", f.path, own, name))
			}
		}
	}
	return slices.Sorted(slices.Values(found))
}

// checkNeverMeet holds for tests too: facts are collected by one program and
// judged by another, which happen to share a main.
func checkNeverMeet(files []file) []string {
	const collect, report = "internal/collect", "internal/report"
	meets := map[string]map[string]bool{} // package: which of the two it knows
	for _, f := range files {
		if f.ast == nil {
			continue
		}
		own, _ := room(f.pkg())
		knows := meets[f.pkg()]
		if knows == nil {
			knows = map[string]bool{own: true}
			meets[f.pkg()] = knows
		}
		for _, from := range f.imports() {
			other, _ := room(strings.TrimPrefix(from, module))
			knows[other] = true
		}
	}
	var found []string
	for pkg, knows := range meets {
		if knows[collect] && knows[report] && pkg != "cmd/auditor" {
			found = append(found, fmt.Sprintf("%s: collect and report meet here", pkg))
		}
	}
	return slices.Sorted(slices.Values(found))
}

// special are imports that only certain files may have.
var special = []struct {
	what    string
	imports []string // prefixes
	allowed func(path string) bool
}{
	{"the SQLite driver belongs to internal/sqlite, internal/store and internal/history", []string{"modernc.org/sqlite", "github.com/mattn/go-sqlite3", "zombiezen.com/go/sqlite", "database/sql"},
		below("internal/sqlite/", "internal/store/", "internal/history/")},
	{"excelize belongs to internal/report/xlsx", []string{"github.com/xuri/excelize"},
		below("internal/report/xlsx/")},
	{"go-github belongs to internal/github", []string{"github.com/google/go-github"},
		below("internal/github/")},
	{"net/http belongs to internal/github, and to the simulated server", []string{"net/http"},
		below("internal/github/", "internal/fakegithub/", "cmd/fakegithub/")},
	{"what checks the simulated server is for tests only", []string{module + "internal/fakegithub/conformance", "testing", "github.com/getkin/kin-openapi"},
		below("internal/fakegithub/conformance/", "internal/sanitize/hostile/", "internal/store/storetest/")},
	{"samples of snapshots, of reports and of hostile texts are for tests only", []string{module + "internal/store/storetest", module + "internal/report/sample", module + "internal/sanitize/hostile"},
		below("internal/store/storetest/", "internal/report/sample/", "internal/sanitize/hostile/")},
}

func below(prefixes ...string) func(string) bool {
	return func(name string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	}
}

func checkSpecialImports(files []file) []string {
	var found []string
	for _, f := range sources(files) {
		for _, from := range f.imports() {
			for _, s := range special {
				isSpecial := slices.ContainsFunc(s.imports, func(p string) bool { return from == p || strings.HasPrefix(from, p+"/") })
				if isSpecial && !s.allowed(f.path) {
					found = append(found, fmt.Sprintf("%s: imports %s, but %s", f.path, from, s.what))
				}
			}
		}
	}
	return slices.Sorted(slices.Values(found))
}

// clients are the names, by import path, that open connections or could.
var clients = map[string][]string{
	"net/http": {
		"Client", "DefaultClient", "Transport", "DefaultTransport", "Get", "Head", "Post", "PostForm", "NewRequest", "NewRequestWithContext",
		"ReadResponse", "ProxyFromEnvironment", "ProxyURL",
	},
	"net":                          {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialUnix", "DialIP", "Dialer", "Resolver", "LookupHost", "LookupIP", "LookupAddr"},
	"crypto/tls":                   {"Dial", "DialWithDialer", "Dialer", "Client"},
	"net/http/httputil":            {"ReverseProxy", "NewSingleHostReverseProxy"},
	"github.com/shurcooL/githubv4": {"NewClient", "NewEnterpriseClient"},
}

func checkClients(files []file) []string {
	var found []string
	for _, f := range sources(files) {
		if f.pkg() == "internal/github" {
			continue
		}
		for from, names := range clients {
			for _, use := range f.uses(from, names) {
				found = append(found, fmt.Sprintf("%s: %s opens connections: only internal/github does", f.at(use), use.Sel.Name))
			}
		}
	}
	return slices.Sorted(slices.Values(found))
}

func TestDirectionsBite(t *testing.T) {
	t.Parallel()
	judge(t, checkDirections, []sample{
		{"down", "internal/collect/a.go", "package collect\nimport _ \"auditor/internal/store\"", ""},
		{"own folder below", "internal/store/a.go", "package store\nimport _ \"auditor/internal/store/inner\"", ""},
		{"others' modules", "internal/store/a.go", "package store\nimport _ \"strings\"", ""},
		{"tests may", "internal/github/a_test.go", "package github\nimport _ \"auditor/internal/fakegithub\"", ""},
		{"up", "internal/store/a.go", "package store\nimport _ \"auditor/internal/rules\"", "internal/store may not import internal/rules"},
		{"across", "internal/report/a.go", "package report\nimport x \"auditor/internal/collect\"\nvar _ = x.A", "may not import internal/collect"},
		{"to a leaf that knows nobody", "queries/a.go", "package queries\nimport _ \"auditor/internal/rules\"", "queries may not import"},
		{"through a folder below", "internal/rules/inner/a.go", "package inner\nimport _ \"auditor/internal/github\"", "internal/rules may not import internal/github"},
		{"what is for tests", "cmd/fakegithub/a.go", "package main\nimport _ \"auditor/internal/fakegithub/conformance\"", "may not import internal/fakegithub/conformance"},
		{"into a room below", "internal/report/a.go", "package report\nimport _ \"auditor/internal/report/xlsx\"", "internal/report may not import internal/report/xlsx"},
		{"across to the store", "internal/report/xlsx/a.go", "package xlsx\nimport _ \"auditor/internal/store\"", "internal/report/xlsx may not import internal/store"},
		{"main", "internal/report/a.go", "package report\nimport _ \"auditor/cmd/auditor\"", "may not import cmd/auditor"},
		{"unknown room", "internal/util/a.go", "package util", "no room"},
		{"import of an unknown room", "internal/report/a.go", "package report\nimport _ \"auditor/internal/util\"", "may not import internal/util"},
	})
}

func TestNeverMeetBites(t *testing.T) {
	t.Parallel()
	const both = "import (\n_ \"auditor/internal/collect\"\n_ \"auditor/internal/report\"\n)"
	positions := token.NewFileSet()
	files := []file{
		parse(t, positions, "cmd/auditor/a.go", "package main\n"+both),
		parse(t, positions, "internal/store/a_test.go", "package store\n"+both),
		parse(t, positions, "internal/report/a_test.go", "package report\nimport _ \"auditor/internal/collect\""),
		parse(t, positions, "internal/rules/a.go", "package rules\nimport _ \"auditor/internal/collect\""),
		parse(t, positions, "internal/rules/b.go", "package rules\nimport _ \"auditor/internal/report\""),
		parse(t, positions, "queries/a_test.go", "package queries\nimport _ \"auditor/internal/report\""),
	}
	want := []string{"internal/report: collect and report meet here", "internal/rules: collect and report meet here", "internal/store: collect and report meet here"}
	if got := checkNeverMeet(files); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSpecialImportsBite(t *testing.T) {
	t.Parallel()
	judge(t, checkSpecialImports, []sample{
		{"driver at home", "internal/store/a.go", "package store\nimport _ \"modernc.org/sqlite/lib\"", ""},
		{"excelize at home", "internal/report/xlsx/cell.go", "package xlsx\nimport _ \"github.com/xuri/excelize/v2\"", ""},
		{"tests may", "cmd/auditor/a_test.go", "package main\nimport _ \"modernc.org/sqlite\"", ""},
		{"name that only begins alike", "internal/rules/a.go", "package rules\nimport _ \"modernc.org/sqlitex\"", ""},
		{"driver elsewhere", "internal/rules/a.go", "package rules\nimport _ \"modernc.org/sqlite\"", "SQLite driver"},
		{"another driver", "cmd/auditor/a.go", "package main\nimport _ \"github.com/mattn/go-sqlite3\"", "SQLite driver"},
		{"handles on a driver", "internal/report/a.go", "package report\nimport _ \"database/sql\"", "SQLite driver"},
		{"excelize in another writer", "internal/report/json.go", "package report\nimport _ \"github.com/xuri/excelize/v2\"", "excelize"},
		{"excelize elsewhere", "internal/collect/xlsx.go", "package collect\nimport _ \"github.com/xuri/excelize/v2\"", "excelize"},
		{"go-github elsewhere", "internal/collect/a.go", "package collect\nimport _ \"github.com/google/go-github/v66/github\"", "go-github"},
		{"excelize beside its room", "internal/report/xlsx_cell.go", "package report\nimport _ \"github.com/xuri/excelize/v2\"", "excelize"},
		{"samples in a binary", "internal/report/xlsx/a.go", "package xlsx\nimport _ \"auditor/internal/report/sample\"", "tests only"},
		{"snapshots of tests in a binary", "internal/store/a.go", "package store\nimport _ \"auditor/internal/store/storetest\"", "tests only"},
		{"snapshots of tests in a test", "internal/rules/a_test.go", "package rules\nimport _ \"auditor/internal/store/storetest\"", ""},
		{"http elsewhere", "internal/collect/a.go", "package collect\nimport _ \"net/http\"", "net/http"},
		{"testing in a binary", "internal/github/a.go", "package github\nimport _ \"testing\"", "tests only"},
	})
}

func TestClientsBite(t *testing.T) {
	t.Parallel()
	judge(t, checkClients, []sample{
		{"server", "internal/fakegithub/a.go", "package fakegithub\nimport \"net/http\"\nvar _ http.Handler\nvar _ = http.StatusOK", ""},
		{"client at home", "internal/github/a.go", "package github\nimport \"net/http\"\nvar _ http.Client", ""},
		{"listener", "internal/fakegithub/a.go", "package fakegithub\nimport \"net\"\nvar _ = net.Listen", ""},
		{"variable that hides the package", "internal/fakegithub/a.go", "package fakegithub\nimport \"net\"\nvar _ = net.Listen\nfunc f(net struct{ Dial int }) int { return net.Dial }", ""},
		{"client", "internal/fakegithub/a.go", "package fakegithub\nimport \"net/http\"\nvar _ http.Client", "Client opens connections"},
		{"function", "cmd/auditor/a.go", "package main\nimport web \"net/http\"\nvar _ = web.Get", "Get opens connections"},
		{"socket", "internal/store/a.go", "package store\nimport \"net\"\nfunc f() { net.Dial(\"tcp\", \"\") }", "Dial opens connections"},
		{"GraphQL client", "internal/collect/a.go", "package collect\nimport \"github.com/shurcooL/githubv4\"\nvar _ = githubv4.NewClient", "NewClient opens connections"},
	})
}
