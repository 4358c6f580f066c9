package schemas

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// randomMove lets the teller tell one lawful move of one of a few ports.
func randomMove(t *rapid.T, w *teller) {
	key := PortKey{rapid.SampledFrom([]string{"tcp", "udp"}).Draw(t, "protocol"), rapid.IntRange(1, 3).Draw(t, "number")}
	told, known := w.ports[key]
	switch {
	case rapid.IntRange(0, 9).Draw(t, "group") == 0:
		if next := randomGroups(t); !sameJSON(next, w.groups) && len(next)+len(w.groups) > 0 {
			w.group(next, "grouped")
		}
	case known && rapid.IntRange(0, 9).Draw(t, "flap") == 0:
		p, was := told, FlappingValue{told.Flapping}
		if p.Flapping = nil; len(was.Flapping) == 0 {
			p.Flapping = []string{rapid.SampledFrom([]string{FacetStatus, FacetBanners}).Draw(t, "flapping")}
			w.tell(FlapStarted, key, &p, was, FlappingValue{p.Flapping}, FlapDetails{4, 10}, "flaps", ReasonAlternating)
		} else {
			w.tell(FlapEnded, key, &p, was, FlappingValue{p.Flapping}, FlapDetails{0, 5}, "flaps no more", ReasonSteady)
		}
	case !known && rapid.Bool().Draw(t, "open"):
		p := randomPort(t)
		w.tell(PortOpened, key, &p, nil, p, struct{}{}, "opened", ReasonNewPort)
	case !known:
		p := Port{Status: StatusFiltered}
		w.tell(PortDiscovered, key, &p, nil, StatusValue{StatusFiltered}, struct{}{}, "discovered", ReasonNewPort)
	case told.Status == StatusVanished && rapid.Bool().Draw(t, "tombstoned"):
		// Its record may be gone by now: then it is new.
		p := randomPort(t)
		w.tell(PortOpened, key, &p, nil, p, struct{}{}, "opened", ReasonNewPort)
	case told.Status != StatusOpen && rapid.Bool().Draw(t, "reopen"):
		p := randomPort(t)
		w.tell(PortReopened, key, &p, told, p, ReopenedDetails{}, "reopened", ReasonSourceStatement)
	case told.Status != StatusOpen, rapid.IntRange(0, 3).Draw(t, "close") == 0:
		randomStatus(t, w, key, told)
	default:
		randomFacet(t, w, key, told)
	}
	w.expose()
}

func randomGroups(t *rapid.T) []Group {
	var out []Group
	for i := range rapid.IntRange(0, 2).Draw(t, "groups") {
		first := rapid.IntRange(1, 3).Draw(t, "first")
		out = append(out, Group{Protocol: []string{"tcp", "udp"}[i], Fingerprint: "f", Ranges: [][2]int{{first, 3}}, Count: 4 - first})
	}
	return out
}

func randomStatus(t *rapid.T, w *teller, key PortKey, told Port) {
	words := []string{StatusClosed, StatusFiltered, StatusVanished, "tarpitted"}
	words = slices.DeleteFunc(words, func(s string) bool { return s == told.Status })
	word := rapid.SampledFrom(words).Draw(t, "status")
	typ := map[string]Type{StatusClosed: PortClosed, StatusFiltered: PortFiltered, StatusVanished: PortVanished, "tarpitted": PortStatusChanged}[word]
	p := told
	p.Status = word
	w.tell(typ, key, &p, told, StatusValue{word}, StatusDetails{From: told.Status, To: word}, "moved", ReasonSourceStatement)
}

func randomFacet(t *rapid.T, w *teller, key PortKey, told Port) {
	p := told
	switch next := randomPort(t); rapid.IntRange(0, 2).Draw(t, "facet") {
	case 0:
		s := randomService(t)
		i, found := slices.BinarySearchFunc(told.Services, s, func(a, b Service) int { return strings.Compare(a.key(), b.key()) })
		p.Services = slices.Clone(told.Services)
		switch {
		case !found:
			p.Services = slices.Insert(p.Services, i, s)
			w.tell(ServiceAdded, key, &p, nil, s, struct{}{}, "added", ReasonServiceSeen)
		case len(s.Versions) == 0:
			p.Services = slices.Delete(p.Services, i, i+1)
			w.tell(ServiceRemoved, key, &p, told.Services[i], nil, struct{}{}, "removed", ReasonServiceGone)
		default:
			p.Services[i] = s // in another spelling perhaps: the key is the same
			w.tell(ServiceVersionChanged, key, &p, told.Services[i], s, VersionDetails{Direction: DirectionUnknown}, "changed", ReasonSettled)
		}
	case 1:
		for _, set := range next.Banners {
			i, found := slices.BinarySearchFunc(p.Banners, set, func(a, b BannerSet) int { return strings.Compare(a.Protocol, b.Protocol) })
			before := slices.Clone(p.Banners)
			p.Banners = slices.Clone(p.Banners)
			if found {
				p.Banners[i] = set
				w.tell(BannerChanged, key, &p, before[i], set, BannerDetails{}, "changed", ReasonSettled)
			} else {
				p.Banners = slices.Insert(p.Banners, i, set)
				w.tell(BannerAdded, key, &p, nil, set, BannerDetails{}, "added", ReasonNewProtocol)
			}
		}
	case 2:
		p.Certificate = next.Certificate
		switch {
		case sameJSON(told.Certificate, p.Certificate):
		case told.Certificate == nil:
			w.tell(CertificateAdded, key, &p, nil, p.Certificate, struct{}{}, "added", ReasonTLSAdded)
		case p.Certificate == nil:
			w.tell(CertificateRemoved, key, &p, told.Certificate, nil, struct{}{}, "removed", ReasonTLSRemoved)
		default:
			w.tell(CertificateReplaced, key, &p, told.Certificate, p.Certificate, CertificateDetails{}, "replaced", ReasonIdentityChanged)
		}
	}
}

func randomService(t *rapid.T) Service {
	return Service{
		Category: rapid.SampledFrom([]string{"", "Server", "server"}).Draw(t, "category"),
		Name:     rapid.SampledFrom([]string{"nginx", "Nginx", "php", "<b>&"}).Draw(t, "name"),
		Versions: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"1", "2", "3"}), 0, 2, rapid.ID).Draw(t, "versions"),
	}
}

// randomPort is an open port with its lists in order.
func randomPort(t *rapid.T) Port {
	p := Port{Status: StatusOpen}
	for range rapid.IntRange(0, 3).Draw(t, "services") {
		p.Services = append(p.Services, randomService(t))
	}
	slices.SortStableFunc(p.Services, func(a, b Service) int { return strings.Compare(a.key(), b.key()) })
	p.Services = slices.CompactFunc(p.Services, func(a, b Service) bool { return a.key() == b.key() })
	for _, protocol := range []string{"http", "ssh"} {
		if !rapid.Bool().Draw(t, protocol) {
			continue
		}
		set := BannerSet{Protocol: protocol}
		for i := range rapid.IntRange(1, 2).Draw(t, "forms") {
			f := Form{Digest: fmt.Sprintf("%d%031x", i, rapid.IntRange(0, 3).Draw(t, "digest"))}
			if i == 0 {
				f.Product, f.Facts, f.Text = OrNull(rapid.StringN(0, 40, -1).Draw(t, "product")), map[string]string{"b": "x", "a": "<"}, OrNull(rapid.StringN(0, 200, -1).Draw(t, "text"))
			}
			set.Forms = append(set.Forms, f)
		}
		p.Banners = append(p.Banners, set)
	}
	if rapid.Bool().Draw(t, "certificate") {
		p.Certificate = exampleCertificate(fmt.Sprintf("%040x", rapid.IntRange(0, 3).Draw(t, "sha1")), rapid.String().Draw(t, "issuer"), "", firstOctober)
	}
	return p
}

func replaceOnce(t testing.TB, s, old, with string) string {
	t.Helper()
	if strings.Count(s, old) != 1 {
		t.Fatalf("%q does not stand once in %s", old, s)
	}
	return strings.Replace(s, old, with, 1)
}
