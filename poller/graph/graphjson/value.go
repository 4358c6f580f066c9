package graphjson

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/portdelta/portdelta/internal/limits"
)

// text takes a string of at most so many bytes; "" where there is none.
func (d *document) text(field string, most *limits.Limit) string {
	s, _ := d.optionalText(field, most)
	return s
}

// optionalText is text that tells the empty string from none.
func (d *document) optionalText(field string, most *limits.Limit) (s string, ok bool) {
	v := d.value()
	switch v.Kind() {
	case '"':
		if s := unquote(v); len(s) <= most.Max {
			return s, true
		}
		most.Hit()
		d.wrong(field, v)
	case 'n':
	default:
		d.wrong(field, v)
	}
	return "", false
}

// moment takes a date of RFC 3339, whatever its fraction; zero where there is
// none. The year 1 is how the service writes that there is none; other dates
// before 1970 are older than what they date.
func (d *document) moment(field string) (t time.Time) {
	v := d.value()
	if k := v.Kind(); k == 'n' || k == 0 {
		return time.Time{}
	}
	if v.Kind() != '"' || len(v) > limits.WordBytes.Max || t.UnmarshalText(v[1:len(v)-1]) != nil || t.Unix() < 0 && t.UTC().Year() > 1 {
		d.wrong(field, v)
		return time.Time{}
	}
	if t = t.UTC(); t.Year() <= 1 {
		return time.Time{}
	}
	return t
}

// number takes a whole number between 0 and most, also one in quotes, as some
// OData services write them.
func (d *document) number(field string, most int64) (n int64, ok bool) {
	v := d.value()
	if k := v.Kind(); k == 'n' || k == 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(string(bytes.Trim(v, `"`)), 10, 64)
	if err != nil || n < 0 || n > most {
		d.wrong(field, v)
		return 0, false
	}
	return n, true
}

func (d *document) flag(field string) bool {
	v := d.value()
	switch v.Kind() {
	case 't':
		return true
	case 'f', 'n':
	default:
		d.wrong(field, v)
	}
	return false
}

// unquote decodes a JSON string. Bytes that are not UTF-8 stay as they are, for
// they may be what tells two banners apart; a lone surrogate, which no string of
// ours can hold, becomes U+FFFD.
func unquote(v jsontext.Value) string {
	inner := v[1 : len(v)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	if utf8.Valid(inner) {
		// The error could only be about lone surrogates, which are replaced.
		out, _ := jsontext.AppendUnquote(make([]byte, 0, len(inner)), v)
		return string(out)
	}
	// The library would replace invalid bytes: it gets what lies between them,
	// which is well-formed, for no escape holds such a byte.
	out := make([]byte, 0, len(inner))
	for len(inner) > 0 {
		valid := validPrefix(inner)
		out, _ = jsontext.AppendUnquote(out, `"`+string(inner[:valid])+`"`)
		if inner = inner[valid:]; len(inner) > 0 {
			out, inner = append(out, inner[0]), inner[1:]
		}
	}
	return string(out)
}

func validPrefix(b []byte) (n int) {
	for n < len(b) {
		r, size := utf8.DecodeRune(b[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return n
}

// canonicalName returns the spelling under which a member's name is known here,
// or "". Names are matched without case.
func canonicalName(v jsontext.Value) string {
	if len(v) < 2 {
		return ""
	}
	if name, ok := memberNames[string(v[1:len(v)-1])]; ok {
		return name
	}
	if len(v) > limits.WordBytes.Max {
		return ""
	}
	return memberNames[strings.ToLower(unquote(v))]
}

var memberNames = func() map[string]string {
	known := map[string]string{}
	for name := range strings.FieldsSeq(`
		value error code message host @odata.context @odata.count @odata.nextLink
		id port protocol status firstSeenDateTime lastSeenDateTime lastScanDateTime timesObserved
		banners banner scanProtocol services isRecent component name version category
		mostRecentSslCertificate sha1 fingerprint serialNumber issueDateTime expirationDateTime subject issuer
		commonName organizationName organizationUnitName email givenName surname alternateNames alternateName
		address street city state countryOrRegion postalCode postOfficeBox`) {
		known[name] = name
		known[strings.ToLower(name)] = name
	}
	return known
}()

// Clip cuts s to at most n bytes, and not within a character.
func Clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for back := range utf8.UTFMax {
		if n >= back && utf8.RuneStart(s[n-back]) {
			return s[:n-back]
		}
	}
	return s[:n] // not UTF-8
}

// PlainWord says whether s is a word of printable ASCII that can stand in a key,
// a log or an error as it is: not empty, no space or quote, at most
// limits.WordBytes.
func PlainWord(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return s != "" && len(s) <= limits.WordBytes.Max
}
