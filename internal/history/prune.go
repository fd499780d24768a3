package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"auditor/internal/store"
)

// Keep says which snapshots stay when a folder is pruned: so many of the
// newest, and the newest one of so many of the last days, weeks (from Monday)
// and months that have any, all of them in UTC.
type Keep struct{ Last, Daily, Weekly, Monthly int }

// stalePartial is how old a partial is when no run will resume it.
const stalePartial = 24 * time.Hour

// Pruned is a file of the folder and what pruning does with it.
type Pruned struct {
	File      string
	StartedAt time.Time
	Size      int64    // in bytes
	IsToGo    bool     // deleted, or to be deleted
	Why       []string // what keeps it, or why it goes
}

// periods of [Keep]: two snapshots whose start is printed alike are of one.
func (k Keep) periods() []period {
	format := func(layout string) func(time.Time) string {
		return func(t time.Time) string { return t.Format(layout) }
	}
	return []period{
		{"last", k.Last, func(t time.Time) string { return t.Format(store.FileTime) }},
		{"day", k.Daily, format(time.DateOnly)},
		{"week", k.Weekly, func(t time.Time) string {
			year, week := t.ISOWeek()
			return fmt.Sprintf("%d-W%02d", year, week)
		}},
		{"month", k.Monthly, format("2006-01")},
	}
}

type period struct {
	name  string
	count int
	of    func(time.Time) string
}

// reasons lists for each start, newest first, what keeps it.
func (k Keep) reasons(starts []time.Time) [][]string {
	out := make([][]string, len(starts))
	for _, p := range k.periods() {
		last, n := "", 0
		for i, start := range starts {
			this := p.of(start.UTC())
			if this == last {
				continue
			}
			if n++; n > p.count {
				break
			}
			last = this
			why := "the newest of " + p.name + " " + this
			if p.name == "last" {
				why = fmt.Sprintf("one of the last %d", p.count)
			}
			out[i] = append(out[i], why)
		}
	}
	return out
}

// PlanPruning lists the published snapshots of a folder, newest first, then
// stale partials, and says which of them would go. Those go that no period
// keeps and that the history has, as they are; never the newest one nor the
// newest complete one, and nothing that is no published, unfiltered snapshot of
// ours.
func PlanPruning(ctx context.Context, dir string, keep Keep, now time.Time) ([]Pruned, error) {
	plan, err := planPruning(ctx, dir, keep, now)
	if err != nil {
		return nil, fmt.Errorf("plan the pruning of %s: %w", dir, err)
	}
	return plan, nil
}

// Prune deletes what [PlanPruning] lists to go, each with its checksum, while no
// run is at work in the folder ([store.ErrInUse]). What it returns holds also with an
// error: those that are gone have IsToGo.
func Prune(ctx context.Context, dir string, keep Keep, now time.Time) ([]Pruned, error) {
	lock, err := store.Lock(dir)
	if err != nil {
		return nil, err
	}
	plan, err := planPruning(ctx, dir, keep, now)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prune %s: %w", dir, err), lock.Unlock())
	}
	var problems []error
	for i := range plan {
		if !plan[i].IsToGo || ctx.Err() != nil {
			plan[i].IsToGo = false
			continue
		}
		if err := remove(dir, plan[i].File); err != nil {
			plan[i].IsToGo = false
			problems = append(problems, err)
		}
	}
	if err := errors.Join(errors.Join(problems...), store.SyncDir(dir), ctx.Err()); err != nil {
		return plan, errors.Join(fmt.Errorf("prune %s: %w", dir, err), lock.Unlock())
	}
	return plan, lock.Unlock()
}

// remove deletes a file and what belongs to it. The checksum goes first: one
// without its file means that the file was lost.
func remove(dir, name string) error {
	path := filepath.Join(dir, name)
	beside := []string{".sha256"}
	if strings.HasSuffix(name, store.PartialSuffix) {
		beside = []string{"-journal"}
	}
	for _, suffix := range beside {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Remove(path)
}

func planPruning(ctx context.Context, dir string, keep Keep, now time.Time) ([]Pruned, error) {
	names, err := store.Names(dir, ".db")
	if err != nil {
		return nil, err
	}
	merged, err := mergedSums(ctx, dir)
	if err != nil {
		return nil, err
	}
	p := pruning{dir: dir, merged: merged}
	for _, name := range names {
		if err := p.look(ctx, name); err != nil {
			return nil, err
		}
	}
	if err := p.decide(ctx, keep); err != nil {
		return nil, err
	}
	partials, err := stalePartials(dir, now)
	return append(p.list, partials...), err
}

// mergedSums are the checksums of the snapshots that the history has, by file;
// none if there is no history.
func mergedSums(ctx context.Context, dir string) (map[string]string, error) {
	sums := map[string]string{}
	h, err := Find(ctx, dir)
	if errors.Is(err, ErrNone) {
		return sums, nil
	}
	if err != nil {
		return nil, err
	}
	defer h.Close()
	all, err := h.Snapshots(ctx)
	for _, s := range all {
		sums[s.File] = s.SHA256
	}
	return sums, err
}

// pruning is a plan being made.
type pruning struct {
	dir     string
	merged  map[string]string
	list    []Pruned
	ours    []int // places in list of those that periods are about
	newest  int   // place of the newest complete one, -1: none
	isFound bool
}

// look says what a file is: Why has what speaks against pruning it.
func (p *pruning) look(ctx context.Context, name string) error {
	stat, err := os.Stat(filepath.Join(p.dir, name))
	if err != nil {
		return err
	}
	item := Pruned{File: name, Size: stat.Size()}
	if item.StartedAt, err = time.Parse(store.FileTime, strings.TrimSuffix(name, ".db")); err != nil {
		item.Why = []string{"its name is no time"}
		p.list = append(p.list, item)
		return nil
	}
	s, err := store.Open(ctx, filepath.Join(p.dir, name))
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		item.Why = []string{"not a snapshot that this auditor can read: auditor snapshots verify says more"}
		p.list = append(p.list, item)
		return nil
	}
	if s.Brief().Filters != "" {
		item.Why = []string{"of a targeted run, so the history cannot stand for it: delete it by hand"}
	} else {
		p.ours = append(p.ours, len(p.list))
		if s.Brief().IsComplete && !p.isFound {
			p.newest, p.isFound = len(p.list), true
		}
	}
	p.list = append(p.list, item)
	return s.Close()
}

// decide holds the periods against the list, and what they do not keep against
// the history.
func (p *pruning) decide(ctx context.Context, keep Keep) error {
	starts := make([]time.Time, len(p.ours))
	for i, place := range p.ours {
		starts[i] = p.list[place].StartedAt
	}
	for i, why := range keep.reasons(starts) {
		item := &p.list[p.ours[i]]
		if i == 0 {
			why = append(why, "the newest one")
		}
		if p.isFound && p.ours[i] == p.newest {
			why = append(why, "the newest complete one")
		}
		if item.Why = why; len(why) > 0 {
			continue
		}
		sum, isMerged := p.merged[item.File]
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !isMerged:
			item.Why = []string{"not in the history yet: the next run merges it"}
		case store.FileSum(filepath.Join(p.dir, item.File)) != sum:
			item.Why = []string{"altered since it was merged into the history: auditor snapshots verify says more"}
		default:
			item.IsToGo, item.Why = true, []string{"no period keeps it, and the history has it"}
		}
	}
	return nil
}

// stalePartials lists what runs left that ended early and that no run resumed.
func stalePartials(dir string, now time.Time) ([]Pruned, error) {
	names, err := store.Names(dir, ".db"+store.PartialSuffix)
	if err != nil {
		return nil, err
	}
	var list []Pruned
	for _, name := range names {
		stat, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		startedAt, err := time.Parse(store.FileTime, strings.TrimSuffix(name, ".db"+store.PartialSuffix))
		if err != nil || now.Sub(startedAt) < stalePartial || now.Sub(stat.ModTime()) < stalePartial {
			continue
		}
		list = append(list, Pruned{
			File: name, StartedAt: startedAt, Size: stat.Size(), IsToGo: true,
			Why: []string{"left by a run that ended early, and too old to be resumed"},
		})
	}
	return list, nil
}
