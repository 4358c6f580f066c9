// Package house holds the rules of the house as tests: who may import whom, what
// the pure packages stay away from, how long a file may be, and that the files of
// deploy/ and the documentation name only what exists. It has no code of its own
// outside of tests.
//
// A failure says which rule is broken and why there is one. A rule that has become
// wrong is changed here, with its reason, and in docs/architecture.md.
package house
