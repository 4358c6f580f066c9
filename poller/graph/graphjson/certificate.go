package graphjson

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// certificate reads one sslCertificate, whole or a stub with an id alone. Nil
// where it is null, or says nothing.
func (d *document) certificate() *hostport.Certificate {
	if d.dec.PeekKind() == 'n' {
		d.value()
		return nil
	}
	var (
		c           hostport.Certificate
		fingerprint string
		start       = d.mark()
		under       = d.under
	)
	for name := range d.members("") {
		switch name {
		case "id":
			c.ID = d.text("id", limits.FieldBytes)
		case "sha1":
			c.SHA1 = d.digest("sha1")
		case "fingerprint":
			fingerprint = d.digest("fingerprint")
		case "serialNumber":
			c.SerialNumber = d.serial("serialNumber")
		case "issueDateTime":
			c.NotBefore = d.moment("issueDateTime")
		case "expirationDateTime":
			c.NotAfter = d.moment("expirationDateTime")
		case "subject":
			d.under = join(under, "subject")
			c.Subject, c.Names = d.certified()
			d.under = under
		case "issuer":
			d.under = join(under, "issuer")
			c.Issuer, _ = d.certified()
			d.under = under
		}
	}
	if c.SHA1 == "" {
		c.SHA1 = fingerprint // the same digest in another dress
	}
	if c.ID == "" && c.SHA1 == "" {
		d.drop("", start)
		return nil
	}
	return &c
}

// digest takes a SHA-1 in hex, with colons or without.
func (d *document) digest(field string) string {
	v := d.value()
	switch v.Kind() {
	case 'n':
		return ""
	case '"':
		s := strings.ToLower(strings.ReplaceAll(unquote(v), ":", ""))
		if b, err := hex.DecodeString(s); err == nil && len(b) == 20 {
			return s
		}
	}
	d.wrong(field, v)
	return ""
}

// serial takes a decimal of any length, in quotes or not. RFC 5280 section
// 4.1.2.2 asks readers to bear with negative ones.
func (d *document) serial(field string) string {
	v := d.value()
	s := ""
	switch v.Kind() {
	case 'n':
		return ""
	case '0':
		s = string(v)
	case '"':
		s = unquote(v)
	}
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || len(s) > limits.FieldBytes.Max || strings.Trim(digits, "0123456789") != "" {
		d.wrong(field, v)
		return ""
	}
	return s
}

// certified reads an sslCertificateEntity: who it names, as RFC 4514 text, and
// the alternative names, which the metadata and the samples spell differently.
func (d *document) certified() (dn string, names []string) {
	var n hostport.DistinguishedName
	for name := range d.members("") {
		switch name {
		case "commonName":
			n.CommonName = d.text(name, limits.FieldBytes)
		case "organizationName":
			n.Organization = d.text(name, limits.FieldBytes)
		case "organizationUnitName":
			n.Unit = d.text(name, limits.FieldBytes)
		case "serialNumber":
			n.SerialNumber = d.text(name, limits.FieldBytes)
		case "email":
			n.Email = d.text(name, limits.FieldBytes)
		case "givenName":
			n.GivenName = d.text(name, limits.FieldBytes)
		case "surname":
			n.Surname = d.text(name, limits.FieldBytes)
		case "address":
			d.address(&n)
		case "alternateNames", "alternateName":
			for range d.elements(name) {
				s := d.text("alternateNames[]", limits.FieldBytes)
				switch {
				case s == "":
				case len(names) < limits.CertificateNames.Max:
					names = append(names, s)
				default:
					limits.CertificateNames.Hit()
				}
			}
		}
	}
	// Both spellings may hold the same names.
	slices.Sort(names)
	return n.String(), slices.Compact(names)
}

func (d *document) address(n *hostport.DistinguishedName) {
	for name := range d.members("address") {
		switch name {
		case "street":
			n.Street = d.text("address.street", limits.FieldBytes)
		case "city":
			n.Locality = d.text("address.city", limits.FieldBytes)
		case "state":
			n.State = d.text("address.state", limits.FieldBytes)
		case "postalCode":
			n.PostalCode = d.text("address.postalCode", limits.FieldBytes)
		case "postOfficeBox":
			n.PostOfficeBox = d.text("address.postOfficeBox", limits.FieldBytes)
		case "countryOrRegion":
			n.Country = d.text("address.countryOrRegion", limits.FieldBytes)
		}
	}
}
