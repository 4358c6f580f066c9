package store

import (
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// orderedFS makes the moves of Pebble's markers (the files that name the
// current manifest and format) proof against a power cut on any file system.
// Pebble creates the manifest, creates the marker that names it, removes the old
// marker and then syncs the folder once: where entries reach the disk out of
// order, the marker can survive without its manifest, and the store is lost.
type orderedFS struct{ vfs.FS }

const markerPrefix = "marker."

// Create syncs what a marker may name before it makes the marker.
func (o orderedFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := o.order(name); err != nil {
		return nil, err
	}
	return o.FS.Create(name, category)
}

// Remove syncs a marker's successor before it removes the marker.
func (o orderedFS) Remove(name string) error {
	if err := o.order(name); err != nil {
		return err
	}
	return o.FS.Remove(name)
}

// Unwrap is part of vfs.FS.
func (o orderedFS) Unwrap() vfs.FS { return o.FS }

func (o orderedFS) order(name string) error {
	if !strings.HasPrefix(o.PathBase(name), markerPrefix) {
		return nil
	}
	return syncFolder(o.FS, o.PathDir(name))
}
