package graphsim

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/portdelta/portdelta/internal/hostport"
)

// The shapes of the v1.0 metadata, as far as the real service fills them. A nil
// date or text is null.

type hostPort struct {
	Context       string              `json:"@odata.context,omitempty"` // of a single entity
	Type          string              `json:"@odata.type,omitempty"`    // likewise
	ID            string              `json:"id"`
	Port          uint16              `json:"port"`
	FirstSeen     *string             `json:"firstSeenDateTime"`
	LastSeen      *string             `json:"lastSeenDateTime"`
	LastScan      *string             `json:"lastScanDateTime"`
	TimesObserved int                 `json:"timesObserved"`
	Status        hostport.Status     `json:"status"`
	Protocol      string              `json:"protocol"`
	Banners       []hostPortBanner    `json:"banners"`
	Services      []hostPortComponent `json:"services"`
	Certificate   any                 `json:"mostRecentSslCertificate"` // sslCertificate, a stub, or null
	Host          reference           `json:"host"`
}

type reference struct {
	ID string `json:"id"`
}

type hostPortBanner struct {
	Banner        string  `json:"banner"`
	FirstSeen     *string `json:"firstSeenDateTime"`
	LastSeen      *string `json:"lastSeenDateTime"`
	ScanProtocol  string  `json:"scanProtocol"`
	TimesObserved int     `json:"timesObserved"`
}

type hostPortComponent struct {
	FirstSeen *string       `json:"firstSeenDateTime"`
	LastSeen  *string       `json:"lastSeenDateTime"`
	IsRecent  bool          `json:"isRecent"`
	Component hostComponent `json:"component"`
}

type hostComponent struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Version  string `json:"version"`
	Category string `json:"category"`
}

type sslCertificate struct {
	Context     string               `json:"@odata.context,omitempty"`
	ID          string               `json:"id"`
	FirstSeen   *string              `json:"firstSeenDateTime"`
	LastSeen    *string              `json:"lastSeenDateTime"`
	Fingerprint string               `json:"fingerprint"`
	Expiration  *string              `json:"expirationDateTime"`
	Issue       *string              `json:"issueDateTime"`
	SHA1        string               `json:"sha1"`
	Serial      string               `json:"serialNumber"`
	Subject     sslCertificateEntity `json:"subject"`
	Issuer      sslCertificateEntity `json:"issuer"`
}

// sslCertificateEntity has one of the two spellings of the alternate names.
type sslCertificateEntity struct {
	CommonName           string   `json:"commonName"`
	Address              address  `json:"address"`
	Email                *string  `json:"email"`
	GivenName            *string  `json:"givenName"`
	OrganizationName     string   `json:"organizationName"`
	OrganizationUnitName *string  `json:"organizationUnitName"`
	SerialNumber         *string  `json:"serialNumber"`
	Surname              *string  `json:"surname"`
	AlternateNames       []string `json:"alternateNames,omitempty"`
	AlternateName        []string `json:"alternateName,omitempty"` // the documented sample's spelling
}

type address struct {
	City            *string `json:"city"`
	CountryOrRegion *string `json:"countryOrRegion"`
	PostalCode      *string `json:"postalCode"`
	PostOfficeBox   *string `json:"postOfficeBox"`
	State           *string `json:"state"`
	Street          *string `json:"street"`
}

// hostEntity is an ipAddress or a hostname, by its type.
type hostEntity struct {
	Context          string            `json:"@odata.context"`
	Type             string            `json:"@odata.type"`
	ID               string            `json:"id"`
	FirstSeen        *string           `json:"firstSeenDateTime"`
	LastSeen         *string           `json:"lastSeenDateTime"`
	CountryOrRegion  string            `json:"countryOrRegion,omitempty"`
	HostingProvider  string            `json:"hostingProvider,omitempty"`
	Netblock         string            `json:"netblock,omitempty"`
	AutonomousSystem *autonomousSystem `json:"autonomousSystem,omitempty"`
	Registrar        string            `json:"registrar,omitempty"`
	Registrant       string            `json:"registrant,omitempty"`
}

type autonomousSystem struct {
	Number       int    `json:"number"`
	Name         string `json:"name"`
	Organization string `json:"organization"`
	Value        string `json:"value"`
}

// view makes the record of a port in a given state: its own, or that of an older
// replica. disorder shuffles the history, whose order means nothing.
func (p *port) view(h *host, st *state, expand bool, disorder uint64) hostPort {
	v := hostPort{
		ID:        portID(h.name, p.key.Number),
		Port:      p.key.Number,
		FirstSeen: st.firstSeen.text(), LastSeen: st.lastSeen.text(), LastScan: st.lastScan.text(),
		TimesObserved: st.observed,
		Status:        st.status,
		Protocol:      p.key.Protocol,
		Banners:       make([]hostPortBanner, 0, len(st.sightings)),
		Services:      make([]hostPortComponent, 0, len(st.components)),
		Host:          reference{string(h.name)},
	}
	for _, s := range st.sightings {
		v.Banners = append(v.Banners, hostPortBanner{
			Banner: p.text(h, s), FirstSeen: s.first.text(), LastSeen: s.last.text(),
			ScanProtocol: p.product.scanProtocol, TimesObserved: s.observed,
		})
	}
	for _, c := range st.components {
		id := strings.Join([]string{c.name, c.version, c.category, string(h.name)}, "$$")
		v.Services = append(v.Services, hostPortComponent{
			FirstSeen: c.first.text(), LastSeen: c.last.text(), IsRecent: c.recent,
			Component: hostComponent{ID: base64.StdEncoding.EncodeToString([]byte(id)), Name: c.name, Version: c.version, Category: c.category},
		})
	}
	if disorder&1 != 0 {
		slices.Reverse(v.Banners)
	}
	if disorder&2 != 0 {
		slices.Reverse(v.Services)
	}
	if c := st.certificate; c != nil {
		if expand {
			v.Certificate = c.view(max(st.lastSeen, c.firstSeen))
		} else {
			v.Certificate = reference{c.id()}
		}
	}
	return v
}

func (c *certificate) view(lastSeen stamp) sslCertificate {
	country, city := "US", "Springfield"
	subject := sslCertificateEntity{
		CommonName: c.commonName, OrganizationName: c.organization,
		Address: address{City: &city, CountryOrRegion: &country},
	}
	if c.sampleSpelling {
		subject.AlternateName = c.names
	} else {
		subject.AlternateNames = c.names
	}
	return sslCertificate{
		ID: c.id(), FirstSeen: c.firstSeen.text(), LastSeen: lastSeen.text(), Fingerprint: c.fingerprint(),
		Expiration: c.until.text(), Issue: c.notBefore.text(), SHA1: c.sha1, Serial: c.serial,
		Subject: subject,
		Issuer: sslCertificateEntity{
			CommonName: c.issuer.commonName, OrganizationName: c.issuer.organization,
			Address: address{CountryOrRegion: &c.issuer.country},
		},
	}
}

// view makes the host's own entity.
func (h *host) view() hostEntity {
	var first, last stamp
	for _, p := range h.ports {
		if p.firstSeen != 0 && (first == 0 || p.firstSeen < first) {
			first = p.firstSeen
		}
		last = max(last, p.lastScan)
	}
	v := hostEntity{ID: string(h.name), FirstSeen: first.text(), LastSeen: last.text()}
	if !h.name.IsAddr() {
		v.Type = "#microsoft.graph.security.hostname"
		v.Registrar, v.Registrant = "Example Registrar", "Example Corporation"
		return v
	}
	v.Type = "#microsoft.graph.security.ipAddress"
	v.CountryOrRegion, v.HostingProvider = "US", "Example Hosting"
	v.AutonomousSystem = &autonomousSystem{ // a number for documentation, RFC 5398
		Number: 64496, Name: "EXAMPLE-AS", Organization: "Example Hosting", Value: "AS64496 - EXAMPLE-AS",
	}
	return v
}
