package queries_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"auditor/internal/rules"
	"auditor/internal/store"

	"github.com/google/go-cmp/cmp"
)

// compareWithShell asks the sqlite3 program, as a person would, and compares
// with what the product reads: no query may need more than SQLite itself.
func compareWithShell(t *testing.T, snapshot *store.Snapshot, rule rules.Rule) {
	t.Helper()
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		t.Skip("there is no sqlite3 on this machine")
	}
	want := selected(t, snapshot, rule)
	got := shelled(t, shell, snapshot.Info().Path, rule)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the shell answers otherwise:\n%s", diff)
	}
	if len(want) == 0 {
		t.Error("there is no row to compare")
	}
}

// selected returns the rows as the product reads them, each as JSON, sorted.
func selected(t *testing.T, snapshot *store.Snapshot, rule rules.Rule) []string {
	t.Helper()
	rows, err := snapshot.Select(t.Context(), rule.SQL, asked(rule, now, nil))
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for row, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		object := map[string]any{}
		for i, column := range rows.Columns {
			object[column] = row[i]
		}
		all = append(all, object)
	}
	return objects(t, all)
}

// shelled returns the rows that the sqlite3 program prints, in the same form.
func shelled(t *testing.T, shell, path string, rule rules.Rule) []string {
	t.Helper()
	var script strings.Builder
	bindings := asked(rule, now, nil)
	for _, name := range slices.Sorted(maps.Keys(bindings)) {
		value := fmt.Sprint(bindings[name])
		if text, ok := bindings[name].(string); ok {
			value = "'" + text + "'"
		}
		fmt.Fprintf(&script, ".parameter set :%s \"%s\"\n", name, value)
	}
	script.WriteString(rule.SQL + ";\n")
	command := exec.Command(shell, "-readonly", "-bail", "-json", path)
	command.Stdin = strings.NewReader(script.String())
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("sqlite3: %v\n%s", err, output)
	}
	var all []map[string]any
	if len(output) > 0 {
		d := json.NewDecoder(strings.NewReader(string(output)))
		d.UseNumber()
		if err := d.Decode(&all); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
	}
	for _, object := range all {
		for column, value := range object {
			object[column] = numbered(value)
		}
	}
	return objects(t, all)
}

// numbered tells a REAL, which the shell prints as 2.0, from an INTEGER.
func numbered(value any) any {
	number, ok := value.(json.Number)
	if !ok {
		return value
	}
	if n, err := number.Int64(); err == nil {
		return n
	}
	f, err := number.Float64()
	if err != nil {
		return value
	}
	return f
}

func objects(t *testing.T, all []map[string]any) []string {
	t.Helper()
	var texts []string
	for _, object := range all {
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	slices.Sort(texts)
	return texts
}
