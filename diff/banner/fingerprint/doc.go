// Package fingerprint says which software a field of a banner names: vendor,
// product, version, operating system and the CPE 2.3 names of both. Its input is
// one extracted field (a Server header, an SSH software version, the text of a
// greeting), never a whole banner.
//
// The rules are one table in Go, a file for each kind of software. The first rule
// of a field that matches wins. A rule's expression is only run where the text
// holds a literal without which it could not match (Prefilter), so that what no
// rule knows costs next to nothing. Names in CPEs are those of NVD's dictionary.
//
// It promises: pure functions, safe for concurrent use; at most limits.RuleBytes
// of a field are read; the same input gives the same Match on every machine (P7).
// It does not promise that a banner says the truth, nor does it guess: what no
// rule knows is not recognised. The table is not part of any digest of a
// canonical form: a better table makes no change of the world (P9).
package fingerprint
