package banner

import (
	"encoding/binary"
	"fmt"
)

// parseTDS reads the answer to PRELOGIN (MS-TDS section 2.2.6.5): the version of
// SQL Server and whether it encrypts.
func parseTDS(d *document, src source) {
	b, lossy := src.octets(1 << 10)
	if lossy || !isTDS(b) {
		parseText(d, src.text)
		return
	}
	data := b[8:]
	for at := 0; at+5 <= len(data) && data[at] != 0xFF && at < 5*16; at += 5 {
		offset, n := int(binary.BigEndian.Uint16(data[at+1:])), int(binary.BigEndian.Uint16(data[at+3:]))
		if offset+n > len(data) {
			d.open()
			return
		}
		value := data[offset : offset+n]
		switch {
		case data[at] == 0 && n >= 6:
			d.product = "Microsoft SQL Server"
			d.version = fmt.Sprintf("%d.%d.%d", value[0], value[1], binary.BigEndian.Uint16(value[2:]))
			d.say("version", Identity, d.version)
		case data[at] == 1 && n == 1:
			d.say("encryption", Security, map[byte]string{0: "off", 1: "on", 2: "not supported", 3: "required"}[value[0]])
		}
	}
	d.cut = false
}

func isTDS(b []byte) bool {
	return len(b) >= 14 && b[0] == 4 && b[1] == 1 && b[8] == 0 && b[9] == 0 && b[11] == 0 && b[12] == 6
}
