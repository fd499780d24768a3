package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func readText(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var fenced = regexp.MustCompile("(?s)```(sh|sql)\n(.*?)```")

// TestOwnRulesManual holds docs/own-rules.md to the script that runs it: every
// command stands there, and the rule is the one that runs.
func TestOwnRulesManual(t *testing.T) {
	t.Parallel()
	manual := readText(t, "..", "..", "docs", "own-rules.md")
	script := readText(t, "testdata", "script", "own_rules.txt")
	commands := 0
	for _, block := range fenced.FindAllStringSubmatch(manual, -1) {
		if block[1] == "sql" {
			if !strings.HasSuffix(script, "-- my-rules/stale-tokens/short-name.sql --\n"+block[2]) {
				t.Error("the rule of the manual is not the one that the script runs")
			}
			continue
		}
		for line := range strings.Lines(block[2]) {
			command, _, isWrong := strings.Cut(strings.TrimSpace(line), "   # exit status 2")
			run := "exec " + command
			if isWrong {
				run = "status 2 " + command
			}
			commands++
			if !strings.Contains(script, "\n"+run+"\n") {
				t.Errorf("the script does not run: %s", run)
			}
		}
	}
	if commands < 10 {
		t.Errorf("only %d commands were found in the manual", commands)
	}
}

// TestManualIsFresh holds queries/README.md to what rules docs writes.
func TestManualIsFresh(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	env := &environment{
		args: []string{"rules", "docs"}, stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr,
		getenv: func(string) string { return "" }, now: time.Now,
	}
	if status := run(t.Context(), env); status != statusDone {
		t.Fatalf("exit status %d: %s", status, stderr.String())
	}
	if readText(t, "..", "..", "queries", "README.md") != stdout.String() {
		t.Error("queries/README.md is stale: go run ./cmd/auditor rules docs --out queries/README.md")
	}
}
