package store

import (
	"errors"
	"fmt"
	"time"
)

// historyName is the history's file in the folder of the snapshots.
const historyName = "history.db"

// HistoryFinding is one finding as the history keeps it. It is given by who
// judges: the history knows no rules.
type HistoryFinding struct {
	Key        string // "<rule>:<org>:<stable key of the subject>", the same in every snapshot
	Rule       string // id, "stale-tokens/unused"
	Org        string
	Severity   string // critical, high, medium or low
	Status     string // fail or unknown
	Subject    HistorySubject
	Reason     string // kept in the words of the newest snapshot that has the finding
	IsExcepted bool   // an exception of the configuration covered it
}

// HistorySubject is what a finding or a change is about.
type HistorySubject struct {
	Kind  string // token, request, repository, org; of changes also member
	ID    string // grant, request, repository or user id, or login
	Name  string
	URL   string // GitHub's page; "" unknown
	Owner string // login of the owner of a token or request; else ""
}

// HistoryRule is a rule that was run on a snapshot, also one that found nothing.
type HistoryRule struct {
	ID          string
	Fingerprint string   // of all that decides what it finds: query, parameters, severity, exceptions
	Blind       []string // organizations of which it could not see all that it reads
}

// HistorySnapshot is a snapshot that the history has taken in.
type HistorySnapshot struct {
	ID                    int64 // 1 for the oldest, without gaps
	File                  string
	SHA256                string
	StartedAt, FinishedAt time.Time
	IsComplete            bool
	Orgs                  []string // sorted
	RulesFingerprint      string   // see RulesFingerprint
	TokenCount            int64    // rows that are in the snapshot
	RequestCount          int64
	RepositoryCount       int64
	PairCount             int64 // tokens with a list, times its repositories
	MemberCount           int64
	Findings              SeverityCounts // fails that no exception covered
	ExceptedCount         int64
	UnknownCount          int64
}

// SeverityCounts has a count for each severity.
type SeverityCounts struct{ Critical, High, Medium, Low int64 }

// HistoryTrend is how bad it was at one snapshot.
type HistoryTrend struct {
	SnapshotID int64
	FinishedAt time.Time
	Findings   SeverityCounts // fails that no exception covered
	Excepted   int64
	Unknown    int64
}

// Change is something that is otherwise in a later snapshot.
type Change struct {
	Kind    string // token, request, repository, setting, protection or member
	Change  string // new, gone, widened, narrowed, renewed, awake, renamed, published, archived, enabled, disabled, weakened, strengthened or changed
	Org     string
	Subject HistorySubject
	Before  string // JSON object of what differs; "" for new
	After   string // JSON object of what differs; "" for gone
	Detail  string // one sentence
}

// NotCompared is a resource of which a difference would say nothing.
type NotCompared struct {
	Org, Resource string
	Why           string // a sentence
}

// JudgeFunc tells what today's rules find in a snapshot.
type JudgeFunc func(*Snapshot) ([]HistoryFinding, []HistoryRule, error)

var (
	// ErrNotHistory: the file is not a history of this program.
	ErrNotHistory = errors.New("not a history of auditor")

	// ErrNoHistory: there is no history in the folder.
	ErrNoHistory = errors.New("no history")

	// ErrFiltered: a snapshot of a targeted run shows only a part and is never
	// part of the history.
	ErrFiltered = errors.New("a snapshot of a targeted run is not for the history")

	// ErrNotMerged: the history does not know the snapshot.
	ErrNotMerged = errors.New("not in the history")
)

// HistoryVersionError says that a history was made by a newer program.
type HistoryVersionError struct {
	Got  int // version in the file
	Want int // newest version that this program reads
}

func (e *HistoryVersionError) Error() string {
	return fmt.Sprintf("history has version %d, this program reads up to %d", e.Got, e.Want)
}

// OutOfOrderError says that a snapshot began before the newest one that the
// history has: a clock went back, or the file came late. Nothing is lost:
// [RebuildHistory] puts all files in order.
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
