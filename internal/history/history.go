package history

import (
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"time"

	"auditor/internal/finding"
	"auditor/internal/store"
)

// fileName is the history's file in the folder of the snapshots.
const fileName = "history.db"

// Path is where the history of the snapshots in dir is, if there is one.
func Path(dir string) string { return filepath.Join(dir, fileName) }

// Snapshot is a snapshot that the history has taken in.
type Snapshot struct {
	ID                    int64 // 1 for the oldest, without gaps
	File                  string
	SHA256                string
	StartedAt, FinishedAt time.Time
	IsComplete            bool
	Orgs                  []string // sorted
	RulesFingerprint      string   // of the rules that were run, see finding.Fingerprint
	TokenCount            int64    // rows that are in the snapshot
	RequestCount          int64
	RepositoryCount       int64
	PairCount             int64 // tokens with a list, times its repositories
	MemberCount           int64
	Findings              finding.Counts // fails that no exception covered
	ExceptedCount         int64
	UnknownCount          int64
}

// Trend is how bad it was at one snapshot.
type Trend struct {
	SnapshotID int64
	FinishedAt time.Time
	Findings   finding.Counts // fails that no exception covered
	Excepted   int64
	Unknown    int64
}

// EvaluateFunc returns what today's rules find in a snapshot.
type EvaluateFunc func(*store.Snapshot) (iter.Seq[*finding.Finding], []finding.Run, error)

var (
	// ErrNotHistory: the file is not a history of this program.
	ErrNotHistory = errors.New("not a history of auditor")

	// ErrNone: there is no history in the folder.
	ErrNone = errors.New("no history")

	// ErrFiltered: a snapshot of a targeted run shows only a part and is never
	// part of the history.
	ErrFiltered = errors.New("a snapshot of a targeted run is not for the history")

	// ErrNotImported: the history does not know the snapshot.
	ErrNotImported = errors.New("not in the history")
)

// VersionError says that a history was made by a newer program.
type VersionError struct {
	Got  int // version in the file
	Want int // newest version that this program reads
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("history has version %d, this program reads up to %d", e.Got, e.Want)
}

// OutOfOrderError says that a snapshot began before the newest one that the
// history has: a clock went back, or the file came late. Nothing is lost:
// [Rebuild] puts all files in order.
type OutOfOrderError struct {
	File   string
	Newest string // file of the newest snapshot in the history
}

func (e *OutOfOrderError) Error() string {
	return fmt.Sprintf("snapshot %s is not newer than %s, the newest one in the history", e.File, e.Newest)
}

// AlteredError says that a file is not what was published.
type AlteredError struct {
	File string
	Got  string // SHA-256 as it is now
	Want string // SHA-256 as it was
	By   string // who says so: "its .sha256 file" or "the history"
}

func (e *AlteredError) Error() string {
	return fmt.Sprintf("snapshot %s was altered: its SHA-256 is %.12s…, by %s it was %.12s…", e.File, e.Got, e.By, e.Want)
}
