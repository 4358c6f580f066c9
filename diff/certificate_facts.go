package diff

import (
	"net/netip"
	"strings"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// Facts of a certificate that its reader would want to know. They are no reason
// for an event and no part of what is told of the certificate: they stand in the
// details of the event that tells it. A source that does not say what a fact
// follows from has no such fact.
const (
	SelfSigned         = "self_signed"
	NameMismatch       = "name_mismatch"
	WeakKey            = "weak_key"
	WeakSignature      = "weak_signature"
	Over398Days        = "over_398_days"
	Over825Days        = "over_825_days"
	EndsBeforeItBegins = "ends_before_it_begins"
)

// What a key and a term must be, by the CA/Browser Forum's baseline requirements:
// section 6.1.5 (keys), 7.1.3.2 (signatures), 6.3.2 (398 days from September 2020,
// 825 before).
const (
	leastRSABits = 2048
	leastECBits  = 256
	longTerm     = 398 * day
	longerTerm   = 825 * day
)

// certificateFacts are the facts of a certificate as host presents it, in the
// order of the list above; names are its alternative names.
func certificateFacts(c *hostport.Certificate, names []string, host hostport.Host) []string {
	var facts []string
	add := func(fact string, holds bool) {
		if holds {
			facts = append(facts, fact)
		}
	}
	var term time.Duration
	if !c.NotBefore.IsZero() && !c.NotAfter.IsZero() {
		term = c.NotAfter.Sub(c.NotBefore)
	}
	add(SelfSigned, c.Subject != "" && c.Subject == c.Issuer)
	add(NameMismatch, mismatch(host, names, c.Subject))
	add(WeakKey, weakKey(strings.ToLower(c.KeyType), c.KeyBits))
	add(WeakSignature, weakSignature(strings.ToLower(c.SignatureAlgorithm)))
	add(Over398Days, term > longTerm && term <= longerTerm)
	add(Over825Days, term > longerTerm)
	add(EndsBeforeItBegins, term < 0)
	return facts
}

func weakKey(kind string, bits int) bool {
	if bits <= 0 {
		return false
	}
	switch {
	case strings.HasPrefix(kind, "rsa"), strings.HasPrefix(kind, "dsa"), strings.HasPrefix(kind, "dh"):
		return bits < leastRSABits
	case strings.HasPrefix(kind, "ec"):
		return bits < leastECBits
	}
	return false
}

// weakSignature goes by the hash in the algorithm's name: sha1WithRSAEncryption,
// ecdsa-with-SHA1, md5WithRSAEncryption.
func weakSignature(name string) bool {
	name = strings.ReplaceAll(name, "-", "")
	return strings.Contains(name, "md2") || strings.Contains(name, "md4") || strings.Contains(name, "md5") || strings.Contains(name, "sha1") && !strings.Contains(name, "sha1024")
}

// mismatch says that a host known by name is none of the names; for one known by
// address nothing can be said. Without alternative names the common name stands in.
func mismatch(host hostport.Host, names []string, subject string) bool {
	if _, err := netip.ParseAddr(string(host)); err == nil {
		return false
	}
	if len(names) == 0 {
		name := commonName(subject)
		if name == "" {
			return false
		}
		names = []string{name}
	}
	for _, name := range names {
		if covers(strings.ToLower(strings.TrimSuffix(name, ".")), string(host)) {
			return false
		}
	}
	return true
}

// covers says whether a name, perhaps with * for its first label, is the host's.
func covers(name, host string) bool {
	if rest, wild := strings.CutPrefix(name, "*."); wild {
		_, of, ok := strings.Cut(host, ".")
		return ok && of == rest
	}
	return name == host
}

// commonName is the CN of an RFC 4514 subject, "" where it has none or an escaped one.
func commonName(subject string) string {
	for part := range strings.SplitSeq(subject, ",") {
		if name, ok := strings.CutPrefix(strings.TrimSpace(part), "CN="); ok && !strings.Contains(name, `\`) {
			return name
		}
	}
	return ""
}
