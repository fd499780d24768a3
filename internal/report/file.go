package report

import (
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
	if err := replace(path, func(w io.Writer) error { return f.Write(w, r) }); err != nil {
		return "", err
	}
	return path, nil
}

// replace writes a temporary file beside path, syncs it and renames it. It leaves
// nothing behind when that fails.
func replace(path string, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.tmp") // mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignore(f.Close(), os.ErrClosed), ignore(os.Remove(f.Name()), os.ErrNotExist))
		}
	}()
	if err := write(f); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return syncDir(dir)
}

// syncDir makes a rename survive a power loss. Some file systems cannot sync a
// folder; the file is whole all the same.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	_ = d.Sync()
	return d.Close()
}

func ignore(err, what error) error {
	if errors.Is(err, what) {
		return nil
	}
	return err
}
