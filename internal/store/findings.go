package store

import (
	"context"
	_ "embed"
	"fmt"
	"iter"
	"slices"
	"time"

	"auditor/internal/finding"
)

//go:embed memory/findings.sql
var findingsSQL string

// FindingsTable is the table in memory behind the view findings, as
// sqlite.Database.Reads names it.
const FindingsTable = "memory._findings"

// ReadsFindings says whether a statement reads the view findings, which is empty
// until [Snapshot.FillFindings]. What is wrong with the statement is a
// [QueryError].
func (s *Snapshot) ReadsFindings(ctx context.Context, statement string) (bool, error) {
	tables, err := s.file.Reads(ctx, statement)
	return slices.Contains(tables, FindingsTable), err
}

// FillFindings fills the view findings of this Snapshot; what is in it already
// stays. The file is not changed, and no other Snapshot of it sees them.
func (s *Snapshot) FillFindings(ctx context.Context, findings iter.Seq[*finding.Finding]) error {
	s.filling.Lock()
	defer s.filling.Unlock()
	if s.isFilled {
		return nil
	}
	finished := s.info.FinishedAt
	rows := func(yield func([]any) bool) {
		row := make([]any, 0, 16)
		for f := range findings {
			row = append(row[:0], string(f.Key), f.Rule, string(f.Severity), string(f.Status), f.Org,
				f.Subject.Kind, f.Subject.ID, orNull(f.Subject.Name), orNull(f.Subject.URL), orNull(f.Subject.Owner), f.Reason,
				optional(f.IsNew), timeOrNull(f.FirstSeenAt), timeOrNull(f.DueAt), nil, f.IsExcepted())
			if !f.DueAt.IsZero() {
				row[14] = f.DueAt.Before(finished)
			}
			if !yield(row) {
				return
			}
		}
	}
	if err := s.file.Fill(ctx, "_findings", rows); err != nil {
		return fmt.Errorf("fill the view findings of %s: %w", s.info.File, err)
	}
	s.isFilled = true
	return nil
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func optional(flag *bool) any {
	if flag == nil {
		return nil
	}
	return *flag
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return timeText(t)
}
