package sqlite

import (
	"regexp"
	"slices"
	"strings"
)

// View is a public view: the stable interface of a snapshot.
type View struct {
	Name    string
	Comment string // one sentence
	Columns []Column
}

// Column is a column of a public view.
type Column struct {
	Name    string
	Comment string
}

var (
	viewStart  = regexp.MustCompile(`^CREATE VIEW ([a-z]\w*) AS -- (.+)$`)
	viewColumn = regexp.MustCompile(`^.*\bAS "?(\w+)"?,? -- (.+)$`)
)

// ParseViews finds the public views in schema files, sorted by name: "CREATE VIEW name
// AS -- comment", then a line "… AS column, -- comment" for each column.
func ParseViews(texts []string) []View {
	var views []View
	open := false
	for line := range strings.SplitSeq(strings.Join(texts, "\n"), "\n") {
		if m := viewStart.FindStringSubmatch(line); m != nil {
			views, open = append(views, View{Name: m[1], Comment: m[2]}), true
		} else if m := viewColumn.FindStringSubmatch(line); m != nil && open {
			last := &views[len(views)-1]
			last.Columns = append(last.Columns, Column{Name: m[1], Comment: m[2]})
		}
		if strings.HasPrefix(line, "FROM ") {
			open = false
		}
	}
	slices.SortFunc(views, func(a, b View) int { return strings.Compare(a.Name, b.Name) })
	return views
}
