package rules

import (
	"strings"

	"auditor/internal/sqlite"
)

// A placeholder is a parameter where a query uses it.
type placeholder struct {
	text string // with its sign: :days
	line int    // 1-based
}

// placeholders finds the parameters of a query outside of strings, quoted names
// and comments. It does not parse SQL: what it misses, SQLite finds.
func placeholders(sql string) []placeholder {
	var found []placeholder
	for _, token := range sqlite.Tokens(sql) {
		if token.Kind == sqlite.Parameter {
			found = append(found, placeholder{text: token.Value, line: 1 + strings.Count(sql[:token.Offset], "\n")})
		}
	}
	return found
}
