package main

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"auditor/internal/fakegithub"
	"auditor/internal/fakegithub/world"
	"auditor/internal/report"
	"auditor/internal/rows"
	"auditor/internal/rules"
	"auditor/queries"
)

// What an attacker writes into names, reasons, topics and messages.
var attacks = append([]string{
	`=HYPERLINK("http://evil.example","open")`, "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", "x;=1+1", "x\n=1+1", "_x0041_x202E_", "my_xtest_name",
	"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "@octocat @acme/admins #1 GH-1", "[x](javascript:alert(1))", "![x](http://evil.example/x.png)", "a|b\\|c\\", "`code` **b**",
	"\x1b]0;pwned\x07", "\x1b[31mpwned", "- list", "1. list", "; DROP TABLE tokens;--", "'\"$(id)`id`",
}, hostileTexts...)

// attack makes every text of the organization that somebody can choose an
// attack, others for another start.
func attack(w *world.World, start int) {
	next := start
	attack := func() string {
		next++
		return attacks[next%len(attacks)]
	}
	w.Update(func() {
		w.Org.Name, w.Org.Description = attack(), attack()
		for _, k := range slices.Concat(w.Grants, w.Requests) {
			k.Name = attack()
			if reason := attack(); k.Reason != nil || next%2 == 0 {
				k.Reason = &reason
			}
		}
		for _, u := range w.Users {
			u.Name = attack()
		}
		for _, r := range w.Repositories {
			r.Description, r.Language, r.License, r.DefaultBranch, r.Topics = attack(), attack(), attack(), attack(), []string{attack(), attack()}
			for name := range r.Properties {
				r.Properties[name] = attack()
			}
			for i := range r.DeployKeys {
				r.DeployKeys[i].Title = attack()
			}
			for _, set := range r.Rulesets {
				set.Name = attack()
			}
			if r.Codeowners != nil {
				for i := range r.Codeowners.Errors {
					r.Codeowners.Errors[i].Source, r.Codeowners.Errors[i].Message = attack(), attack()
				}
			}
		}
		// What GitHub lets a repository be called.
		for i, name := range []string{"-rf", "www.evil.example", "GH-1", "_x0022_", "__a__", "a.b--c"} {
			w.Repositories[i].Name = name
		}
	})
}

// hostileAnswers refuses the members with a message of the attacker's.
func hostileAnswers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/members") {
			next.ServeHTTP(w, r)
			return
		}
		message, _ := json.Marshal(map[string]string{"message": strings.Join(attacks, " ")})
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		w.Write(message)
	})
}

// attacked is the folder of an audit of a hostile organization.
type attacked struct {
	t     *testing.T
	dir   string
	world *world.World
}

func attackedAudit(t *testing.T) attacked {
	t.Helper()
	w := world.Generate(1, world.Small, "acme", time.Now())
	attack(w, 0)
	server := fakegithub.New(w, fakegithub.Options{Now: time.Now, Middleware: hostileAnswers})
	url, stop, err := server.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	a := attacked{t, t.TempDir(), w}
	for name, content := range map[string]string{
		"app.pem": string(server.PrivateKeyPEM()),
		"config.yaml": "github: {api_url: " + url + ", app: {client_id: " + server.ClientID() + ", private_key_file: app.pem}}\n" +
			"orgs: [acme]\nreports: {formats: [json, xlsx, markdown]}\n",
	} {
		if err := os.WriteFile(filepath.Join(a.dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("go", "build", "-o", filepath.Join(a.dir, "auditor"), "auditor/cmd/auditor").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return a
}

// onTerminal runs a command in this process, on a terminal.
func (a attacked) onTerminal(args ...string) (stderr string) {
	a.t.Helper()
	var out, errs lockedBuffer
	status := run(a.t.Context(), &environment{
		args: append([]string{"-c", filepath.Join(a.dir, "config.yaml")}, args...), stdin: strings.NewReader(""), stdout: &out, stderr: &errs, now: time.Now,
		getenv: func(string) string { return "" }, stdoutWidth: 100, stderrWidth: 100,
	})
	if status != statusDone {
		a.t.Fatalf("%q ended with status %d: %s", args, status, errs.String())
	}
	return errs.String()
}

// auditor runs the program that users run: without the race detector, which
// makes SQLite twenty times as slow.
func (a attacked) auditor(args ...string) (stdout, stderr string) {
	a.t.Helper()
	c := exec.CommandContext(a.t.Context(), filepath.Join(a.dir, "auditor"), args...)
	var out, errs bytes.Buffer
	c.Dir, c.Stdout, c.Stderr = a.dir, &out, &errs
	c.Env = append(os.Environ(), "GITHUB_STEP_SUMMARY="+filepath.Join(a.dir, "summary.md"))
	if err := c.Run(); err != nil {
		a.t.Fatalf("%q: %v: %s", args, err, errs.String())
	}
	return out.String(), errs.String()
}

// inert checks that nothing in the text acts on a terminal; own is what we draw
// bars with.
func (a attacked) inert(what, text string, own ...string) {
	a.t.Helper()
	for _, s := range own {
		text = strings.ReplaceAll(text, s, "")
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && acts(r) }); i >= 0 {
		a.t.Errorf("%s: %q", what, text[max(0, i-60):min(len(text), i+20)])
	}
}

// An organization that attacks whoever audits it: from the wire to everything
// that is written, nothing of it comes alive.
func TestHostileOrganization(t *testing.T) {
	t.Parallel()
	a := attackedAudit(t)
	screen := a.onTerminal("collect")
	a.inert("bars", screen, barControls(screen)...)
	attack(a.world, 7)
	for _, format := range []string{"text", "json"} {
		stdout, stderr := a.auditor("-v", "--log-format", format, "run")
		a.inert(format+" log", stderr)
		a.inert("summary on stdout", stdout)
		if !strings.Contains(stderr, "not complete") || !strings.Contains(stderr, "DROP TABLE") {
			t.Errorf("the %s log does not tell of the refusal:\n%s", format, stderr)
		}
	}
	a.checkFiles()
	a.checkDiff()
	a.checkQueries()
}

// barControls are the sequences that the bars move the cursor with.
func barControls(screen string) []string {
	return slices.Compact(slices.Sorted(slices.Values(regexp.MustCompile("\x1b\\[[0-9]*[AJK]|\r").FindAllString(screen, -1))))
}

func (a attacked) checkFiles() {
	files, err := filepath.Glob(filepath.Join(a.dir, "reports", "*"))
	if err != nil || len(files) != 9 {
		a.t.Fatalf("files are %q (%v)", files, err)
	}
	arrived := false
	for _, file := range append(files, filepath.Join(a.dir, "summary.md")) {
		text, err := os.ReadFile(file)
		if err != nil {
			a.t.Fatal(err)
		}
		name := filepath.Base(file)
		switch filepath.Ext(file) {
		case ".xlsx":
			a.checkWorkbook(name, text)
		case ".md":
			a.inert(name, string(text))
			if found := regexp.MustCompile(`<[a-z/!]|@[a-z]|\]\(javascript|!\[|#[0-9]+[^0-9;]`).Find(text); found != nil {
				a.t.Errorf("%s: %q", name, found)
			}
		case ".json":
			a.inert(name, string(text))
			if !json.Valid(text) {
				a.t.Errorf("%s is no JSON", name)
			}
			arrived = arrived || bytes.Contains(text, []byte(`\u001b]0;pwned\u0007`)) && bytes.Contains(text, []byte(`=HYPERLINK(`))
		}
	}
	if !arrived {
		a.t.Error("the attacks did not arrive: nothing was tested")
	}
}

var (
	formulas     = regexp.MustCompile(`(?s)<f[^>]*>(.*?)</f>`)
	excelEscapes = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)
)

func (a attacked) checkWorkbook(name string, file []byte) {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		a.t.Fatal(err)
	}
	for _, f := range z.File {
		part, err := f.Open()
		if err != nil {
			a.t.Fatal(err)
		}
		text, err := io.ReadAll(part)
		part.Close()
		if err != nil {
			a.t.Fatal(err)
		}
		a.inert(name+": "+f.Name, strings.ReplaceAll(string(text), "\r", ""))
		if !strings.HasPrefix(f.Name, "xl/worksheets/") && !strings.HasPrefix(f.Name, "xl/shared") {
			continue
		}
		if found := excelEscapes.Find(text); found != nil {
			a.t.Errorf("%s: %s has the escape %q", name, f.Name, found)
		}
		for _, formula := range formulas.FindAllSubmatch(text, -1) {
			if bytes.Contains(formula[1], []byte("evil")) && !bytes.HasPrefix(formula[1], []byte("HYPERLINK(&#34;http://127.0.0.1")) {
				a.t.Errorf("%s: %s has the formula %q", name, f.Name, formula[1])
			}
		}
	}
}

// checkDiff compares the first snapshot with the last one, in which everything
// is called otherwise.
func (a attacked) checkDiff() {
	first, _ := a.auditor("snapshots", "list", "--format", "csv")
	a.inert("snapshots list", first)
	name, _, _ := strings.Cut(strings.SplitN(first, "\n", 3)[1], ",")
	for _, format := range report.DiffFormats() {
		stdout, _ := a.auditor("diff", name, "--format", format)
		a.inert("diff as "+format, stdout)
		if !strings.Contains(stdout, "pwned") {
			a.t.Errorf("diff as %s tells nothing of the attacks:\n%s", format, stdout)
		}
	}
}

// checkQueries asks every saved query and some rules in every format.
func (a attacked) checkQueries() {
	set, problems := rules.Load(rules.Source{Name: "queries", FS: queries.FS, IsCompiled: true})
	if len(problems) > 0 {
		a.t.Fatal(problems)
	}
	needed := map[string]string{"repository": "*", "token": "*"}
	for _, q := range slices.Concat(set.Queries(), set.Rules()[:3]) {
		args := []string{"query", q.ID}
		for _, p := range q.Params {
			if p.IsRequired {
				args = append(args, "--param", p.Name+"="+needed[p.Name])
			}
		}
		lines := map[string]int{}
		for _, format := range rows.Formats() {
			stdout, _ := a.auditor(append(args, "--format", format, "--limit", "0")...)
			a.inert(q.ID+" as "+format, stdout)
			lines[format] = a.countRows(q.ID, format, stdout)
		}
		if lines["csv"] != lines["json"] || lines["csv"] != lines["markdown"] {
			a.t.Errorf("%s: rows by format: %v", q.ID, lines)
		}
	}
}

// countRows counts the rows of an answer by the rules of its format.
func (a attacked) countRows(id, format, text string) int {
	switch format {
	case "csv":
		records, err := csv.NewReader(strings.NewReader(text)).ReadAll() // refuses rows of another length
		if err != nil {
			a.t.Errorf("%s: %v", id, err)
		}
		for _, cell := range slices.Concat(records...) {
			if regexp.MustCompile(`^\s*([=@+]|-[^0-9])`).MatchString(cell) {
				a.t.Errorf("%s: the cell %.60q", id, cell)
			}
		}
		return len(records) - 1
	case "json":
		var rows []map[string]any
		if err := json.Unmarshal([]byte(text), &rows); err != nil {
			a.t.Errorf("%s: %v", id, err)
		}
		return len(rows)
	case "markdown":
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		for _, line := range lines {
			if strings.Count(line, "|") != strings.Count(lines[0], "|") || !strings.HasPrefix(line, "| ") {
				a.t.Errorf("%s: the line %.200q", id, line)
			}
		}
		return len(lines) - 2
	}
	return 0
}
