package banner

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
)

// parseMySQL takes the first packet apart (MySQL internals, "Protocol::Handshake
// V10" and "ERR_Packet"): the version stays, the thread's number and the salt,
// new on every connection, go. Its length prefix goes too: it varies with an
// address in the text of an error.
func parseMySQL(d *document, src source) {
	b := octets(src.raw, 1<<10)
	switch {
	case len(b) > 5 && b[3] == 0 && b[4] == 0x0A:
		mysqlHandshake(d, b[5:])
	case len(b) > 7 && b[3] == 0 && b[4] == 0xFF:
		code := int(binary.LittleEndian.Uint16(b[5:]))
		message, _ := escape(string(b[7:]))
		message = mask(fold(strings.ReplaceAll(message, "\n", " ")))
		d.line("error " + strconv.Itoa(code))
		d.line(message)
		d.fact("error", Security, strconv.Itoa(code))
		d.fact("message", Content, message)
		if strings.Contains(message, "MariaDB") {
			d.product = "MariaDB"
		} else {
			d.product = "MySQL"
		}
	default:
		parseText(d, src.text)
	}
}

const clientSSL = 0x0800 // capability flag CLIENT_SSL

func mysqlHandshake(d *document, b []byte) {
	end := bytes.IndexByte(b, 0)
	if end < 0 {
		// The version's end is missing, or its NUL was lost on the way: all that
		// follows is random.
		for end = 0; end < len(b) && b[end] > ' ' && b[end] < 0x7f; end++ {
		}
	} else {
		d.cut = d.cut && end+1+26 > len(b)
	}
	version, _ := escape(string(b[:end]))
	d.line("version: " + version)
	d.fact("version", Identity, version)
	d.product = "MySQL"
	// MariaDB 10 says 5.5.5- first, for replication with old servers.
	d.version = versionAt(strings.TrimPrefix(version, "5.5.5-"))
	if strings.Contains(version, "MariaDB") {
		d.product = "MariaDB"
		if before, _, ok := strings.Cut(d.version, "-MariaDB"); ok {
			d.version = before
		}
	}
	// thread id 4, salt 8, filler 1, capabilities 2
	if rest := b[end:]; len(rest) >= 1+4+8+1+2 {
		tls := "no"
		if binary.LittleEndian.Uint16(rest[14:])&clientSSL != 0 {
			tls = "yes"
		}
		d.line("tls: " + tls)
		d.fact("tls", Security, tls)
	}
}
