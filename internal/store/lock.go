package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// lockName is a file in the folder of the snapshots that a run holds locked.
// The system lets go of it when the run ends, however it ends; the file stays.
const lockName = ".lock"

// lockDir makes this run the only one in a folder, or says [ErrInUse].
func lockDir(dir string) (*flock.Flock, error) {
	lock := flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600))
	isOurs, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", lock.Path(), err)
	}
	if !isOurs {
		return nil, fmt.Errorf("snapshot folder %s: %w", dir, ErrInUse)
	}
	return lock, nil
}

// Busy says [ErrInUse] when another run is at work in the folder, before this
// one has asked for anything. It makes nothing; [Create] looks again.
func Busy(dir string) error {
	if _, err := os.Lstat(filepath.Join(dir, lockName)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	lock, err := lockDir(dir)
	if err != nil {
		return err
	}
	return lock.Unlock()
}
