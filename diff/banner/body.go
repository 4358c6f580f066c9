package banner

import (
	"slices"
	"strings"
)

// body is what a head says of the body behind it.
type body struct {
	kind    string // media type, canonical; "" if not told
	chunked bool
	bare    bool // there was no head
}

// firstLine bounds the first line of a plain text that is kept (P11).
const firstLine = 256 // bytes

// parseBody adds what a body says of the software and of where it leads: of JSON
// its keys and typed values, of HTML title, generator, refresh and the versions
// named in its text, of XML the elements that name a product or an error, of plain
// text the first line. The rest of a page is what its operator writes there, with
// all its ids, and no banner. Lines are a set.
func parseBody(d *document, text string, b body) {
	if b.chunked {
		text = joinChunks(text)
	}
	page := pageReader{d: d, cut: d.cut}
	switch start := strings.TrimLeft(text, " \n"); {
	case start == "":
	case looksJSON(start):
		page.lines = jsonLines(d, start)
	case start[0] == '<':
		page.read(text)
	case d.protocol != "http":
		page.sdp(text)
	case b.kind == "" || strings.HasPrefix(b.kind, "text/plain"), b.bare:
		line, _, whole := strings.Cut(start, "\n")
		if line = fold(line); (whole || !d.cut) && len(line) <= firstLine {
			page.line("text: ", mask(line))
			d.fact("text", Content, mask(line))
		}
	}
	slices.Sort(page.lines)
	lines := slices.Compact(page.lines)
	switch {
	case b.bare && len(lines) == 0 && !d.cut:
		line, _, _ := strings.Cut(text, "\n")
		lines = []string{mask(fold(clip(line, maxField)))}
	case b.bare && d.cut:
		lines = append(lines, maskCut)
	case !b.bare && len(lines) > 0:
		d.line("")
	}
	d.lines = append(d.lines, lines...)
}

// joinChunks takes the sizes out of a chunked body (RFC 9112 section 7.1). Line
// ends were folded, so sizes do not fit: a line that is nothing but one goes.
func joinChunks(text string) string {
	size, rest, _ := strings.Cut(text, "\n")
	if size, _, _ = strings.Cut(size, ";"); !isChunkSize(size) {
		return text
	}
	var b strings.Builder
	for line := range strings.SplitSeq(rest, "\n") {
		if !isChunkSize(line) {
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

func isChunkSize(s string) bool {
	s = strings.Trim(s, " ")
	for i := range len(s) {
		if !isHex(s[i]) {
			return false
		}
	}
	return s != "" && len(s) <= 8
}

// sdp keeps of a session description (RFC 8866) what is no id: its name, the
// tool that wrote it and its media.
func (p *pageReader) sdp(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		if p.cut && strings.HasSuffix(text, line) {
			continue // the last line may lack its end
		}
		for _, prefix := range []string{"s=", "a=tool:", "m=", "a=rtpmap:"} {
			if strings.HasPrefix(line, prefix) {
				line = mask(fold(line))
				p.line("", line)
				p.d.fact("description", Content, line)
			}
		}
	}
}
