package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"auditor/internal/raced"
)

var update = flag.Bool("update", false, "rewrite the golden parts of the scripts")

// TestScripts runs the program as its users do. Scripts talk to the simulated
// GitHub over HTTP, in a process of its own.
//
// They are the programs that users run, built without the race detector, which
// makes SQLite twenty times as slow; it watches the other tests.
func TestScripts(t *testing.T) {
	if raced.Detector {
		t.Skip("the programs are built without the race detector: run without it")
	}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin, "auditor/cmd/auditor", "auditor/cmd/fakegithub")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, out)
	}
	testscript.Run(t, testscript.Params{
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Dir:           filepath.Join("testdata", "script"),
		UpdateScripts: *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"waitfile":  waitFile,
			"configure": configure,
			"truncate":  truncate,
			"status":    status,
		},
	})
}

// waitFile FILE: until the file is there, at most ten seconds.
func waitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfile FILE")
	}
	for range 200 {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s did not appear", args[0])
}

// configure DIR [LINE...]: writes config.yaml for the simulated GitHub that
// serves DIR; further lines are appended, \n in them are line breaks.
func configure(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: configure DIR [LINE...]")
	}
	dir := args[0]
	read := func(name string) string { return strings.TrimSpace(ts.ReadFile(filepath.Join(dir, name))) }
	text := "github:\n  api_url: " + read("url") +
		"\n  app:\n    client_id: " + read("client_id") +
		"\n    private_key_file: " + filepath.Join(dir, "app.pem") + "\n"
	if !strings.Contains(strings.Join(args[1:], "\n"), "orgs:") {
		text += "orgs: [acme]\n"
	}
	text += strings.ReplaceAll(strings.Join(args[1:], "\n"), `\n`, "\n") + "\n"
	ts.Check(os.WriteFile(ts.MkAbs("config.yaml"), []byte(text), 0o600))
}

// truncate SIZE FILE: cuts the file.
func truncate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: truncate SIZE FILE")
	}
	size := map[string]int64{"0": 0, "4096": 4096, "10000": 10000}[args[0]]
	ts.Check(os.Truncate(ts.MkAbs(args[1]), size))
}

// status N COMMAND...: runs a command, which must end with exit status N.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		got = exited.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}
