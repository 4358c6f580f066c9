// Package detect makes one step of a host: it loads what is held, lets diff
// decide, turns what was decided into the records that will be sent, and commits
// state and records as one.
//
// Promised: events are encoded before the commit, so what was decided is what is
// sent (P5); a crash at any point leaves either the whole step or none of it; a
// step that cannot be encoded fails alone and changes nothing (P12). Not
// promised: that a step is published, which is the publisher's work from the
// outbox on.
package detect
