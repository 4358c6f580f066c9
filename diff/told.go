package diff

import (
	"slices"
	"strings"
	"time"

	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/internal/hostport"
)

// Port is a port as told: what a reader who folds every change holds. Slices are
// never changed in place.
type Port struct {
	Status      hostport.Status
	Services    []Service   // by Key
	Banners     []BannerSet // by protocol
	Certificate *Certificate
	Flapping    []Facet // in the order of a step
}

// Open says whether readers believe the port to be open.
func (p *Port) Open() bool { return p != nil && p.Status == hostport.Open }

// Service is one component with the set of versions it is seen in.
type Service struct {
	Category, Name string   // in the spelling first told
	Versions       []string // sorted by bytes; empty: unknown
}

// Key tells services of a port apart: category and name without case.
func (s Service) Key() string { return serviceKey(s.Category, s.Name) }

// value and absent tell the values of a service apart.
func (s Service) value() string  { return s.Key() + "\x00" + strings.Join(s.Versions, "\x00") }
func (s Service) absent() string { return s.Key() }

func serviceKey(category, name string) string {
	return strings.ToLower(category) + "\x00" + strings.ToLower(name)
}

// BannerSet is the current answers of one protocol, by digest. Only the newest
// form has text and facts.
type BannerSet struct {
	Protocol string
	Forms    []banner.Form
}

// Certificate is what a port presents.
type Certificate struct {
	SHA1, Subject, Issuer, SerialNumber string
	NotBefore, NotAfter                 time.Time
	Names                               []string // sorted; the first 20 of NamesCount
	NamesCount                          int
	NamesDigest                         string // first 16 bytes of SHA-256 over all names, sorted, a line each; hex
	Validity                            Validity
}

func (p *Port) service(key string) (Service, bool) {
	if p == nil {
		return Service{}, false
	}
	i := slices.IndexFunc(p.Services, func(s Service) bool { return s.Key() == key })
	if i < 0 {
		return Service{}, false
	}
	return p.Services[i], true
}

// withService returns the services with one put in its place.
func withService(list []Service, s Service) []Service {
	out := withoutService(list, s.Key())
	i, _ := slices.BinarySearchFunc(out, s, func(a, b Service) int { return strings.Compare(a.Key(), b.Key()) })
	return slices.Insert(out, i, s)
}

// withoutService returns a copy of the services without one.
func withoutService(list []Service, key string) []Service {
	out := make([]Service, 0, len(list)+1)
	for _, s := range list {
		if s.Key() != key {
			out = append(out, s)
		}
	}
	return out
}

func (p *Port) bannerSet(protocol string) (BannerSet, bool) {
	if p == nil {
		return BannerSet{}, false
	}
	i := slices.IndexFunc(p.Banners, func(s BannerSet) bool { return s.Protocol == protocol })
	if i < 0 {
		return BannerSet{}, false
	}
	return p.Banners[i], true
}

// withBannerSet returns the sets with one put in its place.
func withBannerSet(list []BannerSet, set BannerSet) []BannerSet {
	out := make([]BannerSet, 0, len(list)+1)
	for _, s := range list {
		if s.Protocol != set.Protocol {
			out = append(out, s)
		}
	}
	i, _ := slices.BinarySearchFunc(out, set, func(a, b BannerSet) int { return strings.Compare(a.Protocol, b.Protocol) })
	return slices.Insert(out, i, set)
}

func (s BannerSet) digests() []string {
	out := make([]string, len(s.Forms))
	for i, f := range s.Forms {
		out[i] = f.Digest
	}
	return out
}

// changedFacets lists the facets in which two ports differ, to the last byte that
// is told, in the order events name them. A nil port has none.
func changedFacets(before, after *Port) []Facet {
	if before == nil {
		before = &Port{}
	}
	var out []Facet
	if before.Status != after.Status {
		out = append(out, FacetStatus)
	}
	if !slices.EqualFunc(before.Services, after.Services, func(a, b Service) bool {
		return a.Category == b.Category && a.Name == b.Name && slices.Equal(a.Versions, b.Versions)
	}) {
		out = append(out, FacetServices)
	}
	if !slices.EqualFunc(before.Banners, after.Banners, func(a, b BannerSet) bool {
		return a.Protocol == b.Protocol && slices.EqualFunc(a.Forms, b.Forms, sameForm)
	}) {
		out = append(out, FacetBanners)
	}
	if !sameCertificate(before.Certificate, after.Certificate) {
		out = append(out, FacetCertificate)
	}
	if !slices.Equal(before.Flapping, after.Flapping) {
		out = append(out, FacetFlapping)
	}
	return out
}

// sameForm compares what is told of two forms: facts that are nil are not told.
func sameForm(a, b banner.Form) bool {
	return a.Digest == b.Digest && a.Product == b.Product && a.Version == b.Version && a.Text == b.Text &&
		a.Cut == b.Cut && a.Escaped == b.Escaped && (a.Facts == nil) == (b.Facts == nil) && slices.Equal(a.Facts, b.Facts)
}

func sameCertificate(a, b *Certificate) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.SHA1 == b.SHA1 && a.Subject == b.Subject && a.Issuer == b.Issuer && a.SerialNumber == b.SerialNumber &&
		a.NotBefore.Equal(b.NotBefore) && a.NotAfter.Equal(b.NotAfter) &&
		slices.Equal(a.Names, b.Names) && a.NamesCount == b.NamesCount && a.NamesDigest == b.NamesDigest && a.Validity == b.Validity
}
