package house

import (
	"fmt"
	"path"
	"strings"
	"testing"
)

// checkPackageComments wants every package, also one that has tests only, to
// say what it is: somebody opens it without having read the README.
func checkPackageComments(files []file) []string {
	isDescribed := map[string]bool{}
	for _, f := range files {
		if f.ast == nil || f.ast.Doc == nil {
			continue
		}
		text := f.ast.Doc.Text()
		isCommand := strings.HasPrefix(text, "Command ") || strings.HasPrefix(strings.ToLower(text), path.Base(f.pkg())+" ")
		if strings.HasPrefix(text, "Package "+f.ast.Name.Name+" ") || f.ast.Name.Name == "main" && isCommand {
			isDescribed[f.pkg()] = true
		}
	}
	var found []string
	for _, f := range files {
		if f.ast != nil && !isDescribed[f.pkg()] {
			isDescribed[f.pkg()] = true // told once
			found = append(found, fmt.Sprintf("%s: package %s has no comment that begins with \"Package %[2]s\", or with the name of the command", f.path, f.ast.Name.Name))
		}
	}
	return found
}

func TestPackageCommentsBite(t *testing.T) {
	t.Parallel()
	judge(t, checkPackageComments, []sample{
		{"package", "internal/x/a.go", "// Package x is a sample.\npackage x", ""},
		{"command by its name", "cmd/x/a.go", "// X does things.\npackage main", ""},
		{"command", "cmd/x/a.go", "// Command x does things.\npackage main", ""},
		{"only tests", "internal/x/a_test.go", "// Package x has only tests.\npackage x", ""},
		{"no Go", "queries/a.sql", "-- title", ""},
		{"none", "internal/x/a.go", "package x", "package x has no comment"},
		{"of another name", "internal/x/a.go", "// Package y is a sample.\npackage x", "package x has no comment"},
		{"command without its word", "cmd/x/a.go", "// Things are done here.\npackage main", "package main has no comment"},
		{"detached", "internal/x/a.go", "// Package x is a sample.\n\npackage x", "package x has no comment"},
	})
}
