package xlsx

import (
	"archive/zip"
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"

	"auditor/internal/report"
	"auditor/internal/sanitize"
)

// maxRows is the number of rows a sheet of Excel can have.
const maxRows = excelize.TotalRows

// Write writes the workbook: Summary, Findings, Resolved, Changes, the
// inventories, Coverage, Rules. The long sheets are streamed, so memory does not
// grow with them.
func Write(w io.Writer, r *report.Report) error {
	if err := writeWorkbook(w, r, maxRows); err != nil {
		return fmt.Errorf("write report %s as workbook: %w", r.Name, err)
	}
	return nil
}

func writeWorkbook(w io.Writer, r *report.Report, rowLimit int) (err error) {
	b := &workbook{file: excelize.NewFile(), report: r, rowLimit: rowLimit}
	defer func() { // removes the temporary files of the streams
		if closed := b.file.Close(); err == nil {
			err = closed
		}
	}()
	if err := b.addStyles(); err != nil {
		return err
	}
	// The sheets that a reader sees first are made first; the file's own empty
	// sheet becomes the Summary.
	if err := b.file.SetSheetName("Sheet1", sheetSummary); err != nil {
		return err
	}
	steps := []func() error{b.findings, b.resolved, b.changes, b.inventories, b.coverage, b.rules, b.summary, b.properties}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	// Nothing may touch a streamed sheet again: File.SetActiveSheet, say, would
	// read all of them back into memory. The first sheet is active as it is.
	// By itself excelize collects the whole file in memory first, to repair the
	// headers of sheets beyond 4 GiB: a million rows of 4 KiB.
	b.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(w) })
	return b.file.Write(io.Discard)
}

// The names of the fixed sheets; an inventory may not take one of them.
const (
	sheetSummary  = "Summary"
	sheetFindings = "Findings"
	sheetResolved = "Resolved"
	sheetChanges  = "Changes"
	sheetCoverage = "Coverage"
	sheetRules    = "Rules"
)

// workbook is one workbook being written.
type workbook struct {
	file     *excelize.File
	report   *report.Report
	rowLimit int // rows a sheet may have; smaller in tests
	contents []contents
	style    map[look]int
	format   map[string]int // conditional formats, by the word they colour
}

// contents is an entry of the list of sheets on the Summary.
type contents struct {
	sheet       string
	about       string
	first, last int  // rows, from 0 to last (exclusive)
	isPart      bool // of several
}

// properties fills what file managers show. Times are the snapshot's, so that
// the same snapshot gives the same properties.
func (b *workbook) properties() error {
	made := b.report.GeneratedAt.String()
	return b.file.SetDocProps(&excelize.DocProperties{
		Title:          b.report.Title,
		Subject:        "GitHub audit of " + sanitize.Cell(b.report.Snapshot.Orgs.Some(5)),
		Creator:        "auditor " + b.report.AuditorVersion,
		LastModifiedBy: "auditor",
		Created:        made,
		Modified:       made,
		Description:    "Made from " + b.report.Snapshot.File + ", SHA-256 " + b.report.Snapshot.SHA256,
	})
}
