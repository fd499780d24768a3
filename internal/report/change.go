package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"auditor/internal/finding"
	"auditor/internal/sanitize"
)

// Changes are those since a report's previous snapshot that belong to it.
type Changes struct {
	Since       Time
	List        []finding.Change
	NotCompared []finding.NotCompared
}

// encodeFacts prints the keys sorted, and columns named is_ and has_ as true and
// false.
func encodeFacts(f finding.Facts) ([]byte, error) {
	if f == "" {
		return []byte("{}"), nil
	}
	object := map[string]any{}
	d := json.NewDecoder(strings.NewReader(string(f)))
	d.UseNumber()
	if err := d.Decode(&object); err != nil {
		return nil, fmt.Errorf("facts of a change: %w", err)
	}
	for column, value := range object {
		if n, ok := value.(json.Number); ok && finding.KindOf(column) == finding.YesNo && (n == "0" || n == "1") {
			object[column] = n == "1"
		}
	}
	return sanitize.JSON(object)
}

// counts says how many changes of what sort there are: "3 tokens widened, …".
func (c *Changes) counts() string {
	type sort struct{ kind, change string }
	var order []sort
	n := map[sort]int{}
	for i := range c.List {
		s := sort{c.List[i].Kind, c.List[i].Change}
		if n[s]++; n[s] == 1 {
			order = append(order, s)
		}
	}
	var parts []string
	for _, s := range order {
		parts = append(parts, finding.Count(n[s], s.kind)+" "+s.change)
	}
	return strings.Join(parts, ", ")
}

// FactText is the values before or after as people read them, one a line.
func FactText(f finding.Facts) string {
	text, err := encodeFacts(f)
	if err != nil {
		return string(f)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		return string(f)
	}
	return strings.Join(factLines(object), "\n")
}

// factLines has a line for each value: permissions are an object of their own,
// repositories a list.
func factLines(object map[string]any) []string {
	var lines []string
	for _, column := range slices.Sorted(maps.Keys(object)) {
		switch v := object[column].(type) {
		case map[string]any:
			lines = append(lines, factLines(v)...)
		case []any:
			for _, one := range v {
				lines = append(lines, fmt.Sprint(one))
			}
		case bool:
			lines = append(lines, column+" = "+finding.YesOrNo(v))
		case nil:
			lines = append(lines, column+" = –") // unknown, or never
		default:
			lines = append(lines, fmt.Sprint(column, " = ", v))
		}
	}
	return lines
}
