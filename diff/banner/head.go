package banner

import (
	"cmp"
	"slices"
	"strings"

	"github.com/portdelta/portdelta/diff/banner/fingerprint"
)

// headed says whether a protocol's answers are a status line and a head.
func headed(protocol string) bool {
	return protocol == "http" || protocol == "sip" || protocol == "rtsp"
}

// serverField is the field that names the server of a protocol.
var serverField = map[string]fingerprint.Field{"http": fingerprint.HTTPServer, "sip": fingerprint.SIPServer, "rtsp": fingerprint.RTSPServer}

// parseHead reads a status line and header fields as HTTP, SIP (RFC 3261) and
// RTSP (RFC 7826) share them, and what their body says of the software.
// Canonical: the status line without its reason phrase, then one line a field
// value, names in lower case, in byte order: neither the order nor the case of
// fields means anything (RFC 9110 section 5.3); behind an empty line, which no
// field can make, what the body says, as a set. Whatever is malformed is kept as
// masked text.
func parseHead(d *document, text string) {
	if line, _, _ := strings.Cut(text, "\n"); !isStatusLine(line, d.protocol) {
		// A body alone, or a status line that was cut.
		if d.cut && len(line) == len(text) && strings.IndexByte(line, '<') < 0 && !looksJSON(text) {
			d.line(maskCut)
			return
		}
		parseBody(d, text, body{bare: true})
		return
	}
	head, rest, ended := cutHead(text)
	status, fields, _ := strings.Cut(head, "\n")
	if d.cut && !ended && len(status) == len(text) && len(strings.Fields(status)) < 3 {
		d.line(maskCut) // perhaps not all digits of the code
		return
	}
	h := heading{d: d, entries: make([]entry, 0, 24)}
	line := statusLine(d, status)
	h.fields(fields, d.cut && !ended)
	d.line(h.text(line))
	d.clue(serverField[d.protocol], h.server)
	d.clue(fingerprint.HTTPPoweredBy, h.poweredBy)
	if h.server != "" {
		d.product, d.version = splitProduct(h.server)
	} else if h.poweredBy != "" {
		d.product, d.version = splitProduct(h.poweredBy)
	}
	switch {
	case !ended && d.cut:
		d.line(maskCut)
	case ended:
		parseBody(d, rest, h.body)
	}
}

// cutHead parts the head from the body at the first empty line.
func cutHead(text string) (head, body string, ended bool) {
	for i := 0; ; {
		n := strings.IndexByte(text[i:], '\n')
		if n < 0 {
			return text, "", false
		}
		i += n + 1
		if i < len(text) && text[i] == '\n' {
			return text[:i-1], text[i+1:], true
		}
	}
}

func isStatusLine(line, protocol string) bool {
	return len(line) > len(protocol) && strings.EqualFold(line[:len(protocol)], protocol) && line[len(protocol)] == '/'
}

func statusLine(d *document, line string) string {
	version, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	version, code = clip(version, maxProduct), clip(code, maxProduct)
	d.fact("protocol", Content, version)
	if code == "" {
		return version
	}
	d.fact("status", statusClass(code), code)
	return version + " " + code
}

// statusClass: that a login is asked for is a matter of security, so its coming
// and going is too; all other codes are content.
func statusClass(code string) Class {
	switch code {
	case "401", "403", "407":
		return Security
	}
	return Content
}

// heading gathers the canonical lines of a head.
type heading struct {
	d                 *document
	entries           []entry
	size              int // of the lines
	server, poweredBy string
	body              body
}

// entry is one canonical line: a field and its value, or text without a name.
type entry struct{ name, value string }

func (h *heading) put(name, value string) {
	h.entries = append(h.entries, entry{name, value})
	h.size += len(name) + len(value) + len("\n: ")
}

// text is the status line and the entries in order, each once.
func (h *heading) text(status string) string {
	slices.SortFunc(h.entries, func(a, b entry) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return cmp.Compare(a.value, b.value)
	})
	var b strings.Builder
	b.Grow(len(status) + h.size)
	b.WriteString(status)
	for i, e := range h.entries {
		if i > 0 && e == h.entries[i-1] {
			continue
		}
		b.WriteByte('\n')
		b.WriteString(e.name)
		if e.name != "" {
			b.WriteByte(':')
		}
		if e.name != "" && e.value != "" {
			b.WriteByte(' ')
		}
		b.WriteString(e.value)
	}
	return b.String()
}

// fields goes through the field lines; a line that begins with white space goes
// on with the one before (RFC 9112 section 5.2). Where the head was cut, a last
// line that may lack its end is not read.
func (h *heading) fields(text string, cut bool) {
	var lower [64]byte
	for text != "" {
		line, rest, whole := strings.Cut(text, "\n")
		for whole && rest != "" && rest[0] == ' ' {
			var next string
			next, rest, whole = strings.Cut(rest, "\n")
			line += " " + strings.Trim(next, " ")
			if len(line) > maxField {
				break
			}
		}
		if !whole && cut {
			return
		}
		text = rest
		colon := strings.IndexByte(line, ':')
		name := strings.TrimRight(line[:max(colon, 0)], " ")
		if !isFieldName(name) {
			if line = fold(line); line != "" {
				h.put("", mask(line))
			}
			continue
		}
		value := fold(line[colon+1:])
		// A name of the table costs no allocation.
		if h.d.protocol == "http" && len(name) <= len(lower) {
			if f, ok := httpFields[string(lowerInto(lower[:0], name))]; ok {
				h.field(f, value)
				continue
			}
		}
		f := lookField(h.d.protocol, asciiLower(name))
		h.field(&f, value)
	}
}

func lowerInto(b []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}

// maxField ends the joining of continued lines, which would otherwise cost the
// square of their number.
const maxField = 8 << 10

func isFieldName(name string) bool {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7f || notToken[c] {
			return false
		}
	}
	return name != "" && len(name) <= maxFact
}

var notToken = func() (t [128]bool) {
	for _, c := range `"(),/:;<=>?@[\]{}` + "`" {
		t[c] = true
	}
	return t
}()

// field applies the rule of one field.
func (h *heading) field(f *knownField, value string) {
	switch f.how {
	case drop:
		return
	case presence:
		value = ""
	case masked:
		switch {
		case measured(value, timeUnits):
			value = maskTime
		case randomToken(value):
			value = maskID
		default:
			value = mask(value)
		}
	case lowered:
		value = asciiLower(value)
	case word:
		value = oneWord(value)
	case list:
		value = sortedList(value, ',')
	case product:
		value = maskEdge(value)
		if f.name == "x-powered-by" {
			h.poweredBy = value
		} else {
			h.server = value
		}
	case mediaType:
		value = media(value)
		h.body.kind = value
	case hop:
		if value = hops(value); value == "" {
			return
		}
	case caching:
		value = cacheControl(value)
	case via:
		value = viaProducts(value)
	case policy:
		value = securityPolicy(value)
	case transport:
		value = directives(value)
	case cookie:
		h.cookie(f.name, value)
		return
	case challenge:
		h.d.clue(fingerprint.HTTPAuth, value)
		h.challenges(f.name, value)
		return
	case redirect:
		h.redirect(f, value)
		return
	}
	if f.name == "transfer-encoding" {
		h.body.chunked = strings.Contains(value, "chunked")
	}
	h.put(f.name, value)
	switch {
	case f.name == "server":
		h.d.fact("server", Identity, value)
	case f.how == policy && value != "":
		for directive := range strings.SplitSeq(value, "; ") {
			name, sources, _ := strings.Cut(directive, " ")
			h.d.at(f.path+"."+clip(name, maxProduct), f.class, sources)
		}
	default:
		if f.class == Identity {
			h.d.clue(fingerprint.HTTPHeader, f.name+": "+value)
		}
		h.d.at(f.path, f.class, value)
	}
}
