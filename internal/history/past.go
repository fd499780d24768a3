package history

import (
	"cmp"
	"context"
	"slices"
	"time"

	"auditor/internal/finding"
	"auditor/internal/store"
)

// Past is what the history knows of the time before a snapshot: all that
// reports ask, read once.
type Past struct {
	Now      Snapshot // the snapshot itself; ID 0: the history does not have it
	Previous Snapshot // the newest one before it about any of its organizations

	// AlteredSHA256 is the checksum that the snapshot's file had when it was
	// merged, if it has another one now; else "".
	AlteredSHA256 string

	// Of what was found in Previous, Statuses has those of the keys that are found
	// again, a fail before an unknown, and Gone all others.
	Statuses map[finding.Key]finding.Status
	Gone     []finding.Finding

	Runs        []finding.Run             // rules that were run on Previous
	FirstSeen   map[finding.Key]time.Time // when findings of Previous were first a fail
	Trend       map[string][]Trend        // by report, up to Previous, of the same organizations
	Changes     []finding.Change          // from Previous to Now; nil if the history does not have Now
	NotCompared []finding.NotCompared     // what Changes does not cover

	before map[string]bool // by checksum, all snapshots before
}

// Has says whether a snapshot before is in the history, by its checksum.
func (p *Past) Has(sha256 string) bool { return p.before[sha256] }

// Past reads what the history knows of the time before a snapshot. Where it has
// nothing about the snapshot's organizations, Previous.ID is 0 and the rest empty.
// What is newer than the snapshot is left out. reports are the names whose trends
// are read, isFound holds for the keys of what is found in the snapshot itself: all
// that was found before would take as much memory once more.
func (h *History) Past(ctx context.Context, now store.Info, reports []string, isFound func(finding.Key) bool) (*Past, error) {
	all, err := h.Snapshots(ctx)
	if err != nil {
		return nil, err
	}
	p := &Past{before: map[string]bool{}}
	same := p.place(all, now)
	if p.Previous.ID == 0 {
		return p, nil
	}
	return p, p.read(ctx, h, reports, same, isFound)
}

// place finds the snapshot and the one before it among all of the history. It
// returns the snapshots before it that are about any of the same organizations.
func (p *Past) place(all []Snapshot, now store.Info) (same map[int64]bool) {
	same = map[int64]bool{}
	for _, s := range all {
		switch {
		case s.SHA256 == now.SHA256:
			p.Now = s
			return same
		case s.File == now.File:
			p.AlteredSHA256 = s.SHA256
		}
		if !s.StartedAt.Before(now.StartedAt) {
			return same
		}
		p.before[s.SHA256] = true
		if slices.ContainsFunc(s.Orgs, func(org string) bool { return slices.Contains(now.Orgs, org) }) {
			p.Previous, same[s.ID] = s, true
		}
	}
	return same
}

func (p *Past) read(ctx context.Context, h *History, reports []string, same map[int64]bool, isFound func(finding.Key) bool) (err error) {
	p.Statuses = map[finding.Key]finding.Status{}
	err = h.eachFinding(ctx, p.Previous.ID, "", func(f finding.Finding) {
		switch {
		case !isFound(f.Key):
			p.Gone = append(p.Gone, f)
		case p.Statuses[f.Key] != finding.Fail:
			p.Statuses[f.Key] = f.Status
		}
	})
	if err != nil {
		return err
	}
	slices.SortFunc(p.Gone, func(a, b finding.Finding) int { return cmp.Compare(a.Key, b.Key) })
	if p.Runs, err = h.Rules(ctx, p.Previous.ID); err != nil {
		return err
	}
	if p.FirstSeen, err = h.FirstSeen(ctx, p.Previous.ID, ""); err != nil {
		return err
	}
	p.Trend = map[string][]Trend{}
	for _, report := range reports {
		list, err := h.Trend(ctx, report, p.Previous.ID)
		if err != nil {
			return err
		}
		p.Trend[report] = slices.DeleteFunc(list, func(t Trend) bool { return !same[t.SnapshotID] })
	}
	if p.Now.ID == 0 {
		return nil
	}
	if p.Changes, err = h.Diff(ctx, p.Previous.ID, p.Now.ID); err != nil {
		return err
	}
	p.NotCompared, err = h.NotCompared(ctx, p.Previous.ID, p.Now.ID)
	return err
}
