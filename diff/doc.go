// Package diff decides what changed: Step takes the state of a host and one
// snapshot of it and says which facets moved, with which evidence. All rules of
// evidence live here (docs/architecture.md, promises P1 to P4, P7, P8, P10, P12).
//
// A State has two layers. What was seen is the newest evidence and what has to
// be remembered to judge the next; what was told is exactly what readers know.
// Each move of told is one Change, whose Before is told before and whose After
// is told after, so that folding a host's changes over its baseline gives told.
// Where told lags behind what was seen, there is a reason, and every reason ends.
//
// Promised: the functions are pure. The same state, snapshot and policy give the
// same result, whatever the order of records in the snapshot (P7); time comes in
// as data; there is no I/O, no log, no metric, no goroutine. A State given to
// Step is not changed by it. Not promised: anything about text from outside but
// that it is bounded, valid UTF-8 and free of NUL; escaping it for a terminal is
// the printer's work.
package diff
