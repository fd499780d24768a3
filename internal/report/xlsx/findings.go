package xlsx

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"auditor/internal/finding"
	"auditor/internal/report"
)

// Widths of the columns of Findings that come before the evidence. Decision
// and Comment are the reader's.
var findingColumns = []sheetColumn{
	{title: "Severity", width: 11, words: finding.SeverityNames()},
	{title: "Subject", width: 32, note: "The link leads to the page on GitHub."},
	{title: "Finding", width: 42},
	{title: "Status", width: 10, words: []string{report.UnknownWord}, note: "fail: the rule's condition is met. unknown: GitHub did not say, or the App may not see it."},
	{title: "Organization", width: 16},
	{title: "Kind", width: 11},
	{title: "Owner", width: 18},
	{title: "Reason", width: 60},
	{title: "New", width: 8, note: "yes: the previous snapshot did not have it. Empty: not known, because there is no previous snapshot, or it could not see this."},
	{title: "First seen", width: 17, note: "End of the first snapshot that had it, UTC. Empty: not known."},
	{title: "Exception", width: 32, note: "Accepted in the configuration: listed but not counted."},
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
	titles, evidence, place := b.report.Titles(), b.report.EvidenceColumns(maxEvidenceColumn), map[string]int{}
	for i, c := range evidence {
		place[c.Name] = i
	}
	columns := slices.Clone(findingColumns)
	columns[exceptionColumn-1].narrow(b.report.Summary.Excepted == 0)
	columns = append(columns, evidenceHeads(evidence)...)
	hasMore := len(evidence) == maxEvidenceColumn
	if hasMore {
		columns = append(columns, sheetColumn{title: "More evidence", width: 60, note: "Evidence that has no column of its own: name: value."})
	}
	columns = append(columns, sheetColumn{title: "Rule", width: 46}, sheetColumn{title: "Key", width: 50, note: "The same in every snapshot, so that decisions can be carried over by it."})
	return b.stream(sheet{
		name: sheetFindings, table: "Findings", columns: columns, freeze: 2, print: commentColumn,
		about: "What the rules found, worst first. Filter the table and decide in the yellow columns. The evidence is further right.",
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

// evidenceHeads are the heads of the columns of evidence.
func evidenceHeads(columns []report.Column) []sheetColumn {
	heads := make([]sheetColumn, len(columns))
	for i, c := range columns {
		note := "Evidence: " + c.Name
		if c.Kind == finding.YesNo {
			note = "Evidence: " + c.Note()
		}
		heads[i] = sheetColumn{title: c.Title(), width: evidenceWidth(c.Kind), note: note, isNumber: c.Kind == finding.Number}
	}
	return heads
}

func (b *workbook) findingCells(f *finding.Finding, title string) []any {
	var isNew any
	if f.IsNew != nil {
		isNew = b.text(finding.YesOrNo(*f.IsNew))
	}
	var exception any
	if f.Exception != nil {
		exception = b.paragraph(exceptionText(f.Exception))
	}
	input := excelize.Cell{StyleID: b.style[lookInput]}
	return []any{
		b.text(string(f.Severity)), b.link(f.Subject.URL, f.Subject.Label()), b.paragraph(cmp.Or(title, f.Rule)),
		b.text(string(f.Status)), b.text(f.Org), b.text(f.Subject.Kind), b.optional(f.Subject.Owner),
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
		if _, ok := place[v.Column]; !ok && v.Value != nil && !report.IsShownBySubject(v.Column) {
			typed, _ := finding.KindOf(v.Column).Typed(v.Value)
			lines = append(lines, fmt.Sprintf("%s: %v", v.Column, typed))
		}
	}
	return b.optional(strings.Join(lines, "\n"))
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

func evidenceWidth(kind finding.ColumnKind) float64 {
	if kind == finding.Text {
		return 22
	}
	return widthOfKind[kind]
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
	for _, kind := range finding.Kinds() {
		if len(kind.Decisions) == 0 {
			continue
		}
		for areas := range slices.Chunk(rows[kind.Name], maxAreas) {
			if err := b.dropDown(name, areas, kind.Decisions); err != nil {
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
