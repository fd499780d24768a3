package history

import (
	"auditor/internal/store"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Choice finds the snapshots of a folder, and of its history, that a user names.
// Start with [NewChoice].
type Choice struct {
	dir    string
	here   []string    // paths of the folder's snapshots, oldest first
	merged []Snapshot  // of the history, oldest first
	warn   func(error) // a file is not what was published, the history takes its place
}

// ChoiceError says that what a user named is no choice of two snapshots.
type ChoiceError struct{ err error }

func (e *ChoiceError) Error() string { return e.err.Error() }
func (e *ChoiceError) Unwrap() error { return e.err }

func choiceErrorf(format string, args ...any) error {
	return &ChoiceError{fmt.Errorf(format, args...)}
}

// NewChoice lists what there is to choose from. It calls warn where a file was
// altered, or cannot be read, and the history takes its place.
func NewChoice(ctx context.Context, dir string, warn func(error)) (*Choice, error) {
	known, err := Known(ctx, dir)
	if err != nil {
		return nil, err
	}
	here, err := store.Published(dir)
	if err != nil {
		return nil, err
	}
	return &Choice{dir: dir, here: here, merged: known, warn: warn}, nil
}

// Known lists what the history of a folder has, the oldest first; nothing if
// there is no
func Known(ctx context.Context, dir string) ([]Snapshot, error) {
	h, err := Find(ctx, dir)
	if errors.Is(err, ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer h.Close()
	return h.Snapshots(ctx)
}

// Pair is two snapshots, the older first, and a history that has both. Close it.
type Pair struct {
	Old, New Snapshot
	History  *History

	temporary string // folder of the history; "" if it is that of the snapshots
}

// Close closes the history, and removes one that was made for this pair.
func (p *Pair) Close() error {
	err := p.History.Close()
	if p.temporary != "" {
		err = errors.Join(err, os.RemoveAll(p.temporary))
	}
	return err
}

// Pair finds two snapshots by up to two names, the older one first: paths, file
// names, or beginnings of names ("20261120", "2026-11-20"). The newest ones take
// the place of those that are not named. Of files that the history has not both
// of, it makes a temporary  What cannot be a pair is a [ChoiceError].
func (c *Choice) Pair(ctx context.Context, names []string) (*Pair, error) {
	old, new, err := c.two(ctx, names)
	if err != nil {
		return nil, err
	}
	if old.known.ID > 0 && new.known.ID > 0 {
		h, err := Find(ctx, c.dir)
		if err != nil {
			return nil, err
		}
		return &Pair{Old: old.known, New: new.known, History: h}, nil
	}
	for _, one := range []*chosen{&old, &new} {
		if one.path == "" {
			return nil, fmt.Errorf("snapshot %s was pruned, and the history has not both: %w", one.name, ErrNotImported)
		}
	}
	return pairOfFiles(ctx, &old, &new)
}

// pairOfFiles makes a temporary history of two files.
func pairOfFiles(ctx context.Context, old, new *chosen) (p *Pair, err error) {
	dir, err := os.MkdirTemp("", "auditor-diff-")
	if err != nil {
		return nil, err
	}
	h, err := Open(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	p = &Pair{History: h, temporary: dir}
	if p.Old, err = importFile(ctx, h, old.path); err == nil {
		p.New, err = importFile(ctx, h, new.path)
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// importFile imports a file into a history and returns what it is there.
func importFile(ctx context.Context, h *History, path string) (Snapshot, error) {
	s, err := store.Open(ctx, path)
	if err != nil {
		return Snapshot{}, err
	}
	defer s.Close()
	if err := h.Import(ctx, s, nil, nil); err != nil {
		return Snapshot{}, err
	}
	return h.Find(ctx, s)
}

// chosen is one snapshot: known to the history, or a file, or both.
type chosen struct {
	name  string
	path  string // "": pruned
	start time.Time
	known Snapshot // ID 0: not in the history
}

// two finds the two snapshots, the older first.
func (c *Choice) two(ctx context.Context, args []string) (old, new chosen, err error) {
	if len(args) < 2 {
		old, new, err = c.newest(ctx, len(args))
	}
	if err == nil && len(args) > 0 {
		old, err = c.find(ctx, args[0])
	}
	if err == nil && len(args) == 2 {
		new, err = c.find(ctx, args[1])
	}
	switch {
	case err != nil:
	case old.name == new.name && old.known.SHA256 == new.known.SHA256 && old.start.Equal(new.start):
		err = choiceErrorf("%s would be compared with itself", old.name)
	case !old.start.Before(new.start):
		err = choiceErrorf("%s is not older than %s: give the older one first", old.name, new.name)
	}
	return old, new, err
}

// newest finds the two newest whole snapshots, or the newest alone when the
// other one is given.
func (c *Choice) newest(ctx context.Context, given int) (old, new chosen, err error) {
	var found []chosen
	for _, name := range slices.Backward(c.names()) {
		one, err := c.named(ctx, name)
		if isUnfit(err) {
			continue
		}
		if err != nil {
			return old, new, err
		}
		if found = append(found, one); len(found)+given == 2 {
			break
		}
	}
	switch {
	case len(found) == 0:
		return old, new, fmt.Errorf("%w in %s", store.ErrNoSnapshot, c.dir)
	case given == 1:
		return old, found[0], nil
	case len(found) == 1:
		return old, new, fmt.Errorf("there is only one snapshot in %s, %s: nothing to compare it with", c.dir, found[0].name)
	}
	return found[1], found[0], nil
}

// isUnfit says whether a file is left out of the choice of the newest ones.
func isUnfit(err error) bool {
	var schema *store.SchemaError
	return errors.Is(err, ErrFiltered) || errors.Is(err, store.ErrNotSnapshot) || errors.As(err, &schema)
}

// names of all snapshots, in the folder or in the history, oldest first.
func (c *Choice) names() []string {
	var names []string
	for _, path := range c.here {
		names = append(names, filepath.Base(path))
	}
	for _, s := range c.merged {
		names = append(names, s.File)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// find takes a path, a name, or the beginning of a name.
func (c *Choice) find(ctx context.Context, text string) (chosen, error) {
	if stat, err := os.Stat(text); err == nil && stat.Mode().IsRegular() {
		return c.file(ctx, text)
	}
	if strings.ContainsRune(text, filepath.Separator) {
		_, err := os.Stat(text)
		name := filepath.Base(text)
		isOurs := filepath.Clean(filepath.Dir(text)) == filepath.Clean(c.dir)
		if !isOurs || !slices.Contains(c.names(), name) {
			return chosen{}, fmt.Errorf("open snapshot: %w", err)
		}
		return c.named(ctx, name)
	}
	start := strings.NewReplacer("-", "", ":", "").Replace(text)
	var fits []string
	for _, name := range c.names() {
		if name == text {
			return c.named(ctx, name)
		}
		if text != "" && strings.HasPrefix(name, start) {
			fits = append(fits, name)
		}
	}
	switch len(fits) {
	case 0:
		return chosen{}, choiceErrorf("no snapshot in %s is a file %q or has a name that begins with it: auditor snapshots list --all shows them", c.dir, text)
	case 1:
		return c.named(ctx, fits[0])
	}
	return chosen{}, choiceErrorf("%q fits %d snapshots, from %s to %s: say more of the name", text, len(fits), fits[0], fits[len(fits)-1])
}

// named is a snapshot of the folder or of the
func (c *Choice) named(ctx context.Context, name string) (chosen, error) {
	path := filepath.Join(c.dir, name)
	if _, err := os.Lstat(path); err == nil {
		return c.file(ctx, path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return chosen{}, err
	}
	for _, s := range c.merged {
		if s.File == name {
			return chosen{name: name, start: s.StartedAt, known: s}, nil
		}
	}
	return chosen{}, fmt.Errorf("open snapshot %s: %w", path, fs.ErrNotExist)
}

// file looks at a file, and whether the history has it. One that was altered
// since is compared as it was, if it lies where it was merged from.
func (c *Choice) file(ctx context.Context, path string) (chosen, error) {
	isOurs := filepath.Clean(filepath.Dir(path)) == filepath.Clean(c.dir)
	s, err := store.Open(ctx, path)
	if err != nil {
		return c.broken(path, isOurs, err)
	}
	defer s.Close()
	info := s.Info()
	if info.Filters != "" {
		return chosen{}, choiceErrorf("snapshot %s: %w", info.File, ErrFiltered)
	}
	one := chosen{name: info.File, path: path, start: info.StartedAt}
	for _, known := range c.merged {
		switch {
		case known.SHA256 == info.SHA256:
			one.known = known
			return one, nil
		case known.File == info.File && isOurs:
			return c.broken(path, isOurs, &AlteredError{File: info.File, Got: info.SHA256, Want: known.SHA256, By: "the history"})
		}
	}
	return one, nil
}

// broken takes the place of a file that is not what was published with what the
// history has of it.
func (c *Choice) broken(path string, isOurs bool, err error) (chosen, error) {
	for _, known := range c.merged {
		if isOurs && known.File == filepath.Base(path) {
			c.warn(err)
			return chosen{name: known.File, path: path, start: known.StartedAt, known: known}, nil
		}
	}
	return chosen{}, err
}
