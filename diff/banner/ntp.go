package banner

import (
	"bytes"
	"fmt"
	"strings"
)

// ntpKeys are the system variables of mode 6 that say what runs (RFC 9327);
// stratum, reference, clock and all measures move by themselves.
var ntpKeys = keeps("version processor system daemon_version", "mode monlist request", "protocolversion")

// parseNTP reads the variables a server tells in mode 6, as bytes or as a source
// prints them; of mode 7 that it answers at all, which lets it be abused; a mode
// 4 reply is a clock.
func parseNTP(d *document, src source) {
	b, lossy := src.octets(2 << 10)
	if i := bytes.Index(b, []byte("version=")); lossy && i >= 0 {
		d.dumpNTP(ntpVariables(safe(b[i:]), d.cut)) // behind a head of which bytes were lost
		return
	}
	mode := byte(0)
	if len(b) > 0 && !lossy && (b[0] < ' ' || b[0] > '~' || len(b) > 1 && (b[1] < ' ' || b[1] > '~')) {
		mode = b[0] & 7
	}
	switch {
	case mode == 6 && len(b) >= 12:
		d.dumpNTP(append(ntpVariables(safe(b[12:]), d.cut), pair{"mode", "6"}))
	case mode == 7 && len(b) >= 4:
		d.dumpNTP([]pair{{"mode", "7"}, {"request", fmt.Sprint(b[3])}})
	case mode >= 3 && mode <= 5 && len(b) >= 40, lossy:
		d.cut = false
		d.say("mode", Content, "4") // a clock: of variables the text would be left
	default:
		pairs := ntpVariables(strings.ReplaceAll(src.text, "\n", ", "), d.cut)
		if !holdsAny(pairs, ntpKeys) && !strings.Contains(src.text, "stratum") && !d.cut {
			parseText(d, src.text)
			return
		}
		d.dumpNTP(pairs)
	}
}

func (d *document) dumpNTP(pairs []pair) {
	d.ntpProduct(d.dump(pairs, ntpKeys)["version"])
}

// ntpProduct reads "ntpd 4.2.8p15@1.3728-o Wed Sep 23 11:46:38 UTC 2020 (1)".
func (d *document) ntpProduct(version string) {
	name, rest, _ := strings.Cut(version, " ")
	if d.version = versionAt(rest); d.version != "" {
		d.product = name
	}
}

// ntpVariables reads name=value or name: value, parted by commas outside of
// quotes; where the text was cut, not the last.
func ntpVariables(text string, cut bool) (out []pair) {
	for text != "" {
		quoted, end := false, 0
		for end < len(text) && (quoted || text[end] != ',') {
			quoted = quoted != (text[end] == '"')
			end++
		}
		if end == len(text) && cut {
			break
		}
		at := strings.IndexAny(text[:end], "=:")
		if at > 0 {
			key := asciiLower(strings.Trim(text[:at], " "))
			if i := strings.LastIndexByte(key, ' '); i >= 0 {
				key = key[i+1:] // words of a source before the first
			}
			out = append(out, pair{key, fold(strings.Trim(strings.Trim(text[at+1:end], " "), `"`))})
		}
		text = strings.TrimLeft(text[end:], ", ")
	}
	return out
}
