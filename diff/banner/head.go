package banner

import (
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
// RTSP (RFC 7826) share them, and of an HTTP body the title. Canonical: the
// status line without its reason phrase, then one line a field value, names in
// lower case, in byte order: neither the order nor the case of fields means
// anything (RFC 9110 section 5.3). Whatever is malformed is kept as masked text.
func parseHead(d *document, text string) {
	if line, _, _ := strings.Cut(text, "\n"); !isStatusLine(line, d.protocol) {
		// A body alone, or a status line that was cut.
		if d.cut && len(line) == len(text) && strings.IndexByte(line, '<') < 0 {
			d.line(maskCut)
			return
		}
		parseBody(d, text, line)
		return
	}
	head, body, ended := cutHead(text)
	status, fields, _ := strings.Cut(head, "\n")
	if d.cut && !ended && len(status) == len(text) && len(strings.Fields(status)) < 3 {
		d.line(maskCut) // perhaps not all digits of the code
		return
	}
	d.lines = make([]string, 0, 20)
	d.line(statusLine(d, status))
	h := heading{d: d, lines: make([]string, 0, 16)}
	h.fields(fields, d.cut && !ended)
	slices.Sort(h.lines)
	d.lines = append(d.lines, slices.Compact(h.lines)...)
	d.clue(serverField[d.protocol], h.server)
	d.clue(fingerprint.HTTPPoweredBy, h.poweredBy)
	if h.server != "" {
		d.product, d.version = splitProduct(h.server)
	} else if h.poweredBy != "" {
		d.product, d.version = splitProduct(h.poweredBy)
	}
	if !ended {
		if d.cut {
			d.line(maskCut)
		}
		return
	}
	if d.protocol == "http" {
		title(d, body)
	} else {
		d.cut = false
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
	d.fact("status", Security, code)
	return version + " " + code
}

// heading gathers the canonical lines of a head.
type heading struct {
	d                 *document
	lines             []string
	server, poweredBy string
}

// fields goes through the field lines; a line that begins with white space goes
// on with the one before (RFC 9112 section 5.2). Where the head was cut, a last
// line that may lack its end is not read.
func (h *heading) fields(text string, cut bool) {
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
		name, value, ok := strings.Cut(line, ":")
		if name = asciiLower(strings.TrimRight(name, " ")); !ok || !isFieldName(name) {
			if line = fold(line); line != "" {
				h.lines = append(h.lines, mask(line))
			}
			continue
		}
		h.field(name, fold(value))
	}
}

// maxField ends the joining of continued lines, which would otherwise cost the
// square of their number.
const maxField = 8 << 10

func isFieldName(name string) bool {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return name != "" && len(name) <= maxFact
}

func (h *heading) put(name, value string) {
	if value == "" {
		h.lines = append(h.lines, name+":")
		return
	}
	h.lines = append(h.lines, name+": "+value)
}

// field applies the rule of one field.
func (h *heading) field(name, value string) {
	rule := fieldRule(h.d.protocol, name)
	switch rule.how {
	case drop:
		return
	case presence:
		value = ""
	case masked:
		value = mask(value)
	case lowered:
		value = asciiLower(value)
	case list:
		value = sortedList(value, ",")
	case product:
		value = maskEdge(value)
		if name == "server" || name == "user-agent" {
			h.server = value
		} else if name == "x-powered-by" {
			h.poweredBy = value
		}
	case via:
		value = viaProducts(value)
	case policy:
		value = securityPolicy(value)
	case transport:
		value = sortedList(value, ";")
	case cookie:
		h.cookie(name, value)
		return
	case challenge:
		h.d.clue(fingerprint.HTTPAuth, value)
		h.challenges(name, value)
		return
	case redirect:
		h.redirect(name, value)
		return
	}
	h.put(name, value)
	switch name {
	case "server":
		h.d.fact("server", Identity, value)
	default:
		if rule.class == Identity {
			h.d.clue(fingerprint.HTTPHeader, name+": "+value)
		}
		h.d.named("header.", name, rule.class, value)
	}
}

// parseBody keeps of an answer without a head its title, or masked first line.
func parseBody(d *document, body, first string) {
	if !title(d, body) && !d.cut {
		d.line(mask(fold(clip(first, maxField))))
	}
}

// title adds the title of an HTML body, behind an empty line that no field can
// make. Where the body was cut before a title ended, the form stays Cut.
func title(d *document, body string) bool {
	lower := asciiLower(body)
	i := strings.Index(lower, "<title")
	if i < 0 {
		return false
	}
	open := strings.IndexByte(body[i:], '>')
	if open < 0 {
		return false
	}
	start := i + open + 1
	end := strings.Index(lower[start:], "</")
	if end < 0 {
		if d.cut {
			return false
		}
		end = len(body) - start
	}
	d.cut = false
	text := mask(fold(strings.ReplaceAll(clip(body[start:start+end], maxField), "\n", " ")))
	if text == "" {
		return false
	}
	if len(d.lines) > 0 {
		d.line("")
	}
	d.line("title: " + text)
	d.fact("title", Content, text)
	d.clue(fingerprint.HTMLTitle, text)
	return true
}
