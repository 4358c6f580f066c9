package banner

import (
	"fmt"
	"slices"
	"strings"
)

// parseTelnet parts the negotiation of options (RFC 854), a set, from the text,
// which is kept line by line, masked.
func parseTelnet(d *document, src source) {
	b, lossy := src.octets(len(src.sent))
	if !slices.Contains(b, 0xFF) {
		parseText(d, src.text)
		return
	}
	options, text, whole := negotiation(b, lossy)
	slices.Sort(options)
	options = slices.Compact(options)
	for _, o := range options {
		d.line("option " + o)
	}
	if len(options) > 0 {
		d.fact("options", Content, strings.Join(options, ", "))
	}
	if text = unixLines(text); strings.TrimSpace(text) == "" || !whole {
		d.open() // more options may follow
		return
	}
	safeText, _ := escape(text)
	var lines []string
	for line := range textLines(safeText) {
		lines = append(lines, mask(line))
	}
	d.lines = append(d.lines, lines...)
	if len(lines) > 0 {
		d.fact("text", Content, joined(lines))
		d.product, d.version = knownProduct(joined(lines))
	}
}

var telnetVerbs = map[byte]string{0xFB: "will", 0xFC: "wont", 0xFD: "do", 0xFE: "dont"}

// negotiation takes the commands out of a text. Where bytes were lost a command
// reads as two unknown bytes before the option.
func negotiation(b []byte, lossy bool) (options []string, text string, whole bool) {
	const iac, subBegin, subEnd = 0xFF, 0xFA, 0xF0
	var out []byte
	for i := 0; i < len(b); i++ {
		if b[i] != iac {
			out = append(out, b[i])
			continue
		}
		if i+1 >= len(b) {
			return options, string(out), false
		}
		verb := telnetVerbs[b[i+1]]
		if lossy && b[i+1] == 0xFF {
			verb = "option"
		}
		switch {
		case verb != "":
			if i+2 >= len(b) {
				return options, string(out), false
			}
			options = append(options, fmt.Sprintf("%s %d", verb, b[i+2]))
			i += 2
		case b[i+1] == subBegin:
			option := -1
			if i+2 < len(b) {
				option = int(b[i+2])
			}
			end := i + 2
			for end+1 < len(b) && (b[end] != iac || b[end+1] != subEnd) {
				end++
			}
			if end+1 >= len(b) {
				return options, string(out), false
			}
			options = append(options, fmt.Sprintf("sub %d", option))
			i = end + 1
		case b[i+1] == iac && !lossy:
			out = append(out, iac)
			i++
		default:
			i++ // a command without an option
		}
	}
	return options, string(out), true
}
