// Package pairgen writes labelled pairs of banners: answers of products people
// expose, each seen twice with all that moves by itself drawn anew (the same
// answer), or with one thing changed that an operator would want to know (another).
//
// It promises the same pairs for the same seed, on every machine. Its texts are
// written for this purpose and copied from no collection; versions, host names and
// keys in them are made up or generic. It does not know the rules it tests: what is
// the same is decided by the template, and by nothing of diff/banner.
package pairgen

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf8"
)

// Pair is one line of a file that `portdelta explain banner --pairs` reads.
type Pair struct {
	ScanProtocol string `json:"scanProtocol"`
	Old          string `json:"old"`
	New          string `json:"new"`
	Same         bool   `json:"same"`
	Why          string `json:"why"`
}

// product is one server: what it answers and what may really change about it.
type product struct {
	name    string
	scans   string                 // words a source may use for the scan, parted by blanks; "-" is none
	answer  string                 // text with holes, see draw
	bytes   func(d *drawer) string // in place of answer: bytes as U+0000 to U+00FF
	changes []change
	headed  bool // fields after the first line may come in any order and case
	uncut   bool // a cut cannot be told from another answer
}

// change is one real change: the first from in the answer becomes to.
type change struct {
	from, to string
	why      string
	bytes    func(d *drawer) string // in place of from and to
}

// Pairs makes the whole corpus.
func Pairs(seed uint64) []Pair {
	d := &drawer{rand.New(rand.NewPCG(seed, 0x706f7274))}
	var out []Pair
	for _, group := range [][]product{web(), webBodies(), dialogs(), mail(), files(), consoles(), shells(), databases(), stores(), queues(), directories(), remotes()} {
		for _, p := range group {
			out = append(out, d.pairs(p)...)
		}
	}
	return out
}

func (d *drawer) render(p product) string {
	if p.bytes != nil {
		return p.bytes(d)
	}
	return d.draw(p.answer)
}

// pairs makes the pairs of one product.
func (d *drawer) pairs(p product) []Pair {
	var out []Pair
	add := func(old, entering string, same bool, why string) {
		out = append(out, Pair{d.scan(p), old, entering, same, p.name + ": " + why})
	}
	for _, v := range d.variants(p) {
		add(v.old(d.render(p)), v.entering(d.render(p)), true, v.name)
	}
	for _, c := range p.changes {
		var changed func() string
		switch {
		case c.bytes != nil:
			changed = func() string { return c.bytes(d) }
		case strings.Contains(p.answer, c.from) && c.from != c.to:
			answer := strings.Replace(p.answer, c.from, c.to, 1)
			changed = func() string { return d.draw(answer) }
		default:
			panic(p.name + " does not hold " + c.from)
		}
		for _, turn := range d.turns(p) {
			if old, entering := d.render(p), changed(); turn.back {
				add(turn.how(entering), turn.how(old), false, c.why+", taken back, "+turn.name)
			} else {
				add(turn.how(old), turn.how(entering), false, c.why+", "+turn.name)
			}
		}
	}
	return out
}

func (d *drawer) scan(p product) string {
	words := strings.Fields(p.scans)
	if w := words[d.IntN(len(words))]; w != "-" {
		return w
	}
	return ""
}

// turn is one way in which a change may come: both banners turned alike.
type turn struct {
	name string
	how  func(string) string
	back bool // the change is taken back
}

func (d *drawer) turns(p product) []turn {
	plain := func(s string) string { return s }
	if p.bytes != nil {
		return []turn{{"as bytes", plain, false}, {"as written bytes", writeOut, true}, {"as doubled bytes", doubled, d.IntN(2) == 0}}
	}
	out := []turn{{"as it is", plain, false}, {"line feeds", lineFeeds, true}, {"written out", escapedLines, d.IntN(2) == 0}}
	if p.headed {
		out = append(out, turn{"shuffled", d.shuffle, true})
	}
	return out
}

// variant is one way in which the same answer may come.
type variant struct {
	name          string
	old, entering func(string) string
}

func (d *drawer) variants(p product) []variant {
	plain := func(s string) string { return s }
	out := []variant{{"drawn anew", plain, plain}, {"drawn once more", plain, plain}}
	if p.bytes != nil {
		out = append(out, variant{"bytes written out", writeOut, writeOut}, variant{"bytes written out by one", plain, writeOut},
			variant{"backslashes doubled", doubled, doubled}, variant{"bytes that could not be read", lossy, lossy})
		if !p.uncut {
			out = append(out, variant{"cut", plain, d.cutBytes}, variant{"cut before, written out", func(s string) string { return writeOut(d.cutBytes(s)) }, plain})
		}
		return out
	}
	if strings.Contains(p.answer, "\r\n") {
		out = append(out, variant{"other line ends", plain, lineFeeds}, variant{"line ends written out", escapedLines, plain}, variant{"white space at the end", plain, strings.TrimSpace})
	}
	if p.headed {
		out = append(out, variant{"order and case of fields", plain, d.shuffle}, variant{"cut twice", d.cutText, d.cutText}, variant{"order of fields, cut", plain, func(s string) string { return d.cutText(d.shuffle(s)) }})
	}
	if !p.uncut {
		out = append(out, variant{"cut", plain, d.cutText}, variant{"cut before", d.cutText, plain}, variant{"cut, written out", escapedLines, func(s string) string { return escapedLines(d.cutText(s)) }})
	}
	return out
}

func lineFeeds(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// escapedLines writes \r\n out, as sources do that keep one line a banner; a text
// without line ends has nothing to write out.
func escapedLines(s string) string {
	return strings.NewReplacer("\r", `\r`, "\n", `\n`, "\t", `\t`).Replace(s)
}

// writeOut writes all bytes that are not printable ASCII as \xNN.
func writeOut(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < ' ' || r > '~' {
			fmt.Fprintf(&b, `\x%02x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// doubled is writeOut where a backslash of the server's own is doubled.
func doubled(s string) string {
	return writeOut(strings.ReplaceAll(s, `\`, `\\`))
}

// lossy decodes the bytes as UTF-8 and puts U+FFFD for what is none.
func lossy(s string) string {
	raw := make([]byte, 0, len(s))
	for _, r := range s {
		raw = append(raw, byte(r))
	}
	var b strings.Builder
	for len(raw) > 0 {
		r, size := utf8.DecodeRune(raw)
		b.WriteRune(r)
		raw = raw[size:]
	}
	return b.String()
}

// shuffle puts the fields of a head in another order and their names in another
// case; the lines that begin a new head or a body stay where they are.
func (d *drawer) shuffle(s string) string {
	eol := "\r\n"
	if !strings.Contains(s, eol) {
		eol = "\n"
	}
	head, body, ended := strings.Cut(s, eol+eol)
	lines := strings.Split(head, eol)
	fields := lines[1:]
	d.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	for i, f := range fields {
		name, value, ok := strings.Cut(f, ":")
		if ok && d.IntN(2) == 0 {
			name = strings.ToLower(name)
		} else if ok && d.IntN(4) == 0 {
			name = strings.ToUpper(name)
		}
		if ok {
			fields[i] = name + ":" + value
		}
	}
	out := strings.Join(lines, eol)
	if ended {
		out += eol + eol + body
	}
	return out
}

// cutText cuts behind the first line, or behind half of the only one, and shows
// it as sources do.
func (d *drawer) cutText(s string) string {
	least := strings.IndexByte(s, '\n') + 1
	if least == 0 || least >= len(s)-1 {
		least = len(s) * 2 / 3
	}
	return cutAt(s, least+d.IntN(max(1, len(s)-least)))
}

func (d *drawer) cutBytes(s string) string {
	least := min(len(s)/2, 24)
	return cutAt(s, least+d.IntN(max(1, len(s)-least)))
}

// cutAt cuts at a character, and not where points of the text's own would stand
// before the sign.
func cutAt(s string, n int) string {
	for n > 0 && n < len(s) && (!utf8.RuneStart(s[n]) || s[n-1] == '.') {
		n--
	}
	return s[:n] + "..."
}
