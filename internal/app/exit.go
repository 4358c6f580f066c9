package app

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"syscall"
)

// failure is an error with the exit code it means.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// The exit codes of the contract.
const (
	exitNo      = 1
	exitUsage   = 2
	exitOutside = 3
)

func usage(err error) error   { return &failure{exitUsage, err} }
func outside(err error) error { return &failure{exitOutside, err} }

// errNo is the answer no: everything has been printed already.
var errNo = &failure{exitNo, errors.New("")}

// exit prints the error, if any, and returns its code. An error without a code
// is of the outside: what was typed wrong is always marked so.
func (e *env) exit(err error) int {
	if out, ok := e.Out.(*results); ok && err == nil {
		err = out.err // no success where the results were not written
	}
	var unwritten *outputError
	if err == nil || errors.As(err, &unwritten) && errors.Is(unwritten, syscall.EPIPE) {
		return 0 // whoever read the results has had enough of them
	}
	code := exitOutside
	var f *failure
	if errors.As(err, &f) {
		code = f.code
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(e.Err, "portdelta: "+safeLines(text))
	}
	return code
}

// results is stdout, written by one goroutine at a time. It keeps its first
// error, and tells its errors apart from those of what is written about: a pipe
// that closed is no fault of Kafka's.
type results struct {
	io.Writer
	err error
}

func (r *results) Write(p []byte) (int, error) {
	n, err := r.Writer.Write(p)
	if err != nil {
		err = &outputError{err}
		r.err = cmp.Or(r.err, err)
	}
	return n, err
}

type outputError struct{ err error }

func (e *outputError) Error() string { return "standard output: " + e.err.Error() }
func (e *outputError) Unwrap() error { return e.err }
