package banner

import "strings"

// parse fills d from a source of a known protocol. A protocol without a parser
// of its own is lines of masked text.
func parse(d *document, src source) {
	switch d.protocol {
	case "http", "sip", "rtsp":
		parseHead(d, lostBytes(src.text))
	case "smtp", "ftp", "nntp":
		parseReplies(d, lostBytes(src.text))
	case "imap":
		parseIMAP(d, lostBytes(src.text))
	case "pop3":
		parsePOP3(d, lostBytes(src.text))
	case "daytime", "time", "qotd", "chargen", "systat":
		d.line(d.protocol) // what they answer is nothing but noise
	default:
		if binary := octetParsers[d.protocol]; binary != nil {
			if !isStub(d, src) {
				binary(d, src)
			}
			return
		}
		if looksJSON(src.text) {
			parseBody(d, src.text, body{bare: true})
			return
		}
		parseText(d, src.text)
	}
}

// parseText keeps what it does not understand: line by line, masked.
func parseText(d *document, text string) {
	for line := range textLines(text) {
		d.line(mask(line))
	}
	d.textFact()
}

// textFact tells all lines as one fact.
func (d *document) textFact() {
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

// joined is lines as the value of one fact, which is cut later.
func joined(lines []string) string { return strings.Join(lines, " / ") }
