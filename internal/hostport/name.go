package hostport

import (
	"strings"
	"unicode/utf8"
)

// DistinguishedName holds the attributes the service keeps of a certificate's
// subject or issuer; the order of the original name it does not keep.
type DistinguishedName struct {
	CommonName, Unit, Organization, Street, Locality, State, PostalCode, PostOfficeBox, Country string
	SerialNumber, Surname, GivenName, Email                                                     string
}

// String is the name as RFC 4514 text, the narrower attribute first, absent ones
// left out. Short names are those of RFC 4514 section 3 and RFC 4519, and
// emailAddress of RFC 2985.
func (n *DistinguishedName) String() string {
	var b strings.Builder
	for _, a := range [...]struct{ short, value string }{
		{"CN", n.CommonName},
		{"OU", n.Unit},
		{"O", n.Organization},
		{"STREET", n.Street},
		{"L", n.Locality},
		{"ST", n.State},
		{"postalCode", n.PostalCode},
		{"postOfficeBox", n.PostOfficeBox},
		{"C", n.Country},
		{"serialNumber", n.SerialNumber},
		{"sn", n.Surname},
		{"givenName", n.GivenName},
		{"emailAddress", n.Email},
	} {
		if a.value == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(a.short)
		b.WriteByte('=')
		escapeAttribute(&b, a.value)
	}
	return b.String()
}

// escapeAttribute writes a value by RFC 4514 section 2.4, so that no value can
// pose as a further attribute. NUL and bytes that are not UTF-8 become hex pairs.
func escapeAttribute(b *strings.Builder, s string) {
	const hexDigits = "0123456789abcdef"
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch c := s[i]; {
		case c == 0, r == utf8.RuneError && size == 1:
			b.WriteByte('\\')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		case strings.IndexByte(`"+,;<>\`, c) >= 0,
			c == '#' && i == 0,
			c == ' ' && (i == 0 || i == len(s)-1):
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
}
