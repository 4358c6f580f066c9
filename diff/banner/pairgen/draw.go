package pairgen

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// drawer draws what moves by itself.
type drawer struct{ *rand.Rand }

// draw fills the holes of a text. A hole is «kind» or «kind:argument».
func (d *drawer) draw(s string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "«")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		hole, after, _ := strings.Cut(rest, "»")
		kind, argument, _ := strings.Cut(hole, ":")
		b.WriteString(d.hole(kind, argument))
		s = after
	}
}

func (d *drawer) clock() time.Time {
	return time.Date(2023+d.IntN(3), time.Month(1+d.IntN(12)), 1+d.IntN(28), d.IntN(24), d.IntN(60), d.IntN(60), d.IntN(1e9), time.UTC)
}

// layouts are the clocks servers write, as package time spells them.
var layouts = map[string]string{
	"http": "Mon, 02 Jan 2006 15:04:05 GMT", "mail": "Mon, 2 Jan 2006 15:04:05 +0000", "mailzone": "Mon, 2 Jan 2006 15:04:05 -0700 (PDT)",
	"asctime": "Mon Jan _2 15:04:05 2006", "asctimezone": "Mon Jan _2 15:04:05 MST 2006", "iso": "2006-01-02T15:04:05Z", "isoms": "2006-01-02T15:04:05.000Z",
	"isozone": "2006-01-02T15:04:05+01:00", "sql": "2006-01-02 15:04:05", "hm": "15:04", "hms": "15:04:05", "common": "02/Jan/2006:15:04:05 +0000",
	"american": "01/02/06 15:04:05", "cookie": "Mon, 02-Jan-2006 15:04:05 GMT", "ldap": "20060102150405.0Z", "day": "2006-01-02", "stamp": "20060102150405",
}

func (d *drawer) hole(kind, argument string) string {
	if layout, ok := layouts[kind]; ok {
		return d.clock().Format(layout)
	}
	n, _ := strconv.Atoi(argument)
	switch kind {
	case "epoch":
		return strconv.FormatInt(d.clock().Unix(), 10)
	case "epochms":
		return strconv.FormatInt(d.clock().UnixMilli(), 10)
	case "hex":
		return d.from(n, "0123456789abcdef")
	case "HEX":
		return d.from(n, "0123456789ABCDEF")
	case "letters":
		return d.from(n, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	case "word":
		return d.from(n, "abcdefghijklmnopqrstuvwxyz")
	case "alnum":
		return d.from(n, "abcdefghijklmnopqrstuvwxyz0123456789")
	case "mixed":
		return d.from(n, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
	case "b64":
		return base64.StdEncoding.EncodeToString(d.octets(n))
	case "b64url":
		return base64.RawURLEncoding.EncodeToString(d.octets(n))
	case "uuid":
		h := hex.EncodeToString(d.octets(16))
		return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
	case "int":
		low, high, ok := strings.Cut(argument, "-")
		if !ok {
			low, high = "1", argument
		}
		a, _ := strconv.Atoi(low)
		b, _ := strconv.Atoi(high)
		return strconv.Itoa(a + d.IntN(b-a+1))
	case "float":
		return fmt.Sprintf("%.3f", d.Float64()*2)
	case "scanner": // an address of whoever scans
		return fmt.Sprintf("%s.%d", []string{"198.51.100", "203.0.113", "192.0.2"}[d.IntN(3)], 1+d.IntN(254))
	case "scannername":
		return fmt.Sprintf("probe-%d.scan.example.net", d.IntN(900))
	case "ntlm":
		return base64.StdEncoding.EncodeToString(d.ntlm(argument))
	case "pick":
		words := strings.Split(argument, "|")
		return words[d.IntN(len(words))]
	}
	panic("no hole is called " + kind)
}

// ntlm is a challenge of a machine of a domain (MS-NLMP section 2.2.1.2).
func (d *drawer) ntlm(domain string) []byte {
	wide := func(s string) []byte {
		var out []byte
		for i := range len(s) {
			out = append(out, s[i], 0)
		}
		return out
	}
	name := wide(domain)
	var info []byte
	for id, value := range [][]byte{2: name, 1: wide("SRV01"), 4: wide(strings.ToLower(domain) + ".example.com"), 3: wide("srv01." + strings.ToLower(domain) + ".example.com"), 7: d.octets(8)} {
		if value != nil {
			info = append(append(info, byte(id), 0, byte(len(value)), 0), value...)
		}
	}
	info = append(info, 0, 0, 0, 0)
	b := append([]byte("NTLMSSP\x00\x02\x00\x00\x00"), byte(len(name)), 0, byte(len(name)), 0, 56, 0, 0, 0, 0x15, 0x82, 0x8a, 0xe2)
	b = append(append(b, d.octets(8)...), make([]byte, 8)...)
	b = append(b, byte(len(info)), 0, byte(len(info)), 0, byte(56+len(name)), 0, 0, 0, 10, 0, 0x63, 0x45, 0, 0, 0, 15)
	return append(append(b, name...), info...)
}

func (d *drawer) from(n int, letters string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[d.IntN(len(letters))]
	}
	return string(b)
}

func (d *drawer) octets(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(d.IntN(256))
		if b[i] == '\\' && i > 0 && b[i-1] == '\\' {
			b[i] = 0 // two of them cannot be told from one that was doubled
		}
	}
	return b
}

// raw makes text of bytes: each its character U+0000 to U+00FF.
func raw(b []byte) string {
	r := make([]rune, len(b))
	for i, c := range b {
		r[i] = rune(c)
	}
	return string(r)
}

// salt is what MySQL draws: printable but for what ends strings.
func (d *drawer) salt(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(1 + d.IntN(126))
		if b[i] == '$' || b[i] == '\\' {
			b[i] = 'a'
		}
	}
	return string(b)
}
