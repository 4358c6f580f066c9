// Package banner turns the raw banner of a port into a canonical form, so that
// two answers of the same software in the same configuration are equal and two
// answers that differ in anything an operator would want to know are not.
//
// The pipeline is decode (bytes to safe text), detect (which protocol), parse
// (into facts with a class each), canonical text, digest. What is the same is
// decided by fields first (a table of header names, parsers for cookies,
// redirects, challenges, greetings) and by the shape of a value last (mask.go).
// What it leaves out is noise by policy: clocks, request and session ids,
// counters, caches, cookie values, the scanner's own address, order and case of
// headers (P3). What it never touches is a version.
//
// It promises: pure functions, safe for concurrent use; time linear in the input
// up to the sort of its lines; no panic on any input; Text and every fact are
// valid UTF-8 without controls, bidirectional or invisible characters; the same
// input gives the same form on every machine and every Go version (P7), which is
// why character classes are written out here and not taken from a Unicode table.
//
// It does not promise to see into what it has no parser for. Of a body it reads
// what speaks of the software: of HTML title, generator, refresh and versions named
// in its text, of JSON keys and typed values, of XML a few elements, of a session
// description the tool; a page's own words are its operator's and no banner. The
// binary protocols of octetParsers are read field by field and dumps by a list of
// keys (dump.go); where a source lost bytes, only what carries its own mark
// (lossy.go), so that a change elsewhere in them is not seen. Bytes of any other
// protocol are kept as escaped text, volatile ones included.
package banner
