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
// The system releases it when the run ends, however it ends; the file stays.
const lockName = ".lock"

// Lock makes this process the only one that changes a folder of snapshots until
// it unlocks, or returns [ErrInUse].
func Lock(dir string) (*flock.Flock, error) {
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

// Busy returns [ErrInUse] when another run uses the folder, before this one has
// sent any request. It creates nothing; [Create] checks again.
func Busy(dir string) error {
	if _, err := os.Lstat(filepath.Join(dir, lockName)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	lock, err := Lock(dir)
	if err != nil {
		return err
	}
	return lock.Unlock()
}
