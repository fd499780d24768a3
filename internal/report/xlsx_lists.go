package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"auditor/internal/finding"
)

// decisions are what a reader can decide about a subject, by its kind.
var decisions = []struct {
	kind    string
	choices []string
}{
	{"token", []string{"keep", "narrow", "revoke", "accept risk"}},
	{"request", []string{"approve", "deny", "ask owner"}},
	{"repository", []string{"enable", "restrict", "archive", "accept risk"}},
	{"org", []string{"enable", "restrict", "accept risk"}},
}

// Widths of the columns of Findings that come before the evidence. Decision
// and Comment are the reader's.
var findingColumns = []sheetColumn{
	{title: "Severity", width: 11, words: finding.SeverityNames()},
	{title: "Subject", width: 32, note: "The link leads to the page on GitHub."},
	{title: "Finding", width: 42},
	{title: "Status", width: 10, words: []string{unknownWord}, note: "fail: the rule's condition holds. unknown: GitHub did not say, or the App may not see it."},
	{title: "Organization", width: 16},
	{title: "Kind", width: 11},
	{title: "Owner", width: 18},
	{title: "Reason", width: 60},
	{title: "New", width: 8, note: "yes: the previous snapshot did not have it. Empty: cannot be told, since there is none, or it could not see this."},
	{title: "First seen", width: 17, note: "End of the snapshot that had it first, UTC. Empty: not known."},
	{title: "Exception", width: 32, note: "Accepted in the configuration: shown, but not counted."},
	{title: "Decision", width: 15, note: "For you: choose from the list, which fits the kind of subject, or write your own."},
	{title: "Comment", width: 34, note: "For you."},
}

const (
	exceptionColumn   = 11 // K, counted from 1
	decisionColumn    = 12
	commentColumn     = 13
	maxEvidenceColumn = 300 // the built-in rules have 60; the rest goes into one column
	maxAreas          = 200 // of a drop-down; so many fit what programs accept
)

// findings writes the sheet Findings: one row a finding, its evidence in
// typed columns after the reader's own.
func (b *workbook) findings() error {
	evidence := evidenceColumns(b.report.Findings)
	titles := b.report.titles()
	columns, comments := slices.Clone(findingColumns), columnComments(evidence)
	columns[exceptionColumn-1].narrow(b.report.Summary.Excepted == 0)
	place := map[string]int{}
	for i, name := range evidence {
		place[name] = i
		note := "Evidence: " + name
		if finding.KindOf(name) == finding.YesNo {
			note = "Evidence: " + explain(name, finding.YesNo, comments[name])
		}
		columns = append(columns, sheetColumn{title: heading(name), width: evidenceWidth(name), note: note, isNumber: finding.KindOf(name) == finding.Number})
	}
	hasMore := len(evidence) == maxEvidenceColumn
	if hasMore {
		columns = append(columns, sheetColumn{title: "More evidence", width: 60, note: "Evidence that has no column of its own: name: value."})
	}
	columns = append(columns, sheetColumn{title: "Rule", width: 46}, sheetColumn{title: "Key", width: 50, note: "The same in every snapshot: carry your decisions over by it."})
	return b.stream(sheet{
		name: sheetFindings, table: "Findings", columns: columns, freeze: 2, print: commentColumn,
		about: "What the rules found, worst first. Filter it, decide in the yellow columns. Further right is the evidence.",
		rows: each(len(b.report.Findings), func(i int) []any {
			f := b.report.Findings[i]
			cells := append(b.findingCells(f, titles[f.Rule]), b.factCells(f, place)...)
			if hasMore {
				cells = append(cells, b.moreFacts(f, place))
			}
			return append(cells, b.text(f.Rule), b.text(string(f.Key)))
		}),
		finish: b.dropDowns,
	})
}

func (b *workbook) findingCells(f *finding.Finding, title string) []any {
	var isNew any
	if f.IsNew != nil {
		isNew = b.text(yesNo(*f.IsNew))
	}
	var exception any
	if f.Exception != nil {
		exception = b.paragraph(exceptionText(f.Exception))
	}
	input := excelize.Cell{StyleID: b.style[lookInput]}
	return []any{
		b.text(string(f.Severity)), b.link(f.Subject.URL, f.Subject.Label()), b.paragraph(cmp.Or(title, f.Rule)),
		b.text(string(f.Status)), b.text(f.Org), b.text(f.Subject.Kind), b.cell(finding.Text, orNull(f.Subject.Owner)),
		b.paragraph(f.Reason), isNew, b.date(f.FirstSeenAt), exception, input, input,
	}
}

// factCells are the evidence, each fact in its place.
func (b *workbook) factCells(f *finding.Finding, place map[string]int) []any {
	cells := make([]any, len(place))
	for _, v := range f.Evidence {
		if p, ok := place[v.Column]; ok && (v.Value != nil || finding.KindOf(v.Column) == finding.YesNo) {
			cells[p] = b.cell(finding.KindOf(v.Column), v.Value)
		}
	}
	return cells
}

// moreFacts are those that have no place.
func (b *workbook) moreFacts(f *finding.Finding, place map[string]int) any {
	var lines []string
	for _, v := range f.Evidence {
		if _, ok := place[v.Column]; !ok && v.Value != nil && !slices.Contains(shownBySubject, v.Column) {
			lines = append(lines, fmt.Sprintf("%s: %v", v.Column, typed(finding.KindOf(v.Column), v.Value)))
		}
	}
	return b.cell(finding.Text, orNull(strings.Join(lines, "\n")))
}

// exceptionText is the exception in one sentence.
func exceptionText(e *finding.Exception) string {
	s := e.Reason
	if e.ApprovedBy != "" {
		s += ", approved by " + e.ApprovedBy
	}
	if e.Until != "" {
		s += ", until " + e.Until
	}
	return s
}

// shownBySubject is evidence that the columns Subject and Owner show already.
var shownBySubject = []string{"token_name", "owner_login", "full_name", "html_url"}

// evidenceColumns lists the columns that the findings carry, in the order in
// which they first appear.
func evidenceColumns(findings []*finding.Finding) []string {
	var names []string
	seen := map[string]bool{}
	for _, name := range shownBySubject {
		seen[name] = true
	}
	for i := range findings {
		for _, v := range findings[i].Evidence {
			if !seen[v.Column] && len(names) < maxEvidenceColumn {
				seen[v.Column] = true
				names = append(names, v.Column)
			}
		}
	}
	return names
}

func evidenceWidth(column string) float64 {
	if finding.KindOf(column) == finding.Text {
		return 22
	}
	return widthOfKind[finding.KindOf(column)]
}

// dropDowns offers in each row what can be decided about its kind of subject.
// Findings of one kind stand together, so few ranges do.
func (b *workbook) dropDowns(name string, first, last int) error {
	rows := map[string][]string{}
	for start := first; start < last; {
		kind, end := b.report.Findings[start].Subject.Kind, start
		for end < last && b.report.Findings[end].Subject.Kind == kind {
			end++
		}
		rows[kind] = append(rows[kind], area(decisionColumn, start-first+2, decisionColumn, end-first+1))
		start = end
	}
	for _, d := range decisions {
		if len(rows[d.kind]) == 0 {
			continue
		}
		for areas := range slices.Chunk(rows[d.kind], maxAreas) {
			if err := b.dropDown(name, areas, d.choices); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *workbook) dropDown(name string, areas, choices []string) error {
	v := excelize.NewDataValidation(true)
	v.SetSqref(strings.Join(areas, " "))
	if err := v.SetDropList(choices); err != nil {
		return err
	}
	v.SetError(excelize.DataValidationErrorStyleWarning, "Decision", "Usual decisions: "+strings.Join(choices, ", "))
	return b.file.AddDataValidation(name, v)
}

// resolved writes what is gone since the previous snapshot: the good news.
func (b *workbook) resolved() error {
	list := b.report.Resolved
	if len(list) == 0 {
		return nil
	}
	titles := b.report.titles()
	return b.stream(sheet{
		name: sheetResolved, table: "Resolved",
		about: "What the previous snapshot had and this one has no more.",
		columns: []sheetColumn{
			{title: "Finding", width: 42}, {title: "Organization", width: 16}, {title: "Kind", width: 11}, {title: "Subject", width: 34},
			{title: "Owner", width: 18}, {title: "Last seen", width: 17, note: "End of the snapshot that had it last, UTC."}, {title: "Rule", width: 46}, {title: "Key", width: 50},
		},
		rows: each(len(list), func(i int) []any {
			f := &list[i]
			return []any{
				b.paragraph(cmp.Or(titles[f.Rule], f.Rule)), b.text(f.Org), b.text(f.Subject.Kind), b.link(f.Subject.URL, f.Subject.Label()),
				b.cell(finding.Text, orNull(f.Subject.Owner)), b.date(f.LastSeenAt.Time), b.text(f.Rule), b.text(string(f.Key)),
			}
		}),
	})
}

// titles are the titles of the rules, by their ids.
func (r *Report) titles() map[string]string {
	titles := map[string]string{}
	for i := range r.Rules {
		titles[r.Rules[i].ID] = r.Rules[i].Title
	}
	return titles
}

// narrow saves the room of a column in which nothing stands.
func (c *sheetColumn) narrow(isEmpty bool) {
	if isEmpty {
		c.width = min(c.width, 12)
	}
}

// coverage writes the sheet Coverage: what could be seen, what not and why.
func (b *workbook) coverage() error {
	list := b.report.Coverage
	return b.stream(sheet{
		name: sheetCoverage, table: "Coverage", below: b.report.remarks(),
		about: "What could be read from GitHub, what could not, and what to grant for it.",
		columns: []sheetColumn{
			{title: "Organization", width: 18}, {title: "Resource", width: 34},
			{title: "Status", width: 12, words: coverageWords, note: "complete: read to its end. partial: only a part. denied: GitHub refused. failed: an error. skipped: not asked for."},
			{title: "Required", width: 10, note: "yes: without it the audit is not complete."},
			{title: "Rows", width: 10, isNumber: true}, {title: "Requests", width: 10, isNumber: true}, {title: "HTTP status", width: 9, isNumber: true},
			{title: "Permission to grant", width: 40}, {title: "Message", width: 78},
		},
		rows: each(len(list), func(i int) []any {
			c := list[i]
			var status any
			if c.HTTPStatus != 0 {
				status = b.number(finding.Text, int64(c.HTTPStatus))
			}
			return []any{
				b.text(c.Org), b.text(c.Resource), b.text(c.Status), b.text(yesNo(c.IsRequired)),
				b.number(finding.Number, c.RowCount), b.number(finding.Number, c.RequestCount), status,
				b.paragraph(string(c.Permission)), b.paragraph(string(c.Message)),
			}
		}),
	})
}

// rules writes the sheet Rules: what was asked, why, and what to do.
func (b *workbook) rules() error {
	list, links := b.report.Rules, 1
	missing, warnings := columnMissing, columnWarnings
	for i := range list {
		links = max(links, min(len(list[i].See), 4))
	}
	missing.narrow(!slices.ContainsFunc(list, func(r Rule) bool { return len(r.Missing) > 0 }))
	warnings.narrow(!slices.ContainsFunc(list, func(r Rule) bool { return len(r.Warnings) > 0 }))
	columns := []sheetColumn{
		{title: "Title", width: 38}, {title: "Severity", width: 11, words: finding.SeverityNames()},
		{title: "Outcome", width: 13, words: outcomeWords, note: "incomplete: something that the rule reads could not be seen, so there may be more."},
		{title: "Findings", width: 10, isNumber: true}, {title: "Of", width: 8, isNumber: true, note: "Subjects that the rule applies to. Empty: the rule does not say."},
		{title: "Unknown", width: 10, isNumber: true, note: "Subjects about which GitHub did not say."}, {title: "Excepted", width: 10, isNumber: true, note: "Findings that an exception of the configuration covers."},
		missing, warnings, {title: "Parameters", width: 20}, {title: "Why", width: 66, lines: 27}, {title: "Remediation", width: 66, lines: 27},
		{title: "Rule", width: 46, note: "Its name in the configuration, in exceptions and in the JSON report."},
	}
	for range links { // one a cell, or it would not be a link
		columns = append(columns, sheetColumn{title: "Link", width: 50})
	}
	return b.stream(sheet{
		name: sheetRules, table: "Rules", freeze: 1, columns: columns, print: remediationColumn, below: b.report.remarks(),
		about: "What was asked, why it matters, and what to do about a finding.",
		rows:  each(len(list), func(i int) []any { return b.ruleCells(&list[i], links) }),
	})
}

const remediationColumn = 12 // L: what stands behind is not printed

var (
	columnMissing  = sheetColumn{title: "Missing", width: 28, note: "What the rule reads and could not see: organization and resource, as on the sheet Coverage."}
	columnWarnings = sheetColumn{title: "Warnings", width: 36, note: "Exceptions of the configuration that have expired, so that their findings count again, or that cover nothing."}
)

// remarks are the warnings and notes, each a line.
func (r *Report) remarks() []string {
	var lines []string
	for _, w := range r.Warnings {
		lines = append(lines, "Warning: "+w)
	}
	for _, n := range r.Notes {
		lines = append(lines, "Note: "+n)
	}
	return lines
}

func (b *workbook) ruleCells(r *Rule, links int) []any {
	var population any
	if r.Population != nil {
		population = b.number(finding.Number, *r.Population)
	}
	cells := []any{
		b.paragraph(r.Title), b.text(string(r.Severity)), b.text(r.Outcome),
		b.number(finding.Number, int64(r.Failed)), population, b.number(finding.Number, int64(r.Unknown)), b.number(finding.Number, int64(r.Excepted)),
		b.paragraph(strings.Join(r.Missing, "\n")), b.paragraph(strings.Join(r.Warnings, "\n")), b.paragraph(r.parameters("\n")), b.paragraph(r.Description), b.paragraph(r.Remediation), b.text(r.ID),
	}
	for _, address := range r.See[:min(len(r.See), links)] {
		cells = append(cells, b.link(address, address))
	}
	return cells
}

// parameters lists the values that the rule ran with, sorted by name.
func (r *Rule) parameters(separator string) string {
	var parts []string
	for name, value := range r.Parameters {
		parts = append(parts, fmt.Sprintf("%s = %v", name, value))
	}
	slices.Sort(parts)
	return strings.Join(parts, separator)
}
