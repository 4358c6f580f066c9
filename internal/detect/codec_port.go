package detect

import (
	"cmp"
	"maps"
	"slices"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/internal/hostport"
)

func encodePort(p *diff.PortState) []byte {
	w := &writer{b: []byte{stateFormat}}
	w.string(p.ID)
	w.time(p.Evidence)
	w.bool(p.Agreed.Equal(p.Evidence)) // as for nearly every port
	if !p.Agreed.Equal(p.Evidence) {
		w.time(p.Agreed)
	}
	w.time(p.Scan)
	w.bool(p.WasOpen)
	w.bool(p.Unread)
	w.bool(p.Retracted)
	w.bool(p.Stale)
	encodeLost(w, p)
	encodeFlaps(w, p.Flaps)
	encodeServices(w, p)
	encodeBanners(w, p.Banners)
	encodeSeenCertificate(w, &p.Certificate)
	w.bool(p.Told != nil)
	if p.Told != nil {
		encodeTold(w, p)
	}
	return w.b
}

func decodePort(r *reader) *diff.PortState {
	p := &diff.PortState{ID: r.string(), Evidence: r.time()}
	if p.Agreed = p.Evidence; !r.bool() {
		p.Agreed = r.time()
	}
	p.Scan, p.WasOpen, p.Unread, p.Retracted, p.Stale = r.time(), r.bool(), r.bool(), r.bool(), r.bool()
	decodeLost(r, p)
	p.Flaps = decodeFlaps(r)
	decodeServices(r, p)
	p.Banners = decodeBanners(r)
	p.Certificate = decodeSeenCertificate(r)
	if r.bool() {
		p.Told = decodeTold(r, p)
	}
	return p
}

// encodeLost writes what is pending about the port as a whole.
func encodeLost(w *writer, p *diff.PortState) {
	w.bool(p.Absence != nil)
	if a := p.Absence; a != nil {
		w.time(a.Witness)
		w.uint(uint64(a.Agreeing))
		w.bool(a.Asked)
		w.bool(a.Held)
	}
	w.bool(p.Lost != diff.Lost{})
	if p.Lost != (diff.Lost{}) {
		w.time(p.Lost.NotAfter)
		w.time(p.Lost.At)
		w.time(p.Lost.Vanished)
		w.time(p.Lost.Listed)
		w.string(p.Lost.EventID)
	}
	w.bool(p.Doubt != diff.Doubt{})
	if p.Doubt != (diff.Doubt{}) {
		w.string(string(p.Doubt.Status))
		w.time(p.Doubt.Since)
	}
}

func decodeLost(r *reader, p *diff.PortState) {
	if r.bool() {
		p.Absence = &diff.Absence{Witness: r.time(), Agreeing: int(r.uint()), Asked: r.bool(), Held: r.bool()}
	}
	if r.bool() {
		p.Lost = diff.Lost{NotAfter: r.time(), At: r.time(), Vanished: r.time(), Listed: r.time(), EventID: r.string()}
	}
	if r.bool() {
		p.Doubt = diff.Doubt{Status: hostport.Status(r.string()), Since: r.time()}
	}
}

func encodeLoss(w *writer, l diff.Loss) {
	w.time(l.Scan)
	w.time(l.Since)
	w.time(l.Shown)
}

func decodeLoss(r *reader) diff.Loss {
	return diff.Loss{Scan: r.time(), Since: r.time(), Shown: r.time()}
}

func encodeFlaps(w *writer, flaps map[diff.FlapKey]diff.Flap) {
	w.uint(uint64(len(flaps)))
	keys := slices.SortedFunc(maps.Keys(flaps), func(a, b diff.FlapKey) int {
		return cmp.Or(cmp.Compare(a.Facet, b.Facet), cmp.Compare(a.Item, b.Item))
	})
	for _, k := range keys {
		f := flaps[k]
		w.string(string(k.Facet))
		w.string(k.Item)
		w.b = append(append(w.b, f.Moves[:]...), f.News[:]...)
		w.bool(f.On)
		w.string(f.Seen)
		w.uint(uint64(len(f.Known)))
		for _, k := range f.Known {
			w.string(k)
		}
	}
}

func decodeFlaps(r *reader) map[diff.FlapKey]diff.Flap {
	n := r.count()
	if n == 0 {
		return nil
	}
	out := make(map[diff.FlapKey]diff.Flap, n)
	for range n {
		k, f := diff.FlapKey{Facet: diff.Facet(r.string()), Item: r.string()}, diff.Flap{}
		for i := range f.Moves {
			f.Moves[i] = r.byte()
		}
		for i := range f.News {
			f.News[i] = r.byte()
		}
		f.On, f.Seen = r.bool(), r.string()
		for range r.count() {
			f.Known = append(f.Known, r.string())
		}
		out[k] = f
	}
	return out
}

func encodeServices(w *writer, p *diff.PortState) {
	w.uint(uint64(len(p.Services)))
	for _, key := range slices.Sorted(maps.Keys(p.Services)) {
		s := p.Services[key]
		w.string(key)
		encodeLoss(w, s.Loss)
		w.uint(uint64(len(s.Versions)))
		for _, v := range slices.Sorted(maps.Keys(s.Versions)) {
			w.string(v)
			w.time(s.Versions[v].LastSeen)
			w.uint(uint64(s.Versions[v].Unseen))
		}
	}
}

func decodeServices(r *reader, p *diff.PortState) {
	n := r.count()
	if n > 0 {
		p.Services = make(map[string]diff.SeenService, n)
	}
	for range n {
		key := r.string()
		s := diff.SeenService{Loss: decodeLoss(r)}
		versions := r.count()
		s.Versions = make(map[string]diff.SeenVersion, versions)
		for range versions {
			v := r.string()
			s.Versions[v] = diff.SeenVersion{LastSeen: r.time(), Unseen: int(r.uint())}
		}
		p.Services[key] = s
	}
}

func encodeBanners(w *writer, banners map[string]diff.SeenBanners) {
	w.uint(uint64(len(banners)))
	for _, protocol := range slices.Sorted(maps.Keys(banners)) {
		s := banners[protocol]
		w.string(protocol)
		w.uint(uint64(s.Waiting))
		w.string(string(s.Told))
		w.b = append(w.b, s.RawHash[:]...)
		w.uint(uint64(len(s.Kept)))
		for _, f := range s.Kept {
			encodeForm(w, f.Form)
			w.bool(f.Long)
			w.time(f.FirstSeen)
			w.time(f.LastSeen)
			w.uint(uint64(f.Unseen))
		}
	}
}

func decodeBanners(r *reader) map[string]diff.SeenBanners {
	n := r.count()
	if n == 0 {
		return nil
	}
	out := make(map[string]diff.SeenBanners, n)
	for range n {
		protocol := r.string()
		s := diff.SeenBanners{Waiting: int(r.uint()), Told: banner.Class(r.string())}
		for i := range s.RawHash {
			s.RawHash[i] = r.byte()
		}
		for range r.count() {
			f := diff.SeenForm{Form: decodeForm(r), Long: r.bool(), FirstSeen: r.time(), LastSeen: r.time(), Unseen: int(r.uint())}
			f.Form.Protocol = protocol
			s.Kept = append(s.Kept, f)
		}
		out[protocol] = s
	}
	return out
}

// encodeForm leaves the protocol out: it is the set's.
func encodeForm(w *writer, f banner.Form) {
	w.string(f.Digest)
	w.string(f.Product)
	w.string(f.Version)
	w.bool(f.Cut)
	w.bool(f.Escaped)
	w.string(f.Text)
	w.bool(f.Facts != nil)
	w.uint(uint64(len(f.Facts)))
	for _, fact := range f.Facts {
		w.string(fact.Path)
		w.string(string(fact.Class))
		w.string(fact.Value)
	}
}

func decodeForm(r *reader) banner.Form {
	f := banner.Form{Digest: r.string(), Product: r.string(), Version: r.string(), Cut: r.bool(), Escaped: r.bool(), Text: r.string()}
	if r.bool() {
		f.Facts = []banner.Fact{}
	}
	for range r.count() {
		f.Facts = append(f.Facts, banner.Fact{Path: r.string(), Class: banner.Class(r.string()), Value: r.string()})
	}
	return f
}
