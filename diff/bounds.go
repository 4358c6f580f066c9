package diff

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/internal/limits"
)

// What is told is bounded, in bytes of encoded JSON, so that an event never
// needs cutting (P11, contract section 1). The functions here say what fits.

// jsonLen is how many bytes encoding/json without HTML escaping needs for s,
// quotes included; "" stands for null. s is valid UTF-8.
func jsonLen(s string) int {
	if s == "" {
		return len("null")
	}
	n := len(s) + 2
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"', c == '\\', c == '\b', c == '\f', c == '\n', c == '\r', c == '\t':
			n++
		case c < 0x20:
			n += 5
		case c == 0xe2 && strings.HasPrefix(s[i:], "\u2028"), c == 0xe2 && strings.HasPrefix(s[i:], "\u2029"):
			n += 3
		}
	}
	return n
}

// clean makes text from outside fit to travel: invalid UTF-8 and NUL become \xNN.
func clean(s string) string {
	if utf8.ValidString(s) && !strings.Contains(s, "\x00") {
		return s
	}
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || r == 0 {
			b.WriteString(`\x`)
			b.WriteByte(digits[s[i]>>4])
			b.WriteByte(digits[s[i]&15])
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// digest names a value that was not told.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// fits says whether a service is small enough to be told.
func (s Service) fits() bool {
	n := len(`{"category":,"name":,"versions":[]}`) + jsonLen(s.Category) + jsonLen(s.Name)
	for _, v := range s.Versions {
		n += jsonLen(v) + 1
	}
	return n <= limits.ToldServiceBytes.Max
}

// ToldForm is the form as it is told: the newest one of its set with text and
// facts, the others without. cut says that something did not fit.
func ToldForm(f banner.Form, newest bool) (told banner.Form, cut bool) {
	room := limits.ToldFormBytes.Max - len(`{"digest":"","product":,"version":}`) - len(f.Digest)
	told = banner.Form{Protocol: f.Protocol, Digest: f.Digest, Product: f.Product, Version: f.Version, Cut: f.Cut, Escaped: f.Escaped}
	// A shortened product or version would be another one: tell it whole or not at all.
	if jsonLen(told.Product)+jsonLen(told.Version) > room {
		told.Version, cut = "", true
	}
	if jsonLen(told.Product)+jsonLen(told.Version) > room {
		told.Product = ""
	}
	if !newest {
		return told, cut
	}
	told.Facts = []banner.Fact{} // not nil: what tells the newest form from the older ones
	room = limits.ToldTextBytes.Max - len(`"facts":{},"text":,`)
	half := room / 2
	for _, fact := range f.Facts {
		n := jsonLen(fact.Path) + jsonLen(fact.Value) + len(`:,`)
		if n > half {
			cut = true
			continue
		}
		half -= n
		room -= n
		told.Facts = append(told.Facts, fact)
	}
	told.Text = f.Text
	if jsonLen(told.Text) > room {
		told.Text, told.Cut, cut = cutText(f.Text, room), true, true
	}
	return told, cut
}

// cutText is the longest prefix of whole runes whose encoding has at most limit bytes.
func cutText(s string, limit int) string {
	n := 2
	for i, r := range s {
		if n += jsonLen(string(r)) - 2; n > limit {
			return s[:i]
		}
	}
	return s
}

// bound cuts the list of names until the certificate fits; ok is false if it
// cannot fit at all.
func (c Certificate) bound() (told Certificate, ok bool) {
	const keys = `{"sha1":,"subject":,"issuer":,"serialNumber":,"notBefore":"2006-01-02T15:04:05.000000000Z","notAfter":"2006-01-02T15:04:05.000000000Z","names":[],"namesCount":1000000,"namesDigest":"0123456789abcdef0123456789abcdef","validity":"not_yet_valid"}`
	room := limits.ToldCertificate.Max - len(keys) - jsonLen(c.SHA1) - jsonLen(c.Subject) - jsonLen(c.Issuer) - jsonLen(c.SerialNumber)
	if room < 0 {
		return Certificate{}, false
	}
	fit := 0
	for _, name := range c.Names[:min(len(c.Names), toldNames)] {
		if room -= jsonLen(name) + 1; room < 0 {
			break
		}
		fit++
	}
	c.Names = slices.Clip(c.Names[:fit])
	return c, true
}

// toldNames is how many alternative names are told; contract section 1.
const toldNames = 20

// ToldID is the source's id as it stands in events: "" where it is not fit to travel.
func (p *PortState) ToldID() string {
	if clean(p.ID) != p.ID || jsonLen(p.ID) > limits.PortIDBytes.Max {
		return ""
	}
	return p.ID
}
