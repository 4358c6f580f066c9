package banner

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
)

// Where a source could not read all bytes, lengths and places cannot be trusted,
// and what can be had is what carries its own mark: strings behind their tag and
// length, fields behind their names.

// markedString is an OCTET STRING of BER that is text; followed is the byte after it.
type markedString struct {
	text     string
	followed byte
}

// octetStrings finds the OCTET STRINGs that hold text of least characters or more:
// tag 4, a length that fits, printable bytes. Of a long one whose length is lost
// the text ends where printable bytes do.
func octetStrings(b []byte, least int) (out []markedString) {
	for i := 0; i+2 < len(b) && len(out) < maxElements; {
		n, start := int(b[i+1]), i+2
		if b[i] != 4 || n < least || n >= 0x80 && n != 0xFF {
			i++
			continue
		}
		end := start + n
		if n == 0xFF {
			start = i + 3
			for start < len(b) && start < i+6 && !textByte(b[start]) {
				start++
			}
			for end = start; end < len(b) && textByte(b[end]); {
				end++
			}
		}
		if end > len(b) || end-start < least || !allText(b[start:end]) {
			i++
			continue
		}
		s := markedString{text: safe(b[start:end])}
		if end < len(b) {
			s.followed = b[end]
		}
		out = append(out, s)
		i = end
	}
	return out
}

func textByte(c byte) bool { return c >= ' ' && c <= '~' || c == '\n' || c == '\r' || c == '\t' }

func allText(b []byte) bool {
	for _, c := range b {
		if !textByte(c) {
			return false
		}
	}
	return true
}

// lossyLDAP pairs the names of attributes, behind which a SET begins, with the
// values that follow.
func lossyLDAP(b []byte) (out []pair) {
	name := ""
	for _, s := range octetStrings(b, 1) {
		if s.followed == 0x31 {
			name = asciiLower(s.text)
		} else if name != "" {
			out = append(out, pair{name, s.text})
		}
	}
	return out
}

// lossyBSON finds booleans, whole numbers and strings by the names of the fields
// that are kept; a number with a byte that is lost is left out.
func lossyBSON(b []byte, allowed keep) (out []pair) {
	for i := 0; i < len(b) && len(out) < maxElements; i++ {
		kind := b[i]
		if kind != 2 && kind != 8 && kind != 16 {
			continue
		}
		end := i + 1
		for end < len(b) && end-i < 40 && (alnum(b[end]) || b[end] == '.') {
			end++
		}
		name := asciiLower(string(b[i+1 : min(end, len(b))]))
		if _, ok := allowed[name]; !ok || end >= len(b) || b[end] != 0 {
			continue
		}
		r := reader{b: b[end+1:]}
		switch kind {
		case 8:
			if v := r.byte(); !r.short {
				out = append(out, pair{name, strconv.FormatBool(v != 0)})
			}
		case 16:
			if v := r.take(4); v != nil && !strings.Contains(string(v), "\xff") {
				out = append(out, pair{name, strconv.Itoa(int(int32(binary.LittleEndian.Uint32(v))))})
			}
		case 2:
			r.take(4)
			if v := r.untilNUL(); !r.short {
				out = append(out, pair{name, safe(v)})
			}
		}
	}
	return out
}

// lossyDNS says what can be had of a response: whether the server recurses, which
// is the one bit that makes the second byte of the flags unreadable, its name
// (NSID), and texts behind the pointer that answers begin with, of which the first
// byte is never readable.
func (d *document) lossyDNS(b []byte) {
	if i := bytes.Index(b, []byte{0, 1, 0}); i >= 3 && i <= 6 {
		recursion := "yes"
		if b[i-1] < 0x80 {
			recursion = "no"
			d.say("rcode", Security, dnsCode(int(b[i-1]&15)))
		}
		d.say("recursion", Security, recursion)
	}
	var lines []string
	for rest := b; len(lines) < maxMessages; {
		_, after, found := bytes.Cut(rest, []byte{0xFF, 12, 0, 16, 0})
		if !found {
			break
		}
		r := reader{b: after}
		r.take(1 + 4 + 2) // class, time to live, length
		n := int(r.byte())
		if text := r.take(n); text != nil && allText(text) {
			value := safe(text)
			lines = append(lines, "text: "+value)
			d.fact("text", Identity, value)
			d.product, d.version = dnsProduct(value)
		}
		rest = after
	}
	if at := bytes.LastIndex(b, []byte{0, 3, 0}); at > 12 && at+4 < len(b) {
		r := reader{b: b[at+3:]}
		if text := r.take(int(r.byte())); len(text) > 2 && allText(text) {
			lines = append(lines, "nsid: "+safe(text))
			d.fact("nsid", Identity, safe(text))
		}
	}
	slices.Sort(lines)
	d.lines = append(d.lines, slices.Compact(lines)...)
	d.open()
}
