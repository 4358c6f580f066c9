package diff

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/internal/hostport"
)

func TestCertificateFacts(t *testing.T) {
	whole := func(change func(*hostport.Certificate)) *hostport.Certificate {
		c := &hostport.Certificate{Subject: "CN=www.example.com,O=Example", Issuer: "CN=CA", NotBefore: days(0), NotAfter: days(90),
			Names: []string{"www.example.com", "*.example.org"}, KeyType: "rsa", KeyBits: 2048, SignatureAlgorithm: "sha256WithRSAEncryption"}
		if change != nil {
			change(c)
		}
		return c
	}
	for name, tc := range map[string]struct {
		host   hostport.Host
		change func(*hostport.Certificate)
		want   []string
	}{
		"nothing":                      {"www.example.com", nil, nil},
		"self-signed":                  {"www.example.com", func(c *hostport.Certificate) { c.Issuer = c.Subject }, []string{SelfSigned}},
		"no subject":                   {"www.example.com", func(c *hostport.Certificate) { c.Subject, c.Issuer = "", "" }, nil},
		"another host":                 {"mail.example.com", nil, []string{NameMismatch}},
		"an address":                   {"203.0.113.7", nil, nil},
		"an IPv6 address":              {"2001:db8::7", nil, nil},
		"wildcard":                     {"a.example.org", nil, nil},
		"wildcard, one label only":     {"a.b.example.org", nil, []string{NameMismatch}},
		"wildcard is not its parent":   {"example.org", nil, []string{NameMismatch}},
		"another case":                 {"www.example.com", func(c *hostport.Certificate) { c.Names = []string{"WWW.Example.COM."} }, nil},
		"common name, no names":        {"www.example.com", func(c *hostport.Certificate) { c.Names = nil }, nil},
		"another common name":          {"mail.example.com", func(c *hostport.Certificate) { c.Names = nil }, []string{NameMismatch}},
		"names stand for common name":  {"www.example.com", func(c *hostport.Certificate) { c.Names = []string{"x.example"} }, []string{NameMismatch}},
		"short RSA":                    {"www.example.com", func(c *hostport.Certificate) { c.KeyBits = 1024 }, []string{WeakKey}},
		"elliptic":                     {"www.example.com", func(c *hostport.Certificate) { c.KeyType, c.KeyBits = "EC", 256 }, nil},
		"short elliptic":               {"www.example.com", func(c *hostport.Certificate) { c.KeyType, c.KeyBits = "ec", 192 }, []string{WeakKey}},
		"ed25519":                      {"www.example.com", func(c *hostport.Certificate) { c.KeyType, c.KeyBits = "ed25519", 256 }, nil},
		"no key said":                  {"www.example.com", func(c *hostport.Certificate) { c.KeyType, c.KeyBits, c.SignatureAlgorithm = "", 0, "" }, nil},
		"SHA-1":                        {"www.example.com", func(c *hostport.Certificate) { c.SignatureAlgorithm = "ecdsa-with-SHA1" }, []string{WeakSignature}},
		"MD5":                          {"www.example.com", func(c *hostport.Certificate) { c.SignatureAlgorithm = "md5WithRSAEncryption" }, []string{WeakSignature}},
		"398 days":                     {"www.example.com", func(c *hostport.Certificate) { c.NotAfter = days(398) }, nil},
		"a day more":                   {"www.example.com", func(c *hostport.Certificate) { c.NotAfter = days(399) }, []string{Over398Days}},
		"ten years":                    {"www.example.com", func(c *hostport.Certificate) { c.NotAfter = days(3650) }, []string{Over825Days}},
		"until 9999":                   {"www.example.com", func(c *hostport.Certificate) { c.NotAfter = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) }, []string{Over825Days}},
		"ends before it begins":        {"www.example.com", func(c *hostport.Certificate) { c.NotAfter = days(-1) }, []string{EndsBeforeItBegins}},
		"self-signed, weak, for years": {"nas", func(c *hostport.Certificate) { c.Issuer, c.KeyBits, c.NotAfter = c.Subject, 1024, days(7300) }, []string{SelfSigned, NameMismatch, WeakKey, Over825Days}},
	} {
		t.Run(name, func(t *testing.T) {
			c := whole(tc.change)
			if got := certificateFacts(c, describe(c).Names, tc.host); !cmp.Equal(got, tc.want) {
				t.Errorf("facts %v, want %v", got, tc.want)
			}
		})
	}
}

func TestFactsStandInDetails(t *testing.T) {
	selfSigned := func(p *hostport.Port) {
		cert("bb", "CN=CA")(p)
	}
	tl := newTimeline(t)
	tl.look(0, port(443, -1), port(444, -1, cert("aa", "CN=x")))
	tl.look(24, port(443, 20, selfSigned), port(444, 20, selfSigned))
	if d := cmp.Diff(AddedDetails{[]string{SelfSigned}}, tl.last.Changes[0].Details); d != "" {
		t.Error(d)
	}
	if d := tl.last.Changes[1].Details.(CertificateDetails); !cmp.Equal(d.Facts, []string{SelfSigned}) || !cmp.Equal(d.Fields, []string{"subject"}) {
		t.Errorf("%+v", d)
	}
}
