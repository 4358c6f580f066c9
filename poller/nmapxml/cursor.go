package nmapxml

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/portdelta/portdelta/internal/limits"
)

var (
	errXML   = errors.New("not well-formed XML")
	errDepth = errors.New("elements lie in one another deeper than the limit xml_depth")
)

// cursor walks a text of XML that lies in memory as a whole, tag by tag. It takes a
// part of XML: what nmap writes, and comments. Whatever it takes, encoding/xml takes
// as well and as the same; it is here for being many times faster.
type cursor struct {
	rest  []byte
	tag   []byte   // rest, from the tag last met on
	open  [][]byte // names of the elements around
	name  []byte   // of the tag last met
	attrs []attr   // of the start tag last met
	empty bool     // it has closed itself
	text  []byte   // between the tag before and the one last met, as it stands
}

type attr struct{ name, value []byte }

// begin sets the cursor to another text and keeps the room it has.
func (c *cursor) begin(text []byte) {
	*c = cursor{rest: text, open: c.open[:0], attrs: c.attrs[:0]}
}

// kind of a tag.
type kind int

const (
	end kind = iota // of the text
	startTag
	endTag
)

// next goes to the next tag. After a start tag that is empty there is no end tag.
func (c *cursor) next() (kind, error) {
	c.text = nil
	for {
		i := bytes.IndexByte(c.rest, '<')
		if i < 0 {
			if len(c.open) > 0 || !sound(c.rest) {
				return end, errXML
			}
			c.rest = nil
			return end, nil
		}
		if c.text == nil {
			c.text = c.rest[:i]
		}
		if !sound(c.rest[:i]) {
			return end, errXML
		}
		c.tag, c.rest = c.rest[i:], c.rest[i+1:]
		switch {
		case bytes.HasPrefix(c.rest, []byte("!--")):
			_, after, ok := bytes.Cut(c.rest[3:], []byte("--"))
			if !ok || len(after) == 0 || after[0] != '>' {
				return end, errXML
			}
			c.rest = after[1:]
		case len(c.rest) > 0 && c.rest[0] == '/':
			return endTag, c.endTag()
		default:
			return startTag, c.startTag()
		}
	}
}

func (c *cursor) endTag() error {
	i := bytes.IndexByte(c.rest, '>')
	if i < 0 || len(c.open) == 0 {
		return errXML
	}
	c.name = c.rest[1:i]
	last := len(c.open) - 1
	if !bytes.Equal(c.name, c.open[last]) {
		return errXML
	}
	c.open, c.rest = c.open[:last], c.rest[i+1:]
	return nil
}

func (c *cursor) startTag() error {
	n := nameLen(c.rest)
	if n == 0 {
		return errXML
	}
	c.name, c.rest = c.rest[:n], c.rest[n:]
	c.attrs, c.empty = c.attrs[:0], false
	for {
		spaced := c.space()
		switch {
		case len(c.rest) == 0:
			return errXML
		case c.rest[0] == '>':
			if len(c.open) >= limits.XMLDepth.Max {
				limits.XMLDepth.Hit()
				return errDepth
			}
			c.rest = c.rest[1:]
			c.open = append(c.open, c.name)
			return nil
		case c.rest[0] == '/':
			if len(c.rest) < 2 || c.rest[1] != '>' {
				return errXML
			}
			c.rest, c.empty = c.rest[2:], true
			return nil
		case !spaced:
			return errXML
		}
		if err := c.attr(); err != nil {
			return err
		}
	}
}

// attr reads name="value".
func (c *cursor) attr() error {
	n := nameLen(c.rest)
	if n == 0 {
		return errXML
	}
	a := attr{name: c.rest[:n]}
	c.rest = c.rest[n:]
	c.space()
	if len(c.rest) == 0 || c.rest[0] != '=' {
		return errXML
	}
	c.rest = c.rest[1:]
	c.space()
	if len(c.rest) == 0 || c.rest[0] != '"' && c.rest[0] != '\'' {
		return errXML
	}
	n = valueLen(c.rest[1:], c.rest[0])
	if n < 0 {
		return errXML
	}
	a.value, c.rest = c.rest[1:1+n], c.rest[2+n:]
	c.attrs = append(c.attrs, a)
	return nil
}

// valueLen is how long an attribute's value at the beginning of b is, up to its
// quote; -1 if it does not end there or holds what a value cannot. Most values are of
// a few bytes, for which one loop is faster than a search for each character.
func valueLen(b []byte, quote byte) int {
	refers := false
	for i, c := range b {
		switch c {
		case quote:
			if refers && !sound(b[:i]) {
				return -1
			}
			return i
		case '<':
			return -1
		case '&':
			refers = true
		}
	}
	return -1
}

func (c *cursor) space() bool {
	n := 0
	for n < len(c.rest) && isSpace(c.rest[n]) {
		n++
	}
	c.rest = c.rest[n:]
	return n > 0
}

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\t' || b == '\r' }

// nameLen is how many bytes at the beginning of b are a name, in ASCII as all of
// nmap's are.
func nameLen(b []byte) int {
	for i, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '.'):
		default:
			return i
		}
	}
	return len(b)
}

// depth is how deep the element lies whose start tag was last met: 1 for the outermost.
func (c *cursor) depth() int {
	if c.empty {
		return len(c.open) + 1
	}
	return len(c.open)
}

// is says whether the tag last met has this name.
func (c *cursor) is(name string) bool { return string(c.name) == name }

// raw is an attribute of the start tag last met as it stands, nil where there is none.
func (c *cursor) raw(name string) []byte {
	for _, a := range c.attrs {
		if string(a.name) == name {
			return a.value
		}
	}
	return nil
}

// get is an attribute as text.
func (c *cursor) get(name string) (string, error) { return unescape(c.raw(name)) }

// sound says whether every reference in a text can be resolved, also of those that
// nobody reads.
func sound(b []byte) bool {
	if bytes.IndexByte(b, '&') < 0 {
		return true
	}
	_, err := unescape(b)
	return err == nil
}

// unescape replaces entities. A text without any is most of them. Bytes that are
// not UTF-8 stay: what tells two texts apart must not be lost here.
func unescape(b []byte) (string, error) {
	if bytes.IndexByte(b, '&') < 0 {
		return string(b), nil
	}
	var out strings.Builder
	for len(b) > 0 {
		i := bytes.IndexByte(b, '&')
		if i < 0 {
			break
		}
		out.Write(b[:i])
		name, after, ok := bytes.Cut(b[i+1:], []byte(";"))
		r := rune(-1)
		if ok {
			r = entity(string(name[:min(len(name), 10)]))
		}
		if r < 0 {
			return "", errXML
		}
		out.WriteRune(r)
		b = after
	}
	out.Write(b)
	return out.String(), nil
}

// entity is the character that a reference names, or -1. Those that XML cannot hold
// (its section 2.2) are none, and nothing is looked up in a DTD.
func entity(name string) rune {
	switch name {
	case "lt":
		return '<'
	case "gt":
		return '>'
	case "amp":
		return '&'
	case "quot":
		return '"'
	case "apos":
		return '\''
	}
	digits, base := strings.CutPrefix(name, "#")
	if !base {
		return -1
	}
	radix := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, radix = hex, 16
	}
	n, err := strconv.ParseUint(digits, radix, 32)
	if r := rune(n); err == nil && utf8.ValidRune(r) && (r >= 0x20 || r == '\t' || r == '\n' || r == '\r') && r != 0xfffe && r != 0xffff {
		return r
	}
	return -1
}
