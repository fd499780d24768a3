package report

import (
	"auditor/internal/store"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Format is one way to write a report. The program lists those that it has in one
// place, cmd/auditor/formats.go.
type Format struct {
	Name  string // as in the configuration: json
	Ext   string // of the file, with its dot
	Write func(io.Writer, *Report) error
}

// CheckDir makes the folder for reports if it is absent. The error says that files
// cannot be written there.
func CheckDir(dir string) error {
	if err := makeDir(dir); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".check.*.tmp")
	if err != nil {
		return fmt.Errorf("write into the folder for reports: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder for reports: %w", err)
	}
	return nil
}

// WriteFile writes the report into the folder, which is made if absent, and
// returns the file's path. A file of that name is replaced in one step: whoever
// reads it sees the old or the new one, whole. It is readable by its owner
// alone, for it names the weak spots. Errors are those of the disk and of the
// format, and a name that cannot be a file's.
func WriteFile(dir string, r *Report, f Format) (string, error) {
	if r.Name == "" || filepath.Base(r.Name) != r.Name || strings.HasPrefix(r.Name, ".") {
		return "", fmt.Errorf("report name %q cannot be a file name", r.Name)
	}
	if err := makeDir(dir); err != nil {
		return "", err
	}
	path := filepath.Join(dir, r.Name+f.Ext)
	if err := store.ReplaceFile(path, func(w io.Writer) error { return f.Write(w, r) }); err != nil {
		return "", err
	}
	return path, nil
}
