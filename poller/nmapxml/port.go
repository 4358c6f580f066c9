package nmapxml

import (
	"strings"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// port reads what a port element says. at is when the host was scanned: the
// evidence of everything in it.
func (s *Scan) port(from portText, at time.Time) (hostport.Port, error) {
	p := hostport.Port{PortKey: from.key, LastSeen: at, LastScan: at, ServicesUnseen: true, CertificateUnseen: true}
	var service serviceTag
	c := cursor{rest: from.text}
	for {
		k, err := c.next()
		if err != nil {
			return p, err
		}
		if k == end {
			break
		}
		if k != startTag || c.depth() != 2 {
			continue
		}
		switch {
		case c.is("state"):
			var state string
			if state, err = c.field("state"); err == nil {
				p.Status = hostport.ParseStatus(state)
			}
		case c.is("service"):
			service, err = c.service()
		case c.is("script") && string(c.raw("id")) == "banner":
			err = banner(&c, &p, at)
		case c.is("script") && string(c.raw("id")) == "ssl-cert":
			p.Certificate, err = certificate(&c)
		}
		if err != nil {
			return p, err
		}
	}
	if service.probed {
		p.ServicesUnseen = false
		p.Services = service.services(at)
		// Without TLS there is no certificate to be shown; with it, or where none was
		// looked for, that none is shown says nothing.
		p.CertificateUnseen = service.tunnel == "ssl" || !s.Certificates
	}
	for i := range p.Banners {
		p.Banners[i].ScanProtocol = service.name
	}
	return p, nil
}

// serviceTag is what a version scan found out. What stands in the table of well-known
// ports is no finding.
type serviceTag struct {
	name, product, version, extra, tunnel string
	probed                                bool
}

func (c *cursor) service() (s serviceTag, err error) {
	s.probed = string(c.raw("method")) == "probed"
	for _, f := range []struct {
		name string
		to   *string
	}{{"name", &s.name}, {"product", &s.product}, {"version", &s.version}, {"extrainfo", &s.extra}, {"tunnel", &s.tunnel}} {
		if *f.to, err = c.field(f.name); err != nil {
			return s, err
		}
	}
	return s, nil
}

// services names the protocol, with its tunnel, as the category: a service that
// moves into TLS is another one. What nmap says beside product and version is a
// component of its own, so that versions stay comparable.
func (s serviceTag) services(at time.Time) []hostport.Service {
	category := s.name
	if s.tunnel != "" {
		category = s.tunnel + "/" + s.name
	}
	name := s.product
	if name == "" {
		name = s.name
	}
	if name == "" {
		return nil
	}
	out := []hostport.Service{{Category: category, Name: name, Version: s.version, IsRecent: true, LastSeen: at}}
	if s.extra != "" {
		out = append(out, hostport.Service{Category: "version info", Name: s.extra, IsRecent: true, LastSeen: at})
	}
	return out
}

// banner takes the output of the script that shows what a port says by itself.
func banner(c *cursor, p *hostport.Port, at time.Time) error {
	text, err := c.get("output")
	if err != nil || text == "" {
		return err
	}
	if len(text) > limits.BannerBytes.Max {
		limits.BannerBytes.Hit()
		text = strings.Clone(text[:limits.BannerBytes.Max])
	}
	p.Banners = append(p.Banners, hostport.Banner{Text: text, LastSeen: at})
	return nil
}

// field is an attribute that becomes a name or a word; one that is too long is none.
func (c *cursor) field(name string) (string, error) {
	s, err := c.get(name)
	if len(s) > limits.FieldBytes.Max {
		limits.FieldBytes.Hit()
		return "", err
	}
	return s, err
}
