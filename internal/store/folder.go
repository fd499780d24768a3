package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// FileTime is the layout of a run's start in a file name, in UTC.
const FileTime = "20060102T150405Z"

var fileName = regexp.MustCompile(`^\d{8}T\d{6}Z(\.db(?:\.partial)?)$`)

// IsName reports whether a file is named like a snapshot, published or partial.
func IsName(file string) bool { return fileName.MatchString(file) }

// Names lists the files of a folder that are named like snapshots and end in
// suffix (".db", or ".db"+[PartialSuffix]), newest first. A folder that is not there has none.
func Names(dir, suffix string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if m := fileName.FindStringSubmatch(entry.Name()); m != nil && m[1] == suffix && entry.Type().IsRegular() {
			names = append(names, entry.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(b, a) })
	return names, nil
}

// Newest returns the path of the newest published snapshot in dir, or an
// [ErrNoSnapshot].
func Newest(dir string) (path string, err error) {
	names, err := Names(dir, ".db")
	if err != nil {
		return "", err
	}
	if len(names) == 0 {
		return "", fmt.Errorf("%w in %s", ErrNoSnapshot, dir)
	}
	return filepath.Join(dir, names[0]), nil
}

// Before returns the newest published snapshot in dir that is older than the
// one at path, has no filters, and can be read by this program; "" if
// there is none.
func Before(dir, path string) (string, error) {
	names, err := Names(dir, ".db")
	if err != nil {
		return "", err
	}
	for _, name := range names {
		if name >= filepath.Base(path) {
			continue
		}
		earlier := filepath.Join(dir, name)
		s, err := Open(context.Background(), earlier)
		var schema *SchemaError
		if errors.Is(err, ErrNotSnapshot) || errors.As(err, &schema) {
			continue
		}
		if err != nil {
			return "", err
		}
		filters := s.info.Filters
		if err := s.Close(); err != nil {
			return "", err
		}
		if filters == "" {
			return earlier, nil
		}
	}
	return "", nil
}

// Published lists the paths of the published snapshots in dir, the oldest first.
func Published(dir string) ([]string, error) {
	names, err := Names(dir, ".db")
	if err != nil {
		return nil, err
	}
	slices.Reverse(names)
	for i, name := range names {
		names[i] = filepath.Join(dir, name)
	}
	return names, nil
}
