package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"
)

// prepare makes the folder unless the store is opened read-only, and returns
// its one true name: the lock within a process goes by name, so that two
// spellings of a folder must not give two.
func prepare(disk vfs.FS, path string, readOnly bool) (string, error) {
	whole, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("store %s: %w", path, err)
	}
	if !readOnly {
		if err := makeFolder(disk, whole); err != nil {
			return "", fmt.Errorf("store %s: %w", path, err)
		}
	}
	whole, err = filepath.EvalSymlinks(whole)
	if errors.Is(err, fs.ErrNotExist) {
		return "", missing(path)
	}
	if err != nil {
		return "", fmt.Errorf("store %s: %w", path, err)
	}
	return whole, nil
}

// makeFolder makes the folder and what is missing above it. Each new entry is
// synced in its parent: without that a power cut could take the folder, and
// with it every synced commit. A folder that stands keeps its mode.
func makeFolder(disk vfs.FS, path string) error {
	if _, err := disk.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := disk.PathDir(path)
	if parent != path {
		if err := makeFolder(disk, parent); err != nil {
			return err
		}
	}
	if err := disk.MkdirAll(path, 0o700); err != nil {
		return err
	}
	return syncFolder(disk, parent)
}

// lockFolder takes the exclusive lock. The system gives it up when the process
// dies, so that a lock never has to be removed by hand.
func lockFolder(disk vfs.FS, path string) (*pebble.Lock, error) {
	lock, err := pebble.LockDirectory(path, disk)
	if err == nil {
		return lock, nil
	}
	// The file is opened first, which fails with its path; the lock itself fails
	// with a bare EAGAIN or EACCES (fcntl(2), F_SETLK), or, where this process
	// holds it, with an error of Pebble's own.
	var onPath *fs.PathError
	var errno syscall.Errno
	isErrno := errors.As(err, &errno)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing(path)
	}
	if errors.As(err, &onPath) || isErrno && errno != syscall.EAGAIN && errno != syscall.EACCES {
		return nil, fmt.Errorf("store %s: %w", path, err)
	}
	return nil, fmt.Errorf("%w: %s is in use (%w); stop the portdelta that runs on it, "+
		"ask that one instead, or give this one a store.path of its own", ErrLocked, path, err)
}

// pebbleFormatMarker is the name of the file set in which Pebble notes its
// format; it is part of that format.
const pebbleFormatMarker = "format-version"

// checkPebbleFormat refuses a database of a Pebble newer (or much older) than
// ours. Pebble refuses it too, but with an error nothing tells apart from damage.
func checkPebbleFormat(disk vfs.FS, path string) error {
	text, err := atomicfs.ReadMarker(disk, path, pebbleFormatMarker)
	if err != nil {
		return opening(path, err)
	}
	if text == "" {
		return nil // no database yet
	}
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return damagedAt(path, fmt.Errorf("format marker: %w", err))
	}
	if v := pebble.FormatMajorVersion(number); v < pebble.FormatMinSupported || v > pebble.FormatNewest {
		return unknownFormat(path, fmt.Sprintf("database format %d, known are %d to %d", v, pebble.FormatMinSupported, pebble.FormatNewest))
	}
	return nil
}

// checkIsStore tells a folder without a database.
func checkIsStore(disk vfs.FS, path string) error {
	text, err := atomicfs.ReadMarker(disk, path, pebbleFormatMarker)
	if err != nil {
		return opening(path, err)
	}
	if text == "" {
		return missing(path)
	}
	return nil
}

func unknownFormat(path, found string) error {
	return fmt.Errorf("%w: %s: %s; open it with the portdelta that wrote it, or a newer one", ErrFormat, path, found)
}

// missing is what OpenReadOnly says where there is no store.
func missing(path string) error {
	return fmt.Errorf("store %s: no store here: %w", path, fs.ErrNotExist)
}

func syncFolder(disk vfs.FS, path string) error {
	dir, err := disk.OpenDir(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
