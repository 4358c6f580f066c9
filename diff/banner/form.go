package banner

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// Version is the version of the rules. It is part of every digest: whoever holds
// forms of another version must make them anew from the raw text before comparing (P9).
const Version = 2

// Class says what a change of a fact means; security and routing raise the
// severity of banner.changed.
type Class string

const (
	// Identity is which software answers: product, version, platform.
	Identity Class = "identity"
	// Security is who is let in and how: status, challenges, TLS, cookie flags, policies.
	Security Class = "security"
	// Routing is where a client is sent: the parts of a redirect.
	Routing Class = "routing"
	// Content is everything else that is not noise.
	Content Class = "content"
)

// Fact is one thing a banner says. Paths are lower-case words joined by dots,
// the first being the protocol: http.status, http.cookie.PHPSESSID, ssh.software.
type Fact struct {
	Path  string
	Class Class
	Value string // at most maxFact bytes
}

// Form is the canonical form of one banner. Two banners of one protocol are the
// same answer if their digests are equal, or if SameButCut says so.
type Form struct {
	Protocol string // lower-case IANA service name, as detected; "unknown" at worst
	Digest   string // first 16 bytes, hex, of SHA-256 over Version, Protocol and Text
	Product  string // its usual name where a rule knows it, else as the server spells it; empty if not recognised
	Version  string // empty if hidden or not recognised
	Facts    []Fact // sorted by path, each path once
	// Text is what the digest is of: one thing a line, noise left out or masked
	// as ⟨date⟩, ⟨id⟩ and the like. The brackets cannot come from the input. A
	// last line ⟨cut⟩ means that an unordered list of lines ended early.
	Text string
	// Cut: the banner was longer than the bound, or its source cut it and left
	// "..." at its end, before everything Text is made of had come.
	Cut bool
	// Escaped: the banner held bytes that are not UTF-8, or controls, invisible
	// characters or our own brackets; in Text they stand as \xNN and \u{hex}.
	Escaped bool
}

// Bounds of what a form may grow to (P11). Text is bounded by the input.
const (
	maxFacts   = 128 // further facts are in Text alone
	maxFact    = 256 // bytes of a value
	maxProduct = 64  // bytes of a product or version
)

// Normalize makes the canonical form of a banner. scanProtocol is the source's
// word and port the port's number, or "" and 0 where unknown: they only decide
// where the text itself does not say what it is. Text beyond limits.BannerBytes
// is not read.
func Normalize(text, scanProtocol string, port int) Form {
	return NormalizeWith(text, scanProtocol, port, nil)
}

// NormalizeWith is Normalize with a further source of products, asked for what
// our own table does not know; nil for none.
func NormalizeWith(text, scanProtocol string, port int, further Identify) Form {
	src := decode(text)
	protocol := detect(src, scanProtocol, port)
	d := document{protocol: protocol, cut: src.cut, facts: make([]Fact, 0, 28)}
	parse(&d, src)
	d.identify(src.text, further)
	f := Form{
		Protocol: protocol,
		Product:  clip(d.product, maxProduct),
		Version:  clip(d.version, maxProduct),
		Facts:    d.sortedFacts(),
		Text:     strings.Join(d.lines, "\n"),
		Cut:      d.cut,
		Escaped:  src.escaped,
	}
	f.Digest = digest(f.Protocol, f.Text)
	return f
}

// digest uses SHA-256 because attackers write banners: a fast hash would let
// them make a change that looks like none.
func digest(protocol, text string) string {
	b := make([]byte, 0, len(protocol)+len(text)+8)
	// Neither a number nor a protocol name holds a NUL, so the fields cannot run together.
	b = append(strconv.AppendInt(b, Version, 10), 0)
	b = append(append(b, protocol...), 0)
	sum := sha256.Sum256(append(b, text...))
	return hex.EncodeToString(sum[:16])
}

// document is what the parsers fill.
type document struct {
	protocol         string
	lines            []string
	facts            []Fact
	product, version string // as the server spells it
	clues            []clue // what may name them better
	cut              bool
}

func (d *document) line(s string) { d.lines = append(d.lines, s) }

// fact adds a fact below the protocol's name. What is there without a value is
// "present": an empty value would read as absence.
func (d *document) fact(path string, class Class, value string) {
	d.named(path, "", class, value)
}

// named is fact with a path whose last part the server chose.
func (d *document) named(prefix, name string, class Class, value string) {
	if len(d.facts) < 2*maxFacts {
		d.at(d.protocol+"."+prefix+clip(strings.ReplaceAll(name, " ", "_"), maxProduct), class, value)
	}
}

// at is fact with the whole path.
func (d *document) at(path string, class Class, value string) {
	if value == "" {
		value = "present"
	}
	// Twice the bound leaves room for values of one path to be joined.
	if len(d.facts) < 2*maxFacts {
		d.facts = append(d.facts, Fact{path, class, value})
	}
}

// sortedFacts joins the values of one path, in byte order, so that the order in
// which a server repeats itself does not matter.
func (d *document) sortedFacts() []Fact {
	slices.SortFunc(d.facts, func(a, b Fact) int {
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return strings.Compare(a.Value, b.Value)
	})
	out := d.facts[:0]
	for i := 0; i < len(d.facts) && len(out) < maxFacts; {
		f, end := d.facts[i], i+1
		for end < len(d.facts) && d.facts[end].Path == f.Path {
			end++
		}
		if end > i+1 {
			values := make([]string, 0, end-i)
			for _, same := range d.facts[i:end] {
				values = append(values, same.Value)
			}
			f.Value = strings.Join(slices.Compact(values), " | ")
		}
		f.Value = clipMarked(f.Value)
		out, i = append(out, f), end
	}
	return out
}

// clipMarked cuts a fact's value to its bound. What it leaves out stands for itself
// by the begin of a digest: a change there must not look like none.
func clipMarked(s string) string {
	if len(s) <= maxFact {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return clip(s, maxFact-8) + hex.EncodeToString(sum[:4])
}

// clip cuts s to at most n bytes at a character, showing that it did.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n -= len(more)
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + more
}
