// Package compare tells what differs between two files of snapshots: snapshot lines,
// Graph's JSON or nmap's XML, each told by its content, compressed or not.
//
// It promises that memory does not grow with the files (P11): both are brought into
// the order of their hosts in a temporary folder and then walked side by side, so
// that the order within them does not matter; that several looks at a host in one
// file are one in the end; and that a file that cannot be read whole is an error and
// not a difference (P1). What the rules are is diff's matter (diff.Compare), what an
// event looks like detect's.
package compare
