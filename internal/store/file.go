package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// temporarySuffix ends the names that [ReplaceFile] gives to files that are not
// complete; they begin with a dot.
const temporarySuffix = ".tmp"

// ReplaceFile writes a file of mode 0600 in one step: a reader of path sees the
// old file or the new one, complete. It writes a temporary file of a random name
// beside path, syncs it, renames it and syncs the folder. After an error
// nothing stays behind, and the old file is untouched.
func ReplaceFile(path string, write func(io.Writer) error) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*"+temporarySuffix) // exclusive, mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	err = errors.Join(write(f), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(f.Name())))
	}
	return SyncDir(dir)
}

// removeTemporary removes what a killed run left of [ReplaceFile]. Call it with
// the folder locked: the files of a run at work look the same.
func removeTemporary(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") && strings.HasSuffix(name, temporarySuffix) && entry.Type().IsRegular() {
			err = errors.Join(err, os.Remove(filepath.Join(dir, name)))
		}
	}
	return err
}

// syncFile makes a file readable by its owner alone, waits until it is on the
// disk, and returns the SHA-256 of its contents in hex.
func syncFile(path string) (sum string, err error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if err := file.Chmod(0o600); err != nil {
		return "", err
	}
	if err := file.Sync(); err != nil {
		return "", err
	}
	return sumOf(file)
}

// Rename gives a closed file its final name, in the place of the file that has
// it: it syncs the file, renames it and syncs the folder. The file gets mode 0600.
func Rename(from, to string) error {
	if _, err := syncFile(from); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(to))
}

// sumOf returns the SHA-256 of all that r has left, in hex.
func sumOf(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// writeSynced makes a file of mode 0600 and waits until it is on the disk.
func writeSynced(path, text string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Sync(), file.Close())
}

// SyncDir makes renames and removals in a folder survive a power loss. Systems that cannot
// sync a folder say so with an error that changes nothing.
func SyncDir(dir string) error {
	file, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, os.ErrInvalid) {
		return err
	}
	return nil
}
