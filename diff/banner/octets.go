package banner

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// octets gives the first limit bytes the server sent, line ends untouched. A
// source that keeps text may have made a character U+0080 to U+00FF of each byte
// above 0x7F, written bytes out as \xNN, or put U+FFFD where it could not read
// one; then the byte reads 0xFF, lossy is true, and lengths cannot be trusted:
// two bytes may have become one.
func (s source) octets(limit int) (b []byte, lossy bool) {
	text := s.sent
	// Bytes that are no UTF-8 are the server's own: none became a character.
	characters := utf8.ValidString(text)
	written := writtenOut(text)
	b = make([]byte, 0, min(limit, len(text)))
	for len(text) > 0 && len(b) < limit {
		c := text[0]
		if c == '\\' && len(text) >= 2 {
			if n, size := written.escaped(text); size > 0 {
				b, text = append(b, n), text[size:]
				continue
			}
		}
		if c < utf8.RuneSelf || !characters {
			b, text = append(b, c), text[1:]
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError:
			b, lossy = append(b, 0xFF), true
		case r <= 0xFF:
			b = append(b, byte(r))
		default:
			b = append(b, text[:size]...)
		}
		text = text[size:]
	}
	return b[:min(limit, len(b))], lossy
}

// writing says which escapes a source uses.
type writing struct{ lines, all bool }

// writtenOut looks how bytes were written out: \r, \n and \t only where no control
// stands raw, a doubled backslash only where there is an \xNN or a line end too.
func writtenOut(text string) writing {
	if strings.IndexByte(text, '\\') < 0 || strings.IndexFunc(text, func(r rune) bool { return r < ' ' }) >= 0 {
		return writing{}
	}
	// A source that writes \x0a does not write \n.
	return writing{lines: !strings.Contains(text, `\x0a`) && !strings.Contains(text, `\x0d`), all: strings.Contains(text, `\x`) || strings.Contains(text, `\r\n`)}
}

// escaped reads the escape text begins with; size 0 is none.
func (w writing) escaped(text string) (value byte, size int) {
	switch c := text[1]; {
	case c == 'x' && len(text) >= 4 && isHex(text[2]) && isHex(text[3]):
		return unhex(text[2])<<4 | unhex(text[3]), 4
	case w.lines && c == 'r':
		return '\r', 2
	case w.lines && c == 'n':
		return '\n', 2
	case w.lines && c == 't':
		return '\t', 2
	case w.all && c == '\\' && (len(text) < 5 || text[2] != 'x' || !isHex(text[3]) || !isHex(text[4])):
		// Before \xNN it is more likely a backslash that no one doubled.
		return '\\', 2
	}
	return 0, 0
}

// reader takes fields off bytes; every length is checked against what is left
// before anything is made of it. After the first field that is not all there,
// short is true and all further fields are zero.
type reader struct {
	b     []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.short = true
	}
	if r.short {
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint16() int {
	if b := r.take(2); b != nil {
		return int(binary.BigEndian.Uint16(b))
	}
	return 0
}

// uint32 is -1 for what no length can be, so that take refuses it.
func (r *reader) uint32() int {
	if b := r.take(4); b != nil {
		if n := binary.BigEndian.Uint32(b); n <= 1<<30 {
			return int(n)
		}
		return -1
	}
	return 0
}

// untilNUL takes a string and its NUL.
func (r *reader) untilNUL() []byte {
	for i, c := range r.b {
		if c == 0 {
			out := r.take(i)
			r.take(1)
			return out
		}
	}
	r.short = true
	return nil
}

// safe makes one line of bytes from a server: decoded as text, escaped, folded.
func safe(b []byte) string {
	s := string(b)
	if strings.ContainsAny(s, "\r\n\x00") {
		s = lineBreaks.Replace(s)
	}
	s, _ = escape(s)
	return fold(s)
}

var lineBreaks = strings.NewReplacer("\r", " ", "\n", " ", "\x00", " ")

// maskClient is mask for a text about the client: every address in it is the
// scanner's.
func maskClient(s string) string {
	m := masker{s: s, client: true, clientKnown: true}
	return m.run()
}

// isStub says whether of an answer in bytes too little came before the source cut
// it to tell what it begins: nothing is said of it then.
func isStub(d *document, src source) bool {
	if !d.cut || d.protocol == "ssh" || d.protocol == "rfb" {
		return false
	}
	b, _ := src.octets(maxStub + 1)
	return len(b) <= 4 || len(b) <= maxStub && !allText(b)
}

// maxStub is less than the shortest answer of which something stays.
const maxStub = 32

// say adds a thing as a line and as a fact.
func (d *document) say(path string, class Class, value string) {
	d.line(strings.TrimRight(path+": "+value, " "))
	d.fact(path, class, value)
}

// open marks the lines as those of an answer of which more may follow: where the
// source cut it, they are a set of which only a part came.
func (d *document) open() {
	if d.cut {
		d.line(maskCut)
	}
}

// octetParsers read the protocols whose answers are bytes, or a dump of keys and
// values.
var octetParsers map[string]func(*document, source)

func init() {
	// In init because the parsers call one another through parse.
	octetParsers = map[string]func(*document, source){
		"amqp": parseAMQP, "domain": parseDNS, "ldap": parseLDAP, "memcache": parseStore, "microsoft-ds": parseSMB, "mongodb": parseMongo,
		"mqtt": parseMQTT, "ms-sql-s": parseTDS, "ms-wbt-server": parseRDP, "mysql": parseMySQL, "mysqlx": parseMySQLX, "ntp": parseNTP,
		"postgresql": parsePostgres, "redis": parseStore, "rfb": parseRFB, "snmp": parseSNMP, "ssh": parseSSH, "telnet": parseTelnet,
		"tls": parseTLS, "zookeeper": parseZooKeeper,
	}
}
