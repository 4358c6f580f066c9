package banner

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// parseAMQP reads connection.start (AMQP 0-9-1 section 1.4.2.1), or the protocol
// header by which a server says which version it wants, or what a source prints.
func parseAMQP(d *document, src source) {
	b, lossy := src.octets(16 << 10)
	switch {
	case bytes.HasPrefix(b, []byte("AMQP")) && len(b) >= 8 && b[4] < ' ':
		d.cut = false
		d.say("protocol", Security, fmt.Sprintf("%d-%d-%d-%d", b[4], b[5], b[6], b[7]))
	case isAMQP(b) && !lossy:
		r := reader{b: b[7+4:]}
		major, minor := r.byte(), r.byte()
		d.line(fmt.Sprintf("protocol: %d-%d", major, minor))
		table := reader{b: r.take(min(max(r.uint32(), 0), len(r.b)))}
		d.amqpTable(&table, "", 0)
		mechanisms := strings.Fields(safe(r.take(r.uint32())))
		if r.short {
			d.open()
			break
		}
		slices.Sort(mechanisms)
		d.say("mechanisms", Security, strings.Join(mechanisms, " "))
		locales := strings.Fields(safe(r.take(r.uint32())))
		slices.Sort(locales)
		if !r.short {
			d.cut = false
			d.say("locales", Content, strings.Join(locales, " "))
		}
		d.open()
	default:
		for line := range textLines(src.text) {
			d.line(line)
		}
		d.textFact()
		for _, p := range splitLines(src.text, d.cut, ":", "=") {
			switch p.key {
			case "product":
				d.product = p.value
			case "version":
				d.version = versionAt(p.value)
			}
		}
	}
}

// isAMQP says whether the first frame is connection.start.
func isAMQP(b []byte) bool {
	return len(b) >= 13 && b[0] == 1 && string(b[1:3]) == "\x00\x00" && string(b[7:11]) == "\x00\x0a\x00\x0a"
}

// amqpTable adds a table's fields by their names, those of tables within it
// behind a point.
func (d *document) amqpTable(r *reader, prefix string, depth int) {
	for fields := 0; len(r.b) > 0 && !r.short && fields < maxElements; fields++ {
		name := asciiLower(clip(safe(r.take(int(r.byte()))), maxProduct))
		value, ok := "", true
		switch kind := r.byte(); kind {
		case 'S', 'x':
			value = safe(r.take(r.uint32()))
		case 's':
			value = safe(r.take(int(r.byte())))
		case 't':
			value = map[bool]string{true: "yes", false: "no"}[r.byte() != 0]
		case 'F', 'A':
			body := reader{b: r.take(r.uint32())}
			if !r.short && kind == 'F' && depth < maxNesting {
				d.amqpTable(&body, prefix+name+".", depth+1)
			}
			continue
		case 'b', 'B':
			value = fmt.Sprint(r.byte())
		case 'u', 'U':
			value = fmt.Sprint(r.uint16())
		case 'i', 'I', 'f':
			value = fmt.Sprint(r.uint32())
		case 'l', 'L', 'd':
			value = fmt.Sprintf("%x", r.take(8))
		case 'T':
			r.take(8) // a clock
			continue
		case 'V':
		default:
			ok = false
		}
		if !ok || r.short {
			return
		}
		class := Content
		switch prefix + name {
		case "product":
			class, d.product = Identity, value
		case "version":
			class, d.version = Identity, versionAt(value)
		case "platform", "cluster_name":
			class = Identity
		}
		d.line(prefix + name + ": " + value)
		d.named("", prefix+name, class, value)
	}
}
