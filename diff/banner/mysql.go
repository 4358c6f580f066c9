package banner

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/portdelta/portdelta/diff/banner/fingerprint"
)

// parseMySQL takes the first packet apart (MySQL internals, "Protocol::Handshake
// V10" and "ERR_Packet"): version, capabilities, character set and the way to log
// in stay; the thread's number and the salt, new on every connection, go. Its
// length prefix goes too: it varies with an address in the text of an error.
func parseMySQL(d *document, src source) {
	b, lossy := src.octets(1 << 10)
	switch {
	case len(b) > 5 && b[3] == 0 && b[4] == 0x0A:
		mysqlHandshake(d, b[5:], lossy)
	case len(b) > 7 && b[3] <= 1 && b[4] == 0xFF:
		mysqlError(d, b[5:])
	default:
		for line := range textLines(src.text) {
			d.line(maskClient(maskHost(line)))
		}
		d.textFact()
	}
}

// mysqlError reads an ERR packet. Before login it says whom the server turned away.
func mysqlError(d *document, b []byte) {
	code := int(binary.LittleEndian.Uint16(b))
	message := maskClient(maskHost(safe(b[2:])))
	d.line("error " + strconv.Itoa(code))
	d.line(message)
	d.fact("error", Security, strconv.Itoa(code))
	d.fact("message", Content, message)
	d.clue(fingerprint.MySQLError, message)
	d.product = "MySQL"
	if strings.Contains(message, "MariaDB") {
		d.product = "MariaDB"
	}
}

// maskHost masks the scanner's host as errors 1129 and 1130 quote it: an address
// or the name it resolves to.
func maskHost(s string) string {
	before, rest, ok := strings.Cut(s, "Host '")
	if !ok {
		return s
	}
	if _, after, closed := strings.Cut(rest, "'"); closed {
		return before + "Host '" + maskAddr + "'" + after
	}
	return before + "Host '" + maskAddr
}

const (
	clientSSL        = 0x0800 // capability flag CLIENT_SSL
	clientPluginAuth = 0x8 << 16
)

func mysqlHandshake(d *document, b []byte, lossy bool) {
	end := bytes.IndexByte(b, 0)
	lost := end < 0
	if lost {
		// The version's end is missing, or its NUL was lost on the way: all that
		// follows is random.
		for end = 0; end < len(b) && b[end] > ' ' && b[end] < 0x7f; end++ {
		}
	}
	version := safe(b[:end])
	// MariaDB 10 says 5.5.5- first, for replication with old servers.
	version = strings.TrimPrefix(version, "5.5.5-")
	d.line("version: " + version)
	d.fact("version", Identity, version)
	d.clue(fingerprint.MySQLVersion, version)
	d.product, d.version = "MySQL", versionAt(version)
	if strings.Contains(version, "MariaDB") {
		d.product = "MariaDB"
		if before, _, ok := strings.Cut(d.version, "-MariaDB"); ok {
			d.version = before
		}
	}
	if lost {
		return
	}
	r := reader{b: b[end+1:]}
	if lossy {
		// All lengths but that of the last string may have changed.
		if plugin := lastString(r.b); plugin != "" {
			d.cut = false
			d.say("plugin", Security, plugin)
		}
		return
	}
	r.take(4 + 8) // thread id, first part of the salt
	filler := r.byte()
	lower := r.take(2)
	if r.short || filler != 0 {
		return
	}
	capabilities := uint32(binary.LittleEndian.Uint16(lower))
	tls := "no"
	if capabilities&clientSSL != 0 {
		tls = "yes"
	}
	d.say("tls", Security, tls)
	charset := r.byte()
	r.take(2) // status
	upper := r.take(2)
	if r.short {
		return // before 4.1 nothing more came
	}
	d.say("charset", Content, strconv.Itoa(int(charset)))
	capabilities |= uint32(binary.LittleEndian.Uint16(upper)) << 16
	d.say("capabilities", Content, fmt.Sprintf("%08x", capabilities))
	salt := max(13, int(r.byte())-8)
	r.take(10)
	r.take(salt)
	if r.short || capabilities&clientPluginAuth == 0 {
		return
	}
	plugin, _, whole := bytes.Cut(r.b, []byte{0})
	if len(plugin) > 0 {
		d.say("plugin", Security, clip(safe(plugin), maxProduct))
	}
	d.cut = d.cut && !whole
}

// lastString is the name of a plugin at the end of a handshake: small letters,
// digits and underscores before the last NUL.
func lastString(b []byte) string {
	b, ok := bytes.CutSuffix(b, []byte{0})
	if !ok {
		return ""
	}
	i := len(b)
	for i > 0 && (isLower(b[i-1]) || isDigit(b[i-1]) || b[i-1] == '_') {
		i--
	}
	if len(b)-i < 8 || i > 0 && b[i-1] != 0 {
		return ""
	}
	return string(b[i:])
}

// parseMySQLX reads the greeting of MySQL's X protocol: a notice, of which only
// the kind is told.
func parseMySQLX(d *document, src source) {
	if b, _ := src.octets(16); len(b) >= 5 && b[3] == 0 {
		d.say("message", Content, strconv.Itoa(int(b[4])))
		d.cut = false
		return
	}
	parseText(d, src.text)
}
