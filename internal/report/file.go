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

// Format is one way to write a report.
type Format struct {
	Name  string // as in the configuration: json
	Ext   string // with its dot
	Write func(io.Writer, *Report) error
}

// Formats is the list of all formats.
var Formats = []Format{
	{"json", ".json", WriteJSON},
	{"xlsx", ".xlsx", WriteXLSX},
	{"markdown", ".md", WriteMarkdown},
}

// FindFormat looks a format up by its name.
func FindFormat(name string) (Format, error) {
	for _, f := range Formats {
		if f.Name == name {
			return f, nil
		}
	}
	return Format{}, fmt.Errorf("report format %q: there are %s", name, strings.Join(FormatNames(), ", "))
}

// FormatNames are the names of all formats.
func FormatNames() []string {
	names := make([]string, len(Formats))
	for i, f := range Formats {
		names[i] = f.Name
	}
	return names
}

// CheckDir makes the folder for reports if it is absent, and tells whether
// files can be written there.
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
// alone, for it names the weak spots.
func WriteFile(dir string, r *Report, format string) (string, error) {
	f, err := FindFormat(format)
	if err != nil {
		return "", err
	}
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
