package main

import (
	"strings"
	"testing"
)

func TestExcerptPointsAtThePlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql          string
		line, column int
		want         string
	}{
		"first column":   {"SELEC 1", 1, 1, "    1 | SELEC 1\n      | ^"},
		"a later line":   {"SELECT\n  1,\n  x\n", 3, 3, "    3 |   x\n      |   ^"},
		"tabs stay tabs": {"SELECT\n\t\tx", 2, 3, "    2 | \t\tx\n      | \t\t^"},
		"wide texts":     {"SELECT '日本', x", 1, 14, "    1 | SELECT '日本', x\n      |                ^"},
		"at the end":     {"SELECT", 1, 7, "    1 | SELECT\n      |       ^"},
		"carriage":       {"SELECT x\r\nFROM y", 1, 8, "    1 | SELECT x\n      |        ^"},
		"alive":          {"SELECT '\x1b[31m', x", 1, 17, "    1 | SELECT '\\u001b[31m', x\n      |                      ^"},
		"beyond":         {"SELECT", 9, 1, ""},
		"a long line": {strings.Repeat("a", 200) + "x" + strings.Repeat("b", 200), 1, 201,
			"    1 | …" + strings.Repeat("a", 50) + "x" + strings.Repeat("b", 49) + "…\n      | " + strings.Repeat(" ", 51) + "^"},
	} {
		if got := excerpt(c.sql, c.line, c.column); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
}
