package banner

import (
	"encoding/binary"
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

// octetStrings finds the OCTET STRINGs that hold text of two characters or more:
// tag 4, a length that fits, printable bytes. Of a long one whose length is lost
// the text ends where printable bytes do.
func octetStrings(b []byte) (out []markedString) {
	for i := 0; i+3 < len(b) && len(out) < maxElements; {
		n, start := int(b[i+1]), i+2
		if b[i] != 4 || n < 2 || n >= 0x80 && n != 0xFF {
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
		if end > len(b) || end-start < 2 || !allText(b[start:end]) {
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
	for _, s := range octetStrings(b) {
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

// lossyTexts finds runs of eight printable bytes or more; one or two bytes before
// a run that are its length, and by chance printable, are no part of it.
func lossyTexts(b []byte) (out []string) {
	for i := 0; i < len(b); {
		if !textByte(b[i]) {
			i++
			continue
		}
		start := i
		for i < len(b) && textByte(b[i]) {
			i++
		}
		run := b[start:i]
		if len(run) > 2 && int(run[1]) == len(run)-2 && int(run[0]) == len(run)-1 {
			run = run[2:]
		} else if len(run) > 1 && int(run[0]) == len(run)-1 {
			run = run[1:]
		}
		if len(run) >= 8 {
			out = append(out, safe(run))
		}
	}
	return out
}
