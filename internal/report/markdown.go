package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"auditor/internal/finding"
	"auditor/internal/sanitize"
)

const (
	// markdownLimit is the most bytes a Markdown report may have.
	// $GITHUB_STEP_SUMMARY takes 1 MiB from all that a step writes there: room
	// for three reports.
	markdownLimit = 320 << 10
	// markdownEnd is kept free for the lines that say what was left out, and
	// from which evidence the rest comes.
	markdownEnd = 4 << 10
	// The longest texts and lists: a summary, not an archive.
	markdownText     = 240
	markdownFindings = 100
	markdownRows     = 50
	markdownTrend    = 14
	markdownChanges  = 20
)

// WriteMarkdown writes the report for a job summary: counts first, then what
// could not be seen, the rules, and the worst findings.
func WriteMarkdown(w io.Writer, r *Report) error {
	if _, err := w.Write(renderMarkdown(r, markdownLimit)); err != nil {
		return fmt.Errorf("write report %s as Markdown: %w", r.Name, err)
	}
	return nil
}

// renderMarkdown is the report in at most limit bytes.
func renderMarkdown(r *Report, limit int) []byte {
	m := &markdown{report: r, limit: limit}
	m.heading()
	m.counts()
	m.gaps()
	m.trend()
	m.changes()
	m.rules()
	m.worst()
	m.evidence()
	return m.text.Bytes()
}

// markdown is a page being written. It fits into its limit by refusing lines,
// never by cutting one in the middle.
type markdown struct {
	report *Report
	text   bytes.Buffer
	limit  int
	isFull bool // a line was refused: what comes after it would miss it
}

// line adds a line if there is room for it.
func (m *markdown) line(format string, args ...any) bool {
	s := fmt.Sprintf(format, args...)
	if m.isFull = m.isFull || m.text.Len()+len(s)+1 > m.limit-markdownEnd; m.isFull {
		return false
	}
	m.text.WriteString(s + "\n")
	return true
}

// last adds a paragraph at the end, for which room was kept.
func (m *markdown) last(format string, args ...any) {
	s := fmt.Sprintf(format, args...) + "\n"
	if m.isFull || !bytes.HasSuffix(m.text.Bytes(), []byte("\n\n")) {
		s = "\n" + s // ends a table that was cut
	}
	if m.text.Len()+len(s) <= m.limit {
		m.text.WriteString(s)
	}
}

// md is a text of a stranger, shortened and made harmless.
func md(s string) string { return sanitize.Markdown(short(s)) }

// short cuts a text to what a summary has room for.
func short(s string) string {
	runes := 0
	for i := range s {
		if runes == markdownText {
			s = s[:i] + fmt.Sprintf("… [cut, %d characters in all]", utf8.RuneCountInString(s))
			break
		}
		runes++
	}
	return strings.TrimSpace(s)
}

// mdLink links a name to a web page; the name alone if there is none.
func mdLink(name, address string) string {
	return sanitize.MarkdownLink(short(name), address)
}

func (m *markdown) heading() {
	r := m.report
	m.line("## %s", md(r.Title))
	m.line("")
	m.line("**%s**", md(r.Verdict()))
	m.line("")
	m.line("GitHub audit of %s, as of %s UTC.", md(r.Snapshot.Orgs.Some(5)), r.Snapshot.FinishedAt.UTC().Format("2 January 2006, 15:04"))
	m.line("")
}

func (m *markdown) counts() {
	s := m.report.Summary
	change := []string{"–", "–"} // 0 would be a claim
	if m.report.PreviousSnapshot != nil {
		change = []string{fmt.Sprint(s.New), fmt.Sprint(s.Resolved)}
	}
	m.line("| Critical | High | Medium | Low | Findings | New | Resolved | Unknown | Excepted |")
	m.line("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
	m.line("| %d | %d | %d | %d | **%d** | %s | %s | %d | %d |", s.BySeverity.Critical, s.BySeverity.High, s.BySeverity.Medium, s.BySeverity.Low, s.Findings, change[0], change[1], s.Unknown, s.Excepted)
	m.line("")
}

// gaps say what could not be seen.
func (m *markdown) gaps() {
	line, bad := m.report.Completeness()
	if len(bad) > 0 || !m.report.Snapshot.IsComplete {
		line = "⚠️ " + line
	}
	m.line("%s", line)
	m.line("")
	m.list(bad)
	remarks := m.report.Remarks()
	m.list(remarks)
	if len(bad)+len(remarks) > 0 {
		m.line("")
	}
}

func (m *markdown) list(texts []string) {
	for _, s := range texts[:min(len(texts), markdownRows)] {
		m.line("- %s", sanitize.MarkdownLine(short(s)))
	}
	if more := len(texts) - markdownRows; more > 0 {
		m.line("- and %d more", more)
	}
}

func (m *markdown) trend() {
	if len(m.report.Trend) < 2 {
		return
	}
	m.line("### Trend")
	m.line("")
	m.line("| Snapshot (UTC) | Critical | High | Medium | Low | Findings |")
	m.line("| --- | ---: | ---: | ---: | ---: | ---: |")
	points := m.report.Trend
	for _, t := range points[max(0, len(points)-markdownTrend):] {
		c := t.BySeverity
		m.line("| %s | %d | %d | %d | %d | %d |", t.At.UTC().Format("2006-01-02 15:04"), c.Critical, c.High, c.Medium, c.Low, c.Total())
	}
	m.line("")
}

// changes are what differs on GitHub since the previous snapshot.
func (m *markdown) changes() {
	changes := m.report.Changes
	if changes == nil || len(changes.List) == 0 {
		return
	}
	m.line("### Changes since %s", changes.Since.Day())
	m.line("")
	m.line("%s.", md(changes.counts()))
	m.line("")
	m.line("| Kind | Change | Organization | Subject | Owner | What |")
	m.line("| --- | --- | --- | --- | --- | --- |")
	for i := range changes.List[:min(len(changes.List), markdownChanges)] {
		m.line("%s", changeRow(&changes.List[i]))
	}
	m.line("")
	if more := len(changes.List) - markdownChanges; more > 0 {
		m.line("and %d more; the workbook and auditor diff have all.", more)
		m.line("")
	}
}

func (m *markdown) rules() {
	list := m.report.RulesByWeight()
	if len(list) == 0 {
		return
	}
	m.line("### Rules")
	m.line("")
	m.line("| Severity | Rule | Findings | Of | Unknown | Outcome |")
	m.line("| --- | --- | ---: | ---: | ---: | --- |")
	for _, r := range list[:min(len(list), 4*markdownRows)] {
		of, outcome := "?", md(r.Outcome)
		if r.Population != nil {
			of = fmt.Sprint(*r.Population)
		}
		if len(r.Missing) > 0 {
			outcome += ", missing " + md(r.Missing.Some(3))
		}
		m.line("| %s | %s | %d | %s | %d | %s |", md(string(r.Severity)), md(r.Title), r.Failed, of, r.Unknown, outcome)
	}
	m.line("")
}

// worst lists the first findings that count; the list is sorted already.
func (m *markdown) worst() {
	total := m.report.Summary.Findings
	if total == 0 {
		return
	}
	m.line("### Worst findings")
	m.line("")
	m.line("| Severity | Finding | Organization | Subject | Owner | Reason | New |")
	m.line("| --- | --- | --- | --- | --- | --- | --- |")
	titles, shown := m.report.Titles(), 0
	for i := range m.report.Findings {
		f := m.report.Findings[i]
		if !f.Counts() {
			continue
		}
		if shown == markdownFindings || !m.finding(f, titles[f.Rule]) {
			break
		}
		shown++
	}
	if shown < total {
		m.last("%d of %d findings are shown; the workbook and the JSON report have all.", shown, total)
	}
}

func (m *markdown) finding(f *finding.Finding, title string) bool {
	if title == "" {
		title = f.Rule
	}
	isNew := ""
	if f.IsNew != nil {
		isNew = finding.YesOrNo(*f.IsNew)
	}
	return m.line("| %s | %s | %s | %s | %s | %s | %s |", md(string(f.Severity)), md(title), md(f.Org),
		mdLink(f.Subject.Label(), f.Subject.URL), md(f.Subject.Owner), md(f.Reason), isNew)
}

func (m *markdown) evidence() {
	s := m.report.Snapshot
	m.last("Snapshot %s, SHA-256 %s, auditor %s.", md(s.File), md(s.SHA256), md(m.report.AuditorVersion))
}
