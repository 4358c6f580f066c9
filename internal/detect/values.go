package detect

import (
	"time"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/schemas"
)

// The functions here write what diff decided in the words of the wire contract.

// wirePort is a told port as readers see it.
func wirePort(p *diff.Port) *schemas.Port {
	if p == nil {
		return nil
	}
	out := &schemas.Port{Status: string(p.Status), Certificate: wireCertificate(p.Certificate)}
	for _, s := range p.Services {
		out.Services = append(out.Services, wireService(s))
	}
	for _, set := range p.Banners {
		out.Banners = append(out.Banners, wireBannerSet(set))
	}
	out.Flapping = wireFacets(p.Flapping)
	return out
}

func wireFacets(facets []diff.Facet) (out []string) {
	for _, f := range facets {
		out = append(out, string(f))
	}
	return out
}

func wireGroups(groups []diff.Group) (out []schemas.Group) {
	for _, g := range groups {
		wire := schemas.Group{Protocol: g.Protocol, Fingerprint: g.Fingerprint, Count: g.Count}
		for _, r := range g.Ranges {
			wire.Ranges = append(wire.Ranges, [2]int{int(r.First), int(r.Last)})
		}
		out = append(out, wire)
	}
	return out
}

func wireService(s diff.Service) schemas.Service {
	return schemas.Service{Category: s.Category, Name: s.Name, Versions: s.Versions}
}

func wireBannerSet(set diff.BannerSet) schemas.BannerSet {
	out := schemas.BannerSet{Protocol: set.Protocol}
	for _, f := range set.Forms {
		out.Forms = append(out.Forms, wireForm(f))
	}
	return out
}

// wireForm writes facts and text for the newest form of a set: the one whose
// facts are not nil.
func wireForm(f banner.Form) schemas.Form {
	out := schemas.Form{Digest: f.Digest, Product: schemas.OrNull(f.Product), Version: schemas.OrNull(f.Version),
		Cut: f.Cut, Escaped: f.Escaped}
	if f.Facts != nil {
		out.Text = schemas.OrNull(f.Text)
		out.Facts = make(map[string]string, len(f.Facts))
		for _, fact := range f.Facts {
			out.Facts[fact.Path] = fact.Value
		}
	}
	return out
}

func wireCertificate(c *diff.Certificate) *schemas.Certificate {
	if c == nil {
		return nil
	}
	return &schemas.Certificate{SHA1: c.SHA1, Subject: c.Subject, Issuer: c.Issuer, SerialNumber: c.SerialNumber,
		NotBefore: orNil(c.NotBefore), NotAfter: orNil(c.NotAfter), Names: c.Names, NamesCount: c.NamesCount,
		NamesDigest: c.NamesDigest, Validity: schemas.Validity(c.Validity)}
}

// wireValue is the before or after of a change.
func wireValue(v any) any {
	switch v := v.(type) {
	case diff.Port:
		return wirePort(&v)
	case diff.Status:
		return schemas.StatusValue{Status: string(v.Status)}
	case diff.Service:
		return wireService(v)
	case diff.BannerSet:
		return wireBannerSet(v)
	case diff.Certificate:
		return wireCertificate(&v)
	case diff.Flapping:
		return schemas.FlappingValue{Flapping: wireFacets(v.Facets)}
	case diff.Groups:
		return schemas.GroupsValue{Groups: wireGroups(v.Groups)}
	case diff.Exposed:
		return schemas.ExposedValue{Exposed: v.Exposed}
	}
	return nil
}

// wireDetails is the details of a change, or nil for {}.
func wireDetails(d any) any {
	switch d := d.(type) {
	case diff.StatusDetails:
		return schemas.StatusDetails{From: string(d.From), To: string(d.To), Retracts: schemas.OrNull(d.Retracts)}
	case diff.ReopenedDetails:
		out := schemas.ReopenedDetails{Retracts: schemas.OrNull(d.Retracts)}
		if d.GoneFor != nil {
			seconds := int64(*d.GoneFor / time.Second)
			out.GoneFor = &seconds
		}
		return out
	case diff.VersionDetails:
		return schemas.VersionDetails{From: schemas.OrNull(d.From), To: schemas.OrNull(d.To), Direction: schemas.Direction(d.Direction)}
	case diff.BannerDetails:
		out := schemas.BannerDetails{Omitted: d.Omitted}
		for _, f := range d.Facts {
			out.Facts = append(out.Facts, schemas.FactChange{Path: f.Path, Class: string(f.Class), Before: f.Before, After: f.After})
		}
		return out
	case diff.CertificateDetails:
		return schemas.CertificateDetails{Fields: d.Fields, DaysLeft: d.DaysLeft, Facts: d.Facts}
	case diff.AddedDetails:
		return schemas.AddedDetails{Facts: d.Facts}
	case diff.SetDetails:
		return schemas.SetDetails{Members: d.Members, Count: d.Count, Facts: d.Facts}
	case diff.TimerDetails:
		return schemas.TimerDetails{Days: d.Days}
	case diff.FlapDetails:
		return schemas.FlapDetails{Transitions: d.Transitions, Scans: d.Scans}
	case diff.ExposedDetails:
		return schemas.ExposedDetails{OpenPorts: d.OpenPorts}
	}
	return nil
}

// wireNote is the details of a lifecycle event about a host.
func wireNote(d any) any {
	switch d := d.(type) {
	case diff.BaselineNote:
		return schemas.BaselineDetails{Answer: schemas.Baseline(d.Answer),
			Ports:    schemas.BaselinePorts{Open: d.Open, Closed: d.Closed, Filtered: d.Filtered, Other: d.Other},
			Services: d.Services, Banners: d.Banners, Certificates: d.Certificates, Malformed: d.Malformed,
			Validity: schemas.BaselineValidity{Expired: d.Expired, Expiring: d.Expiring, NotYetValid: d.NotYetValid}, Stale: d.Stale}
	case diff.IncompleteNote:
		out := schemas.IncompleteDetails{Proof: string(d.Proof), Pages: d.Paging.Pages, Distinct: d.Paging.Distinct,
			Repeated: d.Paging.Repeated, Unreadable: d.Paging.Unreadable}
		if d.Paging.Count >= 0 {
			out.Count = &d.Paging.Count
		}
		return out
	case diff.MalformedNote:
		return schemas.MalformedDetails{Field: schemas.OrNull(d.Malformed.Field), Record: schemas.OrNull(d.Malformed.Record),
			Digest: d.Malformed.Digest, Length: d.Malformed.Length}
	case diff.UnknownNote:
		return schemas.UnknownDetails{Answers: d.Answers, Since: schemas.Millis(d.Since)}
	case diff.UnreachableNote:
		return schemas.UnreachableDetails{Failures: d.Failures, Since: schemas.Millis(d.Since), Class: string(d.Class)}
	case diff.StaleNote:
		return schemas.StaleDetails{Since: schemas.Millis(d.Since)}
	case diff.BlindNote:
		return schemas.BlindDetails{Since: schemas.Millis(d.Since)}
	case diff.SuppressedNote:
		return schemas.SuppressedDetails{Rule: string(d.Rule), Count: d.Count, Facet: string(d.Facet), Digest: schemas.OrNull(d.Digest), Digests: d.Digests}
	}
	return nil
}

func wireKey(k hostport.PortKey) schemas.PortKey {
	return schemas.PortKey{Protocol: k.Protocol, Number: int(k.Number)}
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
