package banner

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// ntlmKeys are what sources print of the NTLM challenge of a Windows machine,
// spelled as they spell it; its clock is left out.
var ntlmKeys = keeps(
	"os os_build product_version product version target_name netbios_domain_name netbios_computer_name dns_domain_name dns_computer_name dns_tree_name fqdn",
	"security protocol nla tls", "")

// parseRDP reads the confirmation of a connection (X.224 in TPKT, MS-RDPBCGR
// section 2.2.1.2) and, where it follows, the NTLM challenge; the references of
// the connection go.
func parseRDP(d *document, src source) {
	b, lossy := src.octets(4 << 10)
	if i := bytes.Index(b, []byte("\x03\x00\x00")); i > 0 {
		b = b[i:] // behind a source's own heading
	}
	if len(b) < 4 || b[0] != 3 || b[1] != 0 {
		d.rdpText(src)
		return
	}
	size := int(b[2])<<8 | int(b[3])
	if len(b) < 11 && !lossy || len(b) < min(size, 19) && d.cut {
		return
	}
	if b[5] != 0xD0 && !lossy {
		d.say("x224", Content, fmt.Sprintf("%02x", b[5]))
		d.cut = false
		return
	}
	r := reader{b: b[min(len(b), 11):]}
	if size == 19 && len(b) > 8+4 && len(b) < size {
		r.b = b[len(b)-8:] // of the references before it a byte was lost
	}
	switch {
	case size < 19 || len(r.b) < 8:
		d.say("protocol", Security, "rdp")
	case r.b[0] == 3:
		d.say("refused", Security, fmt.Sprint(binary.LittleEndian.Uint32(r.b[4:])))
	default:
		d.say("flags", Security, fmt.Sprintf("%02x", r.b[1]))
		d.say("protocol", Security, rdpProtocol(binary.LittleEndian.Uint32(r.b[4:])))
	}
	if targets := ntlmChallenge(b); targets != nil && !lossy {
		for _, t := range targets {
			d.say(t.name, Identity, t.value)
		}
		d.open()
		return
	}
	if _, rest, ok := strings.Cut(src.text, "NTLM"); ok {
		d.ntlmText(rest)
		return
	}
	d.open()
}

func rdpProtocol(n uint32) string {
	switch n {
	case 0:
		return "rdp"
	case 1:
		return "tls"
	case 2:
		return "credssp"
	case 4:
		return "rdstls"
	case 8:
		return "credssp-ex"
	}
	return fmt.Sprintf("%08x", n)
}

// rdpText reads an answer that a source has written down in words.
func (d *document) rdpText(src source) {
	if _, rest, ok := strings.Cut(src.text, "NTLM"); ok {
		d.ntlmText(rest)
		return
	}
	if d.cut {
		d.open() // a heading, of which the words that count may be missing
		return
	}
	parseText(d, src.text)
}

func (d *document) ntlmText(text string) {
	pairs := splitLines(text, d.cut, ":", "=")
	for i := range pairs {
		pairs[i].key = strings.ReplaceAll(pairs[i].key, " ", "_")
	}
	d.dump(pairs, ntlmKeys)
}
