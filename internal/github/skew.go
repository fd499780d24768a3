package github

import (
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// skewNoise is the difference of the clocks that is within the error of
	// measurement: the Date header has whole seconds, and answers take a while.
	skewNoise = 2 * time.Second
	// SkewToReport is the difference of the clocks that is worth a warning.
	// GitHub accepts web tokens that are up to about a minute old.
	SkewToReport = time.Minute
)

// skew is how far the server's clock is ahead of ours; negative: behind.
type skew struct {
	nanoseconds atomic.Int64
	isReported  atomic.Bool
}

// measureSkew compares the Date header of an answer with our clock. The server
// wrote it after sent and before now.
func (s *settings) measureSkew(h http.Header, sent time.Time) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	least, most := date.Sub(s.now()), date.Add(time.Second).Sub(sent)
	var ahead time.Duration
	if least > skewNoise || most < -skewNoise {
		ahead = (least + most) / 2
	}
	s.skew.nanoseconds.Store(int64(ahead))
	if ahead.Abs() >= SkewToReport && s.skew.isReported.CompareAndSwap(false, true) {
		s.onSkew(ahead)
	}
}

func (s *settings) ahead() time.Duration { return time.Duration(s.skew.nanoseconds.Load()) }

// serverNow is what the server's clock shows, as far as is known.
func (s *settings) serverNow() time.Time { return s.now().Add(s.ahead()) }

// ours converts a time of the server's clock to ours; zero stays zero.
func (s *settings) ours(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-s.ahead())
}
