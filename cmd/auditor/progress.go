package main

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"auditor/internal/collect"
	"auditor/internal/sanitize"
	"auditor/internal/store"
)

// progress shows how a collection goes: bars on a terminal, log lines elsewhere.
type progress interface {
	event(collect.Event)
	// log is where to log until close: above the bars, not across them.
	log() *slog.Logger
	close()
}

func (a *app) progress() progress {
	if a.env.stderrWidth > 0 && !a.isQuiet && a.logFormat == "text" {
		return newBars(a.env.stderr, a.env.stderrWidth, a.logOptions())
	}
	return &lines{logger: a.log, now: a.env.now, begun: map[string]time.Time{}, last: map[string]time.Time{}}
}

// bars is one bar a resource, for all organizations together, and a line with
// what is left of the rate limits. mpb draws while an event waits for it, so
// what it draws is in atomics.
type bars struct {
	mu        sync.Mutex
	container *mpb.Progress
	bars      map[string]*bar
	footer    *mpb.Bar
	budgets   map[string]collect.Event // the last one by organization
	left      atomic.Value             // string: what is left of the rate limits
	logger    *slog.Logger
}

type bar struct {
	shown *mpb.Bar
	walks map[string][2]int64 // by organization: done and all
	rows  map[string]int64
	total atomic.Int64 // rows of all organizations
	// isDone says that all walks that are known of are done.
	isDone bool
}

func newBars(w io.Writer, width int, o *slog.HandlerOptions) *bars {
	b := &bars{
		container: mpb.New(mpb.WithOutput(w), mpb.WithAutoRefresh(), mpb.WithWidth(min(30, width/3))),
		bars:      map[string]*bar{}, budgets: map[string]collect.Event{},
	}
	b.logger = newLog(b.container, "text", o)
	b.left.Store("")
	b.footer = b.container.New(0, mpb.NopStyle(), mpb.BarPriority(1000),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return b.left.Load().(string) })))
	return b
}

func (b *bars) event(e collect.Event) {
	if e.Estimate != nil {
		logEstimate(b.logger, e)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	one := b.bars[e.Resource]
	switch {
	case e.Coverage == nil && one == nil:
		one = b.add(e.Resource)
		fallthrough
	case e.Coverage == nil:
		b.budgets[e.Org] = e
		b.left.Store(leastLeft(b.budgets))
		one.rows[e.Org] = max(one.rows[e.Org], e.Rows)
		one.walks[e.Org] = [2]int64{max(int64(e.WalksDone), one.walks[e.Org][0]), int64(e.Walks)}
	case one == nil:
		return // nothing was requested for it
	default:
		all := max(1, one.walks[e.Org][1])
		one.walks[e.Org] = [2]int64{all, all}
	}
	one.show()
}

func (b *bars) log() *slog.Logger { return b.logger }

// logEstimate logs what the run will take.
func logEstimate(log *slog.Logger, e collect.Event) {
	attributes := []any{"org", e.Org, "requests", e.Estimate.Requests, "graphql_queries", e.Estimate.Queries, "at_least", e.Estimate.Duration.Round(time.Second).String()}
	if e.REST.Limit > 0 {
		attributes = append(attributes, "limit_left", e.REST.Remaining)
	}
	if e.Estimate.Waits > 0 {
		attributes = append(attributes, "waits_for_the_hourly_limit", e.Estimate.Waits)
	}
	log.Info("estimate", attributes...)
}

// leastLeft shows the rate limits of the organization that has the fewest
// requests left.
func leastLeft(budgets map[string]collect.Event) string {
	var least *collect.Event
	for _, e := range budgets {
		if e.REST.Limit > 0 && (least == nil || e.REST.Remaining < least.REST.Remaining) {
			least = &e
		}
	}
	if least == nil {
		return ""
	}
	text := fmt.Sprintf("rate limit of %s: %d of %d requests left", sanitize.Line(least.Org), least.REST.Remaining, least.REST.Limit)
	if least.GraphQL.Limit > 0 {
		text += fmt.Sprintf(", %d of %d GraphQL points", least.GraphQL.Remaining, least.GraphQL.Limit)
	}
	return text + least.REST.Reset.Format(", until 15:04 MST")
}

func (b *bars) add(resource string) *bar {
	one := &bar{walks: map[string][2]int64{}, rows: map[string]int64{}}
	one.shown = b.container.AddBar(0,
		mpb.PrependDecorators(decor.Name(resource, decor.WCSyncSpaceR)),
		mpb.AppendDecorators(
			decor.CountersNoUnit("%d/%d", decor.WCSyncSpace),
			decor.Any(func(decor.Statistics) string { return fmt.Sprintf("%d rows", one.total.Load()) }, decor.WCSyncSpace),
			decor.AverageSpeed(0, "%.0f/s", decor.WCSyncSpace),
			decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace), "done"),
		),
	)
	b.bars[resource] = one
	return one
}

func (b *bar) show() {
	var done, all, rows int64
	for org, w := range b.walks {
		done += w[0]
		all += w[1]
		rows += b.rows[org]
	}
	b.total.Store(rows)
	b.isDone = done == all
	b.shown.SetTotal(all, false)
	b.shown.SetCurrent(done)
}

func (b *bars) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, one := range b.bars {
		if one.isDone {
			one.shown.SetTotal(-1, true)
		} else {
			one.shown.Abort(false) // interrupted: the bar stays where it was
		}
	}
	b.footer.SetTotal(-1, true)
	b.container.Wait()
}

// lines logs a line when a resource is done, and every 30 seconds until then.
type lines struct {
	mu     sync.Mutex
	logger *slog.Logger
	now    func() time.Time
	begun  map[string]time.Time // by organization and resource
	last   map[string]time.Time // line of it
}

const lineEvery = 30 * time.Second

func (l *lines) event(e collect.Event) {
	if e.Estimate != nil {
		logEstimate(l.logger, e)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Coverage != nil {
		switch e.Coverage.Status {
		case store.StatusComplete: // the others are reported at the end, with their reasons
			l.logger.Info("collected", "org", e.Org, "resource", e.Resource, "status", e.Coverage.Status, "rows", e.Coverage.RowCount, "requests", e.Coverage.RequestCount, "took", e.Coverage.Duration.Round(time.Millisecond).String())
		case store.StatusSkipped:
			l.logger.Debug("not collected", "org", e.Org, "resource", e.Resource, "why", e.Coverage.Message)
		}
		return
	}
	key := e.Org + "/" + e.Resource
	now := l.now()
	if l.begun[key].IsZero() {
		l.begun[key], l.last[key] = now, now
	}
	if now.Sub(l.last[key]) < lineEvery {
		return
	}
	l.last[key] = now
	attributes := []any{"org", e.Org, "resource", e.Resource, "done", e.WalksDone, "of", e.Walks, "rows", e.Rows}
	if elapsed := now.Sub(l.begun[key]); e.WalksDone > 0 {
		left := elapsed * time.Duration(e.Walks-e.WalksDone) / time.Duration(e.WalksDone)
		attributes = append(attributes, "rate", fmt.Sprintf("%.1f/s", float64(e.WalksDone)/elapsed.Seconds()), "time_left", left.Round(time.Second).String())
	}
	if e.REST.Limit > 0 {
		attributes = append(attributes, "limit_left", e.REST.Remaining)
	}
	l.logger.Info("collecting", attributes...)
}

func (l *lines) log() *slog.Logger { return l.logger }

func (l *lines) close() {}
