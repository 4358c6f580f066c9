package fingerprint

import (
	"encoding/hex"
	"strings"
)

// cpeParts is the number of attributes of a CPE name: part, vendor, product,
// version, update, edition, language, software edition, target software, target
// hardware, other (NISTIR 7695 section 5.2).
const cpeParts = 11

// cpeOf is the formatted string (NISTIR 7695 section 6.2) of a name given as
// "a:vendor:product". A version that is not known is ANY, "*": the software has
// one, the banner does not say which.
func cpeOf(name, version, update string) string {
	var parts [cpeParts]string
	copy(parts[:], strings.SplitN(name, ":", 3))
	parts[3], parts[4] = version, update
	if version == "" {
		parts[4] = ""
	}
	return bind(parts)
}

// bind writes the attributes, "" as ANY and "-" as NA.
func bind(parts [cpeParts]string) string {
	b := append(make([]byte, 0, 64), "cpe:2.3"...)
	for _, p := range parts {
		b = append(b, ':')
		switch p {
		case "":
			b = append(b, '*')
		case "-":
			b = append(b, '-')
		default:
			b = appendEscaped(b, p)
		}
	}
	return string(b)
}

// appendEscaped writes a value: lower case; letters, figures, underscore, hyphen
// and period as they are, any other printable character behind a backslash. A
// space, which a name must not hold, becomes an underscore, as NVD writes it, and
// so does what is not printable ASCII.
func appendEscaped(b []byte, value string) []byte {
	for i := range len(value) {
		switch c := value[i]; {
		case 'A' <= c && c <= 'Z':
			b = append(b, c+'a'-'A')
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '_', c == '-', c == '.':
			b = append(b, c)
		case c > ' ' && c < 0x7f:
			b = append(b, '\\', c)
		case c < 0x80 || c >= 0xC0: // once a character, not once a byte of it
			b = append(b, '_')
		}
	}
	return b
}

// FormatURI is the formatted string of a CPE given as URI, "cpe:/a:f5:nginx:1.2"
// (NISTIR 7695 section 6.1), "" if it is none. fill, if not nil, replaces what
// stands in the attributes after they were taken apart: a value with a colon in
// it stays one attribute.
func FormatURI(uri string, fill func(string) string) string {
	rest, ok := strings.CutPrefix(uri, "cpe:/")
	if !ok {
		return ""
	}
	var parts [cpeParts]string
	attributes := strings.Split(rest, ":")
	if len(attributes) > 7 {
		return ""
	}
	for i, a := range attributes {
		// An edition may be packed with the four attributes that URIs lack.
		if packed := strings.Split(a, "~"); i == 5 && len(packed) == 6 {
			for k, at := range []int{5, 7, 8, 9, 10} {
				parts[at] = unquoted(packed[k+1])
			}
			continue
		}
		parts[i] = unquoted(a)
	}
	if fill != nil {
		for i := range parts {
			parts[i] = fill(parts[i])
		}
	}
	return bind(parts)
}

// unquoted reads back %xx.
func unquoted(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				b = append(b, c[0])
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}
