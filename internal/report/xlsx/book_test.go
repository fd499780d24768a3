package xlsx

import (
	"archive/zip"
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/xuri/excelize/v2"

	"auditor/internal/report"
)

// book is a written workbook, opened again.
type book struct {
	*excelize.File
	bytes []byte
	t     testing.TB
	read  map[string][][]string // sheets read so far
}

func bookOf(t testing.TB, r *report.Report, rowLimit int) book {
	t.Helper()
	var b bytes.Buffer
	if err := writeWorkbook(&b, r, rowLimit); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return book{f, b.Bytes(), t, map[string][][]string{}}
}

func (b book) rows(sheet string) [][]string {
	b.t.Helper()
	if rows, ok := b.read[sheet]; ok {
		return rows
	}
	rows, err := b.GetRows(sheet, excelize.Options{RawCellValue: true})
	if err != nil {
		b.t.Fatal(err)
	}
	b.read[sheet] = rows
	return rows
}

// part is a file inside the workbook.
func (b book) part(name string) string {
	b.t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b.bytes), int64(len(b.bytes)))
	if err != nil {
		b.t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

// column finds a column by its header, from 0.
func (b book) column(sheet, title string) int {
	b.t.Helper()
	i := slices.Index(b.rows(sheet)[0], title)
	if i < 0 {
		b.t.Fatalf("%s has no column %q: %q", sheet, title, b.rows(sheet)[0])
	}
	return i
}

func (b book) value(sheet, title string, row int) string {
	b.t.Helper()
	v, err := b.GetCellValue(sheet, at(b.column(sheet, title)+1, row), excelize.Options{RawCellValue: true})
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}
