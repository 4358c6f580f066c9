package banner

import (
	"encoding/binary"
	"fmt"
)

// parseSMB reads the answer to a negotiation (MS-SMB2 section 2.2.4, MS-CIFS
// section 2.2.4.52): dialect, whether messages must be signed, capabilities.
// Clocks, challenges and the server's random id go.
func parseSMB(d *document, src source) {
	b, lossy := src.octets(1 << 10)
	switch {
	case len(b) < 8 || !isSMB(b):
		parseText(d, src.text)
	case lossy:
		d.line("smb")
	case b[4] == 0xFE && len(b) >= 4+64+28:
		body := b[4+64:]
		d.say("security", Security, fmt.Sprintf("%02x", body[2]))
		d.say("dialect", Security, fmt.Sprintf("%04x", binary.LittleEndian.Uint16(body[4:])))
		d.say("capabilities", Content, fmt.Sprintf("%08x", binary.LittleEndian.Uint32(body[24:])))
		d.cut = false
	case b[4] == 0xFF && len(b) >= 4+32+4:
		d.say("dialect", Security, fmt.Sprintf("1.%d", binary.LittleEndian.Uint16(b[4+33:])))
		d.say("security", Security, fmt.Sprintf("%02x", b[4+35]))
		d.cut = false
	case d.cut:
		d.open()
	default:
		d.line(fmt.Sprintf("smb %02x", b[4]))
	}
}

func isSMB(b []byte) bool {
	return len(b) >= 8 && b[0] == 0 && (b[4] == 0xFF || b[4] == 0xFE) && string(b[5:8]) == "SMB"
}
