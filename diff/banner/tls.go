package banner

import "fmt"

// parseTLS keeps of a record its type and version (RFC 8446 section 5.1), of an
// alert what it says, and of a ServerHello the version and cipher suite that were
// chosen; the rest of it is random.
func parseTLS(d *document, src source) {
	b, lossy := src.octets(1 << 10)
	if len(b) < 3 {
		parseText(d, src.text)
		return
	}
	record := fmt.Sprintf("record %d, version %d.%d", b[0], b[1], b[2])
	if b[0] == 0x15 && len(b) >= 7 {
		record += fmt.Sprintf(", alert %d", b[6])
	}
	d.line(record)
	d.fact("record", Security, record)
	if b[0] == 0x15 || lossy {
		d.cut = d.cut && len(b) < 7 && !lossy
		return
	}
	r := reader{b: b[3:]}
	r.uint16() // the record's length
	if b[0] != 0x16 || r.byte() != 2 {
		return
	}
	serverHello(d, &r)
}

// serverHello reads RFC 8446 section 4.1.3, with the extension by which version
// 1.3 says that it is (section 4.2.1).
func serverHello(d *document, r *reader) {
	r.take(3) // the message's length
	version := r.uint16()
	r.take(32)
	r.take(int(r.byte()))
	cipher := r.uint16()
	r.take(1)
	if r.short {
		return
	}
	extensions := reader{b: r.take(min(r.uint16(), len(r.b)))}
	for len(extensions.b) > 0 && !extensions.short {
		kind := extensions.uint16()
		value := reader{b: extensions.take(extensions.uint16())}
		if kind == 43 && !extensions.short && len(value.b) == 2 {
			version = value.uint16()
		}
	}
	if extensions.short && d.cut {
		return // the version may stand in what is missing
	}
	d.cut = false
	d.say("version", Security, fmt.Sprintf("%d.%d", version>>8, version&0xFF))
	d.say("cipher", Security, fmt.Sprintf("0x%04x", cipher))
}
