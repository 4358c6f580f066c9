package nmapxml

import (
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// certificate reads the elements of the script ssl-cert, whose start tag was last
// met. Nil where it shows no digest, without which a certificate has no identity.
func certificate(c *cursor) (*hostport.Certificate, error) {
	var s shown
	if c.empty {
		return nil, nil
	}
	var keys []string // of the tables around
	outer := c.depth()
	for {
		k, err := c.next()
		if err != nil {
			return nil, err
		}
		switch {
		case k == endTag && c.is("elem"):
			text := c.text
			if len(text) > limits.PageBytes.Max {
				return nil, errXML
			}
			value, err := unescape(text)
			if err != nil {
				return nil, err
			}
			s.take(keys, value)
			keys = keys[:len(keys)-1]
		case k == endTag && len(c.open) < outer:
			return s.certificate(), nil
		case k == endTag:
			keys = keys[:len(keys)-1]
		case !c.empty:
			key, err := c.get("key")
			if err != nil {
				return nil, err
			}
			keys = append(keys, key)
		}
	}
}

// shown is what the script shows of a certificate.
type shown struct {
	cert            hostport.Certificate
	subject, issuer hostport.DistinguishedName
	extension       string // the name of the extension whose value is next
	pem             string
}

func (s *shown) take(keys []string, value string) {
	switch path := strings.Join(keys, "."); path {
	case "sha1":
		if b, err := hex.DecodeString(strings.ToLower(value)); err == nil && len(b) == 20 {
			s.cert.SHA1 = hex.EncodeToString(b)
		}
	case "pem":
		s.pem = value
	case "sig_algo":
		s.cert.SignatureAlgorithm = bounded(value)
	case "pubkey.type":
		s.cert.KeyType = bounded(value)
	case "pubkey.bits":
		if n, err := strconv.ParseUint(value, 10, 20); err == nil {
			s.cert.KeyBits = int(n)
		}
	case "validity.notBefore":
		s.cert.NotBefore = moment(value)
	case "validity.notAfter":
		s.cert.NotAfter = moment(value)
	case "extensions..name":
		s.extension = value
	case "extensions..value":
		if s.extension == "X509v3 Subject Alternative Name" {
			s.cert.Names = names(value)
		}
	default:
		if name, ok := strings.CutPrefix(path, "subject."); ok {
			set(&s.subject, name, bounded(value))
		} else if name, ok := strings.CutPrefix(path, "issuer."); ok {
			set(&s.issuer, name, bounded(value))
		}
	}
}

func (s *shown) certificate() *hostport.Certificate {
	if s.cert.SHA1 == "" {
		return nil
	}
	s.cert.Subject, s.cert.Issuer = s.subject.String(), s.issuer.String()
	// The serial number is nowhere but in the certificate itself.
	if block, _ := pem.Decode([]byte(s.pem)); block != nil {
		if whole, err := x509.ParseCertificate(block.Bytes); err == nil {
			s.cert.SerialNumber = whole.SerialNumber.String()
		}
	}
	return &s.cert
}

// set takes an attribute of a name under nmap's word for it.
func set(n *hostport.DistinguishedName, name, value string) {
	switch name {
	case "commonName":
		n.CommonName = value
	case "organizationalUnitName":
		n.Unit = value
	case "organizationName":
		n.Organization = value
	case "streetAddress":
		n.Street = value
	case "localityName":
		n.Locality = value
	case "stateOrProvinceName":
		n.State = value
	case "postalCode":
		n.PostalCode = value
	case "postOfficeBox":
		n.PostOfficeBox = value
	case "countryName":
		n.Country = value
	case "serialNumber":
		n.SerialNumber = value
	case "surname":
		n.Surname = value
	case "givenName":
		n.GivenName = value
	case "emailAddress":
		n.Email = value
	}
}

// names reads "DNS:www.example.com, IP Address:192.0.2.1": the names without their
// kind, as other sources give them.
func names(value string) (out []string) {
	for part := range strings.SplitSeq(value, ", ") {
		if _, name, ok := strings.Cut(part, ":"); ok {
			part = name
		}
		switch {
		case part == "" || len(part) > limits.FieldBytes.Max:
		case len(out) < limits.CertificateNames.Max:
			out = append(out, part)
		default:
			limits.CertificateNames.Hit()
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// moment reads a date as ssl-cert writes it: without a zone, in UTC.
func moment(s string) time.Time {
	t, err := time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(strings.TrimSuffix(s, "Z"), "+00:00"))
	if err != nil {
		return time.Time{}
	}
	return t
}

func bounded(s string) string {
	if len(s) > limits.FieldBytes.Max {
		limits.FieldBytes.Hit()
		return ""
	}
	return s
}
