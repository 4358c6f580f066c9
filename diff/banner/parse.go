package banner

import (
	"fmt"
	"strings"
)

// parse fills d from a source of a known protocol. A protocol without a parser
// of its own is lines of masked text.
func parse(d *document, src source) {
	switch d.protocol {
	case "http", "sip", "rtsp":
		parseHead(d, src.text)
	case "ssh":
		parseSSH(d, src.text)
	case "smtp", "ftp", "nntp":
		parseReplies(d, src.text)
	case "imap":
		parseIMAP(d, src.text)
	case "pop3":
		parsePOP3(d, src.text)
	case "redis", "memcache":
		parseStore(d, src.text)
	case "mysql":
		parseMySQL(d, src)
	case "rfb":
		// The protocol's version; a challenge follows.
		line, _, whole := strings.Cut(src.text, "\n")
		d.cut = d.cut && !whole
		parseText(d, line)
	case "tls":
		parseTLS(d, src)
	default:
		parseText(d, src.text)
	}
}

// parseTLS keeps of a record its type and version (RFC 8446 section 5.1), and of
// an alert what it says; a ServerHello is random for the rest.
func parseTLS(d *document, src source) {
	b := octets(src.raw, 7)
	if len(b) < 3 {
		parseText(d, src.text)
		return
	}
	record := fmt.Sprintf("record %d, version %d.%d", b[0], b[1], b[2])
	if b[0] == 0x15 && len(b) == 7 {
		record += fmt.Sprintf(", alert %d", b[6])
	}
	d.line(record)
	d.fact("record", Security, record)
}

// parseText keeps what it does not understand: line by line, masked.
func parseText(d *document, text string) {
	for line := range textLines(text) {
		d.line(mask(line))
	}
	if len(d.lines) > 0 {
		d.fact("text", Content, joined(d.lines))
		d.product, d.version = knownProduct(joined(d.lines))
	}
}

// textLines yields the lines of a text that hold something, their white space
// folded: a space more or less, or an empty line, is no change.
func textLines(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.SplitSeq(text, "\n") {
			if line = fold(line); line != "" && !yield(line) {
				return
			}
		}
	}
}

// fold trims spaces and folds runs of them.
func fold(s string) string {
	s = strings.Trim(s, " ")
	if !strings.Contains(s, "  ") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		if s[i] != ' ' || s[i-1] != ' ' {
			b = append(b, s[i])
		}
	}
	return string(b)
}

// joined is lines as the value of one fact.
func joined(lines []string) string {
	n := 0
	for i, l := range lines {
		if n += len(l); n > maxFact {
			lines = lines[:i+1]
			break
		}
	}
	return strings.Join(lines, " / ")
}
