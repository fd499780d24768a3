package store

import "time"

// CoverageStatus is how far a resource could be read, as the view coverage
// names it.
type CoverageStatus string

const (
	StatusComplete CoverageStatus = "complete" // read to its end
	StatusPartial  CoverageStatus = "partial"  // some of it is missing; the message says what
	StatusDenied   CoverageStatus = "denied"   // GitHub refused; the permission says what to grant
	StatusFailed   CoverageStatus = "failed"   // it could not be read; the message says why
	StatusSkipped  CoverageStatus = "skipped"  // not requested; the message says why
)

// IsComplete reports whether nothing of the resource is missing.
func (s CoverageStatus) IsComplete() bool { return s == StatusComplete }

// IsUnread reports whether nothing of the resource was read.
func (s CoverageStatus) IsUnread() bool {
	return s == StatusDenied || s == StatusFailed || s == StatusSkipped
}

// IsMissing reports whether the snapshot lacks something that it was to have:
// an optional resource may be skipped, a required one may not.
func (s CoverageStatus) IsMissing(isRequired bool) bool {
	return !s.IsComplete() && (s != StatusSkipped || isRequired)
}

// Coverage is how far a resource of an organization could be read.
type Coverage struct {
	Org, Resource string
	Status        CoverageStatus
	IsRequired    bool
	HTTPStatus    int    // of the request that failed; 0: none
	Message       string // "": nothing to say
	Permission    string // to grant to the App; "": none is missing
	Duration      time.Duration
	// Filled by the store: rows in the file, and what reading them took.
	RowCount, RequestCount, RetryCount, RereadCount int64
	Waited                                          time.Duration
}
