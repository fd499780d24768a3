package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"auditor/internal/sqlite"
	"auditor/internal/store"
)

// Verified is what [Verify] says about one file.
type Verified struct {
	File     string
	Problems []string // none: it is sound
	Notes    []string // what is as it should be, and still worth a word
}

// Verify checks every published snapshot of a folder, the oldest first: its
// checksum by its .sha256 file and by the history, its schema version, and
// whether SQLite finds it sound; then the snapshots that the history knows and
// that are not there, and the history itself. It changes nothing.
func Verify(ctx context.Context, dir string) ([]Verified, error) {
	v := verification{dir: dir, merged: map[string]string{}}
	if err := v.readNames(); err != nil {
		return nil, err
	}
	history := v.history(ctx)
	for _, name := range v.names {
		v.list = append(v.list, v.snapshot(ctx, name))
	}
	v.absent()
	v.list = append(v.list, history)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("verify %s: %w", dir, context.Cause(ctx))
	}
	return v.list, nil
}

type verification struct {
	dir    string
	names  []string          // of published snapshots, oldest first
	sums   []string          // of files with a checksum, oldest first
	merged map[string]string // checksum by file, as the history has it
	order  []string          // files in the order of the history
	list   []Verified
}

func (v *verification) readNames() (err error) {
	if v.names, err = store.Names(v.dir, ".db"); err != nil {
		return err
	}
	slices.Reverse(v.names)
	entries, err := os.ReadDir(v.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("list snapshots: %w", err)
	}
	for _, entry := range entries {
		name, isSum := strings.CutSuffix(entry.Name(), ".sha256")
		if isSum && store.IsName(name) {
			v.sums = append(v.sums, name)
		}
	}
	return nil
}

func (v *verification) snapshot(ctx context.Context, name string) Verified {
	out := Verified{File: name}
	path := filepath.Join(v.dir, name)
	sum := store.FileSum(path)
	out.fail(v.published(name, sum))
	s, err := store.Open(ctx, path)
	if err != nil {
		out.fail(reasonOf(err))
	} else {
		out.fail(integrity(ctx, s.Database()))
		isFiltered := s.Brief().Filters != ""
		s.Close()
		switch merged, isMerged := v.merged[name]; {
		case isFiltered:
			out.Notes = append(out.Notes, "of a targeted run: not for the history")
		case !isMerged && len(v.merged) > 0:
			out.Notes = append(out.Notes, "not in the history: the next run merges it, if it is newer than all that are")
		case isMerged && merged == sum:
			out.Notes = append(out.Notes, "as it was when it was merged into the history")
		}
	}
	if merged, isMerged := v.merged[name]; isMerged && merged != sum {
		out.fail(fmt.Sprintf("altered since it was merged: its SHA-256 is %.12s…, the history has %.12s…", sum, merged))
	}
	return out
}

// reasonOf is an error of Open less the path, which File has.
func reasonOf(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		if !strings.HasPrefix(err.Error(), "open snapshot ") {
			break
		}
		err = inner
	}
	return err.Error()
}

// fail notes a problem; "" is none.
func (v *Verified) fail(problem string) {
	if problem != "" {
		v.Problems = append(v.Problems, problem)
	}
}

// published holds a checksum against the one that was published beside the file.
func (v *verification) published(name, sum string) (problem string) {
	if sum == "" {
		return "it cannot be read"
	}
	want, err := store.PublishedSum(filepath.Join(v.dir, name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "its .sha256 file is missing"
	case err != nil:
		return err.Error()
	case want != sum:
		return fmt.Sprintf("altered since it was published: its SHA-256 is %.12s…, its .sha256 file has %.12s…", sum, want)
	}
	return ""
}

// integrity is what is wrong with a file, "" if every page is sound.
func integrity(ctx context.Context, db *sqlite.Database) (problem string) {
	if err := store.CheckIntegrity(ctx, db.DB()); err != nil {
		return strings.ReplaceAll(err.Error(), "\n", ": ")
	}
	return ""
}

// absent lists what was published once and is not there. Pruning deletes the
// checksum with the file, and never the newest one; else the file was
// lost.
func (v *verification) absent() {
	newest := ""
	if len(v.order) > 0 {
		newest = v.order[len(v.order)-1]
	}
	known := append(slices.Clone(v.order), v.sums...)
	slices.Sort(known)
	for _, name := range slices.Compact(known) {
		if slices.Contains(v.names, name) {
			continue
		}
		out := Verified{File: name}
		switch {
		case slices.Contains(v.sums, name):
			out.fail("missing: its .sha256 file is there, the snapshot is not")
		case name == newest:
			out.fail("missing: it is the newest one of the history, which pruning does not delete")
		default:
			out.Notes = append(out.Notes, "pruned: the history remembers it")
		}
		v.list = append(v.list, out)
	}
}

// history checks the history and reads what it knows of the files.
func (v *verification) history(ctx context.Context) Verified {
	out := Verified{File: fileName}
	s, err := Read(ctx, filepath.Join(v.dir, fileName))
	if errors.Is(err, ErrNone) {
		out.Notes = append(out.Notes, "there is none yet: the next run makes it")
		return out
	}
	if err != nil {
		out.fail(historyReason(err))
		return out
	}
	defer s.Close()
	out.fail(integrity(ctx, s.Database()))
	h, err := Open(ctx, v.dir)
	if err != nil {
		out.fail(historyReason(err))
		return out
	}
	defer h.Close()
	all, err := h.Snapshots(ctx)
	if err != nil {
		out.fail(err.Error())
	}
	for _, known := range all {
		v.merged[known.File] = known.SHA256
		v.order = append(v.order, known.File)
	}
	out.Notes = append(out.Notes, fmt.Sprintf("remembers %d snapshots", len(all)))
	return out
}

// historyReason is an error of Open less the path.
func historyReason(err error) string {
	if inner := errors.Unwrap(err); inner != nil {
		return inner.Error()
	}
	return err.Error()
}
