package banner

import (
	"fmt"
	"slices"
	"strings"
)

// parseRFB reads the protocol's version and, where it follows, what the server
// demands (RFC 6143 section 7.1): a list of security types, since 3.7, or the one
// it chose. The challenge behind them goes.
func parseRFB(d *document, src source) {
	line, rest, whole := strings.Cut(src.text, "\n")
	d.line(mask(fold(line)))
	d.fact("version", Security, mask(fold(line)))
	if !whole || rest == "" {
		return
	}
	b, lossy := src.octets(512)
	r := reader{b: b[min(len(b), len("RFB 003.008\n")):]}
	if len(b) < 12 || b[11] != '\n' || lossy && r.b[0] == 0xFF {
		return
	}
	if first := r.b[0]; first >= ' ' && first <= '~' {
		parseText(d, rest) // words about it
		return
	}
	var types []string
	if line < "RFB 003.007" {
		if kind := r.uint32(); !r.short {
			types = append(types, securityType(kind))
		}
	} else {
		list := r.take(int(r.byte()))
		if r.short {
			return
		}
		for _, kind := range list {
			types = append(types, securityType(int(kind)))
		}
		if len(list) == 0 {
			types = append(types, securityType(0))
		}
	}
	slices.Sort(types)
	if types = slices.Compact(types); len(types) == 0 {
		return
	}
	d.say("security", Security, strings.Join(types, ", "))
	d.cut = d.cut && slices.Contains(types, "refused")
	if slices.Contains(types, "refused") {
		if reason := safe(r.take(r.uint32())); !r.short {
			d.say("reason", Content, mask(reason))
		}
	}
}

// securityType names a security type of the IANA registry.
func securityType(n int) string {
	switch n {
	case 0:
		return "refused"
	case 1:
		return "none"
	case 2:
		return "vnc"
	case 16:
		return "tight"
	case 18:
		return "tls"
	case 19:
		return "vencrypt"
	case 30:
		return "apple"
	}
	return fmt.Sprintf("type %d", n)
}
