package graphsim

import (
	"crypto/sha1" // the service names certificates by SHA-1; nothing here relies on its strength
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"strings"
	"time"
)

// A certificate is immutable once issued.
type certificate struct {
	host             *host
	sha1             string // lower-case hex
	serial           string // decimal, above 64 bits
	organization     string
	commonName       string
	names            []string
	issuer           authority
	notBefore, until stamp
	firstSeen        stamp
	// sampleSpelling writes alternateName as the documented sample does, not
	// alternateNames as the metadata says: clients must read both.
	sampleSpelling bool
}

func (c *certificate) id() string { return base64.StdEncoding.EncodeToString([]byte(c.sha1)) }

func (c *certificate) fingerprint() string {
	var b strings.Builder
	for i := 0; i < len(c.sha1); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(c.sha1[i : i+2])
	}
	return b.String()
}

func (w *World) certificateByIDLocked(id string) *certificate {
	raw, err := base64.StdEncoding.DecodeString(id)
	if err != nil {
		return nil
	}
	c := w.certificates[string(raw)]
	if c == nil || c.id() != id {
		return nil
	}
	return c
}

type authority struct {
	commonName, organization, country string
	lifetime                          time.Duration
}

var authorities = []authority{
	{"R10", "Let's Encrypt", "US", 90 * day},
	{"Example TLS Issuing CA 05", "Example Trust Services", "US", 365 * day},
	{"DV TLS CA 2026", "Sample Authority Ltd", "GB", 200 * day},
	{"Internal Issuing CA 1", "Example Corporation", "DE", 365 * day},
}

const day = 24 * time.Hour

// issue makes the next certificate of a port. Its identity follows from the
// seed and from how many the port has had, never from the time, so two worlds of
// one seed name their certificates alike.
func (w *World) issue(h *host, p *port, notBefore, now stamp) *certificate {
	p.issued++
	var id [8 * 4]byte
	for i, n := range []uint64{w.seed, uint64(h.index), uint64(p.index), uint64(p.issued)} {
		binary.BigEndian.PutUint64(id[8*i:], n)
	}
	digest := sha1.Sum(id[:])
	serial := sha1.Sum(append(id[:], "serial"...))
	serial[0] |= 0x10 // above 64 bits at any rate
	serial[0] &= 0x7f // positive, RFC 5280 section 4.1.2.2

	prefix := []string{"www", "portal", "apps", "secure"}[p.subject%4]
	name := prefix + "." + h.domain
	ca := authorities[p.authority%len(authorities)]
	c := &certificate{
		host:           h,
		sha1:           hex.EncodeToString(digest[:]),
		serial:         new(big.Int).SetBytes(serial[:]).String(),
		organization:   "Example Corporation",
		commonName:     name,
		names:          []string{name, h.domain, "static." + h.domain},
		issuer:         ca,
		notBefore:      notBefore,
		until:          notBefore.add(ca.lifetime),
		firstSeen:      now,
		sampleSpelling: p.traits&16 != 0,
	}
	p.certificate = c
	p.certificates = append(p.certificates, c)
	w.certificates[c.sha1] = c
	// The service forgets a port's old certificates, so that a world which runs
	// for long stays as large as it is.
	const kept = 4
	if len(p.certificates) > kept {
		delete(w.certificates, p.certificates[0].sha1)
		p.certificates = p.certificates[1:]
	}
	return c
}
