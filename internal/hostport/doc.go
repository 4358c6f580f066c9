// Package hostport holds the nouns every other package speaks in: Host, PortKey,
// Port and its facets, and Snapshot with its proof.
//
// It promises canonical keys: two spellings of one host or protocol give equal
// values, so they may be compared with == and used as map keys. It promises
// nothing about the truth of what it holds: text in banners, certificates and
// names comes from whoever runs the host and is hostile (see docs/architecture.md).
//
// The package imports the standard library only, and nothing of ours.
package hostport
