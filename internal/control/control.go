// Package control lets the commands on a machine ask the instance that runs
// there: HTTP with JSON over a unix socket in the store's folder. What is asked
// and answered is its users' matter; this package carries it.
//
// It promises that the socket is its owner's alone (mode 0600), that one a dead
// process left is replaced, that requests are bounded, and that Dial tells a
// folder where nobody answers from one whose answer failed. It does not tell who
// asks: whoever may read the store may ask the instance that holds it.
package control

import (
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"
)

// Name of the socket in the store's folder.
const Name = "control.sock"

// ErrNotRunning: no instance answers in the folder.
var ErrNotRunning = errors.New("no instance answers")

// maxPath is the longest path of a unix socket: what Linux and the BSDs can both
// bind, sun_path less its closing zero byte (unix(7): 108 bytes on Linux, 104 on
// the BSDs).
const maxPath = 103

// ErrPath: the socket's path does not fit into a socket address.
var ErrPath = errors.New("the path of the control socket is too long")

// socket returns the shortest name of the socket: the system bounds the bytes of
// the name, not the depth of the folder.
func socket(folder string) (string, error) {
	name := filepath.Join(folder, Name)
	whole, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	if len(whole) < len(name) {
		name = whole
	}
	if len(name) > maxPath {
		return "", &fs.PathError{Op: "socket", Path: name, Err: ErrPath}
	}
	return name, nil
}

// absent says whether an error of dialling means that nobody listens.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOTDIR)
}
