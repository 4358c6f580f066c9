package banner

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// parseDNS reads a response (RFC 1035 section 4.1): flags, code, the question and
// what the answers say. Its id, the time to live of records and their order go.
// Words about a server are kept as text, without what dig says of the one query.
func parseDNS(d *document, src source) {
	b, lossy := src.octets(4 << 10)
	if len(b) >= 14 && int(b[0])<<8|int(b[1]) == len(b)-2 && !isDNS(b) || len(b) >= 14 && b[0] <= 2 && isDNS(b[2:]) && !isDNS(b) {
		b = b[2:] // the length before a message over TCP
	}
	if lossy {
		d.lossyDNS(b)
		return
	}
	if !isDNS(b) {
		d.dnsText(src.text)
		return
	}
	high, low := b[2], b[3]
	d.say("opcode", Content, strconv.Itoa(int(high>>3&15)))
	d.say("flags", Content, dnsFlags(high, low))
	recursion := "no"
	if low&0x80 != 0 {
		recursion = "yes"
	}
	d.say("recursion", Security, recursion)
	d.say("rcode", Security, dnsCode(int(low&15)))
	m := dnsMessage{all: b, r: reader{b: b[12:]}}
	count := func(at int) int { return min(int(b[at])<<8|int(b[at+1]), maxMessages) }
	for range count(4) {
		name := m.name()
		kind, class := m.r.uint16(), m.r.uint16()
		if m.r.short {
			break
		}
		if !tellsServer(name) {
			m.asked, name = name, "question"
		}
		d.say("question", Content, fmt.Sprintf("%s %d %d", name, kind, class&0xFF))
	}
	var lines []string
	for range count(6) + count(8) + count(10) {
		if line := m.record(d); line != "" {
			lines = append(lines, line)
		}
		if m.r.short {
			break
		}
	}
	slices.Sort(lines)
	d.lines = append(d.lines, slices.Compact(lines)...)
	d.cut = d.cut && m.r.short
	d.open()
}

// isDNS says whether the head is one of a response that makes sense.
func isDNS(b []byte) bool {
	if len(b) < 12 || b[2]&0x80 == 0 || b[2]>>3&15 > 5 || b[4] != 0 || b[5] > 1 {
		return false
	}
	for _, at := range []int{6, 8, 10} {
		if b[at] != 0 || b[at+1] > 64 {
			return false
		}
	}
	return true
}

func dnsFlags(high, low byte) string {
	var out []string
	for _, f := range []struct {
		on   bool
		name string
	}{{high&4 != 0, "aa"}, {high&2 != 0, "tc"}, {high&1 != 0, "rd"}, {low&0x80 != 0, "ra"}, {low&0x20 != 0, "ad"}, {low&0x10 != 0, "cd"}} {
		if f.on {
			out = append(out, f.name)
		}
	}
	return strings.Join(out, " ")
}

func dnsCode(n int) string {
	names := []string{"noerror", "formerr", "servfail", "nxdomain", "notimp", "refused"}
	if n < len(names) {
		return names[n]
	}
	return strconv.Itoa(n)
}

// dnsMessage reads names, which may point back into the whole.
type dnsMessage struct {
	all   []byte
	r     reader
	asked string // the name the client asked for, where it is its own choice
}

// tellsServer says whether a name is one by which a server tells of itself
// (version.bind, hostname.bind, id.server: RFC 4892).
func tellsServer(name string) bool {
	return strings.HasSuffix(name, ".bind.") || strings.HasSuffix(name, ".server.")
}

// name reads a name: at most 255 bytes and 16 pointers, each further back than
// where it stands, so that no loop is followed.
func (m *dnsMessage) name() string {
	var out strings.Builder
	r, jumped := &m.r, 0
	for {
		n := int(r.byte())
		switch {
		case r.short:
			m.r.short = true
			return out.String()
		case n == 0:
			return asciiLower(cmp.Or(out.String(), "."))
		case n&0xC0 == 0xC0:
			at := n&0x3F<<8 | int(r.byte())
			if jumped++; r.short || jumped > 16 || at >= len(m.all) {
				m.r.short = true
				return out.String()
			}
			r = &reader{b: m.all[at:]}
		case n > 63 || out.Len() > 255:
			m.r.short = true
			return out.String()
		default:
			out.WriteString(safe(r.take(n)) + ".")
		}
	}
}

// record reads one resource record and says it in a line; OPT (RFC 6891) is told
// as facts.
func (m *dnsMessage) record(d *document) string {
	name := m.name()
	if name == m.asked {
		name = "question"
	}
	kind, class := m.r.uint16(), m.r.uint16()
	m.r.take(4) // time to live; of OPT the version and flags
	n := m.r.uint16()
	at := len(m.all) - len(m.r.b)
	data := m.r.take(n)
	if m.r.short {
		return ""
	}
	switch kind {
	case 41:
		d.named("", "edns", Content, strconv.Itoa(class))
		options := reader{b: data}
		line := "edns: " + strconv.Itoa(class)
		for len(options.b) > 0 {
			code := options.uint16()
			value := options.take(options.uint16())
			if options.short {
				break
			}
			if code == 3 {
				d.fact("nsid", Identity, safe(value))
				line += ", nsid " + safe(value)
			}
		}
		return line
	case 16, 99:
		var texts []string
		strs := reader{b: data}
		for len(strs.b) > 0 {
			s := strs.take(int(strs.byte()))
			if strs.short {
				break
			}
			texts = append(texts, safe(s))
		}
		value := strings.Join(texts, "")
		class := Content
		if strings.Contains(name, "version.") {
			class = Identity
			d.product, d.version = dnsProduct(value)
		}
		d.named("txt.", strings.TrimRight(name, "."), class, value)
		return name + " TXT " + value
	case 2, 5, 12, 15, 6:
		target := dnsMessage{all: m.all, r: reader{b: m.all[at : at+n]}}
		prefix := ""
		if kind == 15 {
			prefix = strconv.Itoa(target.r.uint16()) + " "
		}
		return fmt.Sprintf("%s %d %s%s", name, kind, prefix, target.name())
	case 46, 47, 48, 50:
		return fmt.Sprintf("%s %d", name, kind) // signatures are renewed
	}
	return fmt.Sprintf("%s %d %x", name, kind, data[:min(len(data), 32)])
}

// dnsProduct reads what servers answer to version.bind: "9.11.4-P2-RedHat-...",
// "dnsmasq-2.80", "unbound 1.9.0", "PowerDNS Authoritative Server 4.1.6".
func dnsProduct(s string) (name, version string) {
	if v := versionAt(s); v != "" {
		return "BIND", v
	}
	if i := strings.LastIndexAny(s, " -"); i > 0 && versionAt(s[i+1:]) != "" {
		return s[:i], versionAt(s[i+1:])
	}
	return splitProduct(s)
}

// dnsText keeps lines about a server, without those dig adds about the query.
func (d *document) dnsText(text string) {
	lines := slices.Collect(textLines(text))
	for i, line := range lines {
		if i > 0 && i == len(lines)-1 && d.lastLineCut(text) {
			break // what in it moves is not known
		}
		lower := asciiLower(line)
		if strings.HasPrefix(lower, ";; query time") || strings.HasPrefix(lower, ";; when") || strings.HasPrefix(lower, ";; msg size") ||
			strings.HasPrefix(lower, ";; server") || strings.HasPrefix(lower, "; cookie") || strings.HasPrefix(lower, "transaction id") {
			continue
		}
		if i := strings.Index(lower, " id: "); i >= 0 && strings.HasPrefix(line, ";;") {
			line = line[:i] + " id: " + maskID
		}
		if words := strings.Fields(line); len(words) > 3 && isDigits(words[1]) && (words[2] == "IN" || words[2] == "CH") {
			words[1] = maskCount // a time to live
			line = strings.Join(words, " ")
		}
		d.line(dnsVersionText(line))
	}
	if len(d.lines) > 0 {
		d.fact("text", Identity, joined(d.lines))
		d.product, d.version = dnsProduct(d.lines[0])
	}
}

// dnsVersionText leaves a line that is a version as it stands and masks others.
func dnsVersionText(line string) string {
	_, v := dnsProduct(line)
	if v != "" || strings.Contains(asciiLower(line), "version") {
		return line
	}
	return mask(line)
}
