package detect

import (
	"reflect"
	"slices"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/internal/hostport"
)

// How a told form is kept: most are a function of a remembered one, and then a
// reference is enough.
const (
	formWhole = iota
	formNewest
	formOlder
)

func encodeTold(w *writer, p *diff.PortState) {
	t := p.Told
	w.string(string(t.Status))
	w.uint(uint64(len(t.Services)))
	for _, s := range t.Services {
		w.string(s.Category)
		w.string(s.Name)
		w.uint(uint64(len(s.Versions)))
		for _, v := range s.Versions {
			w.string(v)
		}
	}
	w.uint(uint64(len(t.Banners)))
	for _, set := range t.Banners {
		w.string(set.Protocol)
		w.uint(uint64(len(set.Forms)))
		for _, f := range set.Forms {
			encodeToldForm(w, f, p.Banners[set.Protocol].Kept)
		}
	}
	w.uint(uint64(len(t.Flapping)))
	for _, f := range t.Flapping {
		w.string(string(f))
	}
	w.bool(t.Certificate != nil)
	if t.Certificate != nil {
		encodeCertificate(w, t.Certificate)
	}
}

func decodeTold(r *reader, p *diff.PortState) *diff.Port {
	t := &diff.Port{Status: hostport.Status(r.string())}
	for range r.count() {
		s := diff.Service{Category: r.string(), Name: r.string()}
		for range r.count() {
			s.Versions = append(s.Versions, r.string())
		}
		t.Services = append(t.Services, s)
	}
	for range r.count() {
		set := diff.BannerSet{Protocol: r.string()}
		for range r.count() {
			set.Forms = append(set.Forms, decodeToldForm(r, set.Protocol, p.Banners[set.Protocol].Kept))
		}
		t.Banners = append(t.Banners, set)
	}
	for range r.count() {
		t.Flapping = append(t.Flapping, diff.Facet(r.string()))
	}
	if r.bool() {
		t.Certificate = decodeCertificate(r)
	}
	return t
}

func encodeToldForm(w *writer, told banner.Form, kept []diff.SeenForm) {
	if k, ok := keptForm(kept, told.Digest); ok {
		for _, ref := range []byte{formNewest, formOlder} {
			if same, _ := diff.ToldForm(k, ref == formNewest); reflect.DeepEqual(same, told) {
				w.byte(ref)
				w.string(told.Digest)
				return
			}
		}
	}
	w.byte(formWhole)
	encodeForm(w, told)
}

func decodeToldForm(r *reader, protocol string, kept []diff.SeenForm) banner.Form {
	ref := r.byte()
	if ref == formWhole {
		f := decodeForm(r)
		f.Protocol = protocol
		return f
	}
	k, ok := keptForm(kept, r.string())
	if !ok || ref > formOlder {
		r.bad = true
		return banner.Form{}
	}
	f, _ := diff.ToldForm(k, ref == formNewest)
	return f
}

func keptForm(kept []diff.SeenForm, digest string) (banner.Form, bool) {
	i := slices.IndexFunc(kept, func(k diff.SeenForm) bool { return k.Form.Digest == digest })
	if i < 0 {
		return banner.Form{}, false
	}
	return kept[i].Form, true
}

func encodeCertificate(w *writer, c *diff.Certificate) {
	w.string(c.SHA1)
	w.string(c.Subject)
	w.string(c.Issuer)
	w.string(c.SerialNumber)
	w.time(c.NotBefore)
	w.time(c.NotAfter)
	w.uint(uint64(len(c.Names)))
	for _, n := range c.Names {
		w.string(n)
	}
	w.uint(uint64(c.NamesCount))
	w.string(c.NamesDigest)
	w.string(string(c.Validity))
}

func decodeCertificate(r *reader) *diff.Certificate {
	c := &diff.Certificate{SHA1: r.string(), Subject: r.string(), Issuer: r.string(), SerialNumber: r.string(), NotBefore: r.time(), NotAfter: r.time()}
	for range r.count() {
		c.Names = append(c.Names, r.string())
	}
	c.NamesCount, c.NamesDigest, c.Validity = int(r.uint()), r.string(), diff.Validity(r.string())
	return c
}
