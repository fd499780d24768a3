package report

import (
	"bytes"
	"errors"
	"fmt"
	"os"
)

const (
	// stepSummaryLimit is how large the file of $GITHUB_STEP_SUMMARY may become.
	// Of a file of more than 1 MiB GitHub shows nothing; what the step writes
	// after us needs some of that.
	stepSummaryLimit = 1<<20 - 64<<10
	// stepSummaryLeast is the least room worth having for a report.
	stepSummaryLeast = 16 << 10
)

// AppendStepSummary appends the reports in Markdown to the file that GitHub
// Actions names in $GITHUB_STEP_SUMMARY, which other commands of the step may
// have written to. It stays below GitHub's limit: reports that find no room are
// left out, and the error says how many. Nothing is left half-written.
func AppendStepSummary(path string, reports []*Report) (err error) {
	f, err := openStepSummary(path)
	if err != nil {
		return err
	}
	defer func() {
		if closed := f.Close(); err == nil && closed != nil {
			err = fmt.Errorf("write step summary: %w", closed)
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("write step summary: %w", err)
	}
	size := info.Size()
	text, left := stepSummary(reports, stepSummaryLimit-size)
	if _, err := f.Write(text); err != nil {
		return errors.Join(fmt.Errorf("write step summary: %w", err), f.Truncate(size))
	}
	if left > 0 {
		return fmt.Errorf("step summary %s: no room for %d of %d reports: it has %d bytes already, and GitHub shows 1 MiB at most", path, left, len(reports), size)
	}
	return nil
}

// openStepSummary opens a file to append to. Opening a pipe would wait for its
// reader.
func openStepSummary(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("step summary %s: not a regular file", path)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write step summary: %w", err)
	}
	return f, nil
}

// stepSummary is the reports one after the other in at most limit bytes, each
// with an equal part of what the ones before it left, and the number of those
// that found no room.
func stepSummary(reports []*Report, limit int64) (text []byte, left int) {
	var b bytes.Buffer
	for i, r := range reports {
		share := min((limit-int64(b.Len()))/int64(len(reports)-i), markdownLimit)
		if share < stepSummaryLeast {
			left++
			continue
		}
		b.WriteString("\n") // what is there may lack the end of its line
		b.Write(renderMarkdown(r, int(share)-1))
	}
	return b.Bytes(), left
}
