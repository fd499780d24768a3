package main

import (
	"log/slog"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"auditor/internal/collect"
)

// progress shows how a collection goes: bars on a terminal, log lines elsewhere.
type progress interface {
	event(collect.Event)
	close()
}

func (a *app) progress() progress {
	if a.stderrWidth > 0 && !a.isQuiet && a.logFormat == "text" {
		return &bars{container: mpb.New(mpb.WithOutput(a.stderr), mpb.WithWidth(min(40, a.stderrWidth/2))), bars: map[string]*bar{}}
	}
	return &lines{log: a.log, now: a.now, last: map[string]time.Time{}}
}

// bars is one bar a resource, for all organizations together.
type bars struct {
	mu        sync.Mutex
	container *mpb.Progress
	bars      map[string]*bar
}

type bar struct {
	*mpb.Bar
	walks map[string][2]int64 // by organization: done and all
	rows  map[string]int64
}

func (b *bars) event(e collect.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	one := b.bars[e.Resource]
	if one == nil {
		if e.Coverage != nil && e.Coverage.Status == "skipped" {
			return
		}
		one = b.add(e.Resource)
	}
	done, all := int64(e.WalksDone), int64(e.Walks)
	if e.Coverage != nil {
		one.rows[e.Org] = e.Coverage.RowCount
		all = max(1, one.walks[e.Org][1])
		done = all
	} else {
		one.rows[e.Org] = max(one.rows[e.Org], e.Rows)
	}
	one.walks[e.Org] = [2]int64{max(done, one.walks[e.Org][0]), all}
	one.show()
}

func (b *bars) add(resource string) *bar {
	one := &bar{walks: map[string][2]int64{}, rows: map[string]int64{}}
	one.Bar = b.container.AddBar(0,
		mpb.PrependDecorators(decor.Name(resource, decor.WCSyncSpaceR)),
		mpb.AppendDecorators(
			decor.CountersNoUnit("%d/%d", decor.WCSyncSpace),
			decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace),
		),
	)
	b.bars[resource] = one
	return one
}

func (b *bar) show() {
	var done, all int64
	for _, w := range b.walks {
		done += w[0]
		all += w[1]
	}
	b.SetTotal(all, false)
	b.SetCurrent(done)
}

func (b *bars) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, one := range b.bars {
		one.SetTotal(-1, true)
	}
	b.container.Wait()
}

// lines logs a line when a resource is done, and every 30 seconds until then.
type lines struct {
	mu   sync.Mutex
	log  *slog.Logger
	now  func() time.Time
	last map[string]time.Time
}

const lineEvery = 30 * time.Second

func (l *lines) event(e collect.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Coverage != nil {
		if e.Coverage.Status == "complete" { // the others are told at the end, with their reasons
			l.log.Info("collected", "org", e.Org, "resource", e.Resource, "status", e.Coverage.Status, "rows", e.Coverage.RowCount)
		}
		return
	}
	key := e.Org + "/" + e.Resource
	if l.last[key].IsZero() {
		l.last[key] = l.now()
	}
	if l.now().Sub(l.last[key]) >= lineEvery {
		l.last[key] = l.now()
		l.log.Info("collecting", "org", e.Org, "resource", e.Resource, "done", e.WalksDone, "of", e.Walks, "rows", e.Rows)
	}
}

func (l *lines) close() {}
