package banner

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// snmpNames are objects of the system group (RFC 3418) that say what a device is.
var snmpNames = map[string]struct {
	name  string
	class Class
}{
	"1.3.6.1.2.1.1.1.0": {"sysdescr", Identity}, "1.3.6.1.2.1.1.2.0": {"sysobjectid", Identity}, "1.3.6.1.2.1.1.4.0": {"syscontact", Content},
	"1.3.6.1.2.1.1.5.0": {"sysname", Content}, "1.3.6.1.2.1.1.6.0": {"syslocation", Content}, "1.3.6.1.2.1.1.7.0": {"sysservices", Content},
}

// parseSNMP reads a response of version 1 or 2c (RFC 3416), or the report by which
// version 3 tells its engine (RFC 3414 section 4), or what a source prints of
// them. Request ids, counters, and the engine's boots and clock go.
func parseSNMP(d *document, src source) {
	b, lossy := src.octets(8 << 10)
	r := reader{b: b}
	if lossy && len(b) > 0 && b[0] == 0x30 {
		for _, s := range octetStrings(b, 2) {
			d.line("text: " + s.text)
		}
		if len(d.lines) > 1 {
			d.fact("text", Identity, joined(d.lines[1:]))
		}
		return
	}
	message, whole := r.element()
	parts, _ := elements(message.body)
	if message.tag != 0x30 || len(parts) < 3 || parts[0].tag != 2 {
		if len(b) > 1 && b[0] == 0x30 && d.cut && parts != nil {
			d.open()
			return
		}
		d.snmpText(src.text)
		return
	}
	version := parts[0].number()
	d.say("version", Security, map[int]string{0: "1", 1: "2c", 3: "3"}[version])
	if version == 3 {
		d.snmpEngine(parts, whole)
		return
	}
	d.say("community", Security, safe(parts[1].body))
	pdu, _ := elements(parts[2].body)
	if len(pdu) < 4 {
		d.open()
		return
	}
	d.say("error", Security, strconv.Itoa(pdu[1].number()))
	bindings, _ := elements(pdu[3].body)
	for _, binding := range bindings {
		fields, complete := elements(binding.body)
		if len(fields) < 2 || !complete {
			break
		}
		d.snmpValue(objectID(fields[0].body), fields[1])
	}
	d.cut = d.cut && !whole
	d.open()
}

func (d *document) snmpValue(oid string, value element) {
	object, known := snmpNames[oid]
	switch value.tag {
	case 4:
		text := safe(value.body)
		if !known {
			text = mask(text) // a version in it stays
			object.name, object.class = oid, Content
		}
		d.say(object.name, object.class, text)
	case 6:
		if !known {
			object.name, object.class = oid, Content
		}
		d.say(object.name, object.class, objectID(value.body))
	case 2:
		if known {
			d.say(object.name, object.class, strconv.Itoa(value.number()))
		}
	default: // counters, gauges, ticks
	}
}

// snmpEngine reads msgSecurityParameters of the user-based model: who the engine
// is, and not how often and how long it has run.
func (d *document) snmpEngine(parts []element, whole bool) {
	if len(parts) >= 3 {
		outer := reader{b: parts[2].body}
		inner, _ := outer.element()
		fields, _ := elements(inner.body)
		if len(fields) >= 3 && len(fields[0].body) >= 5 {
			id := fields[0].body
			enterprise := int(id[0]&0x7F)<<24 | int(id[1])<<16 | int(id[2])<<8 | int(id[3])
			d.say("enterprise", Identity, strconv.Itoa(enterprise))
			d.say("engineid", Identity, fmt.Sprintf("%x", id[:min(len(id), 32)]))
		}
	}
	d.cut = d.cut && !whole
	d.open()
}

// objectID writes an OBJECT IDENTIFIER down; of one longer than 64 parts the
// first.
func objectID(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	out := strconv.Itoa(int(b[0])/40) + "." + strconv.Itoa(int(b[0])%40)
	n, parts := 0, 2
	for _, c := range b[1:] {
		n = n<<7&0xFFFFFFF | int(c&0x7F)
		if c < 0x80 {
			out += "." + strconv.Itoa(n)
			n = 0
			if parts++; parts == 64 {
				break
			}
		}
	}
	return out
}

// snmpText keeps lines about a device as they stand, for the dates in them are
// those of builds; counters and clocks, by their names or types, go.
func (d *document) snmpText(text string) {
	lines := slices.Collect(textLines(text))
	for i, line := range lines {
		if d.lastLineCut(text) && i > 0 && i == len(lines)-1 && !strings.ContainsAny(line, ":=") {
			break // perhaps the name of something that moves
		}
		lower := asciiLower(line)
		volatile := strings.Contains(lower, "timeticks") || strings.Contains(lower, "counter32") || strings.Contains(lower, "counter64") || strings.Contains(lower, "gauge32")
		name, _, labelled := strings.Cut(strings.ReplaceAll(strings.ReplaceAll(lower, " ", ""), "=", ":"), ":")
		switch name {
		case "engineboots", "enginetime", "snmpengineboots", "snmpenginetime", "msgid", "requestid", "request-id", "time", "localtime":
			volatile = volatile || labelled
		}
		volatile = volatile || labelled && strings.Contains(name, "uptime")
		if !volatile {
			d.line(line)
		}
	}
	if len(d.lines) > 0 {
		d.fact("text", Identity, joined(d.lines))
	}
}

// isSNMP says whether a message of version 1, 2c or 3 begins.
func isSNMP(b []byte) bool {
	r := reader{b: b}
	message, _ := r.element()
	inner := reader{b: message.body}
	version, _ := inner.element()
	if r.short || inner.short || message.tag != 0x30 || version.tag != 2 || len(version.body) != 1 || len(inner.b) < 2 {
		return false
	}
	v := version.body[0]
	return v <= 1 && inner.b[0] == 4 || v == 3 && inner.b[0] == 0x30
}
