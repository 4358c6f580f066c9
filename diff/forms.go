package diff

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/internal/limits"
)

// keepFor is how long a form that is no longer told is remembered (design section 4).
const keepFor = 90 * 24 * time.Hour

// nowBanners is what a record shows of one protocol.
type nowBanners struct {
	protocol string
	forms    map[string]*SeenForm // by digest: the record's whole history
	rawHash  [8]byte              // of the newest raw text; where that ties the greatest
	rawSeen  time.Time
}

// readBanners brings the record's banners into canonical form, by protocol. A
// banner whose cut shows is the known form it is the beginning of, if there is one.
func (s *stepper) readBanners(p *PortState, r record) (map[string]*nowBanners, time.Time) {
	all := map[string]*nowBanners{}
	var newest time.Time
	for _, b := range r.port.Banners {
		f := s.policy.normalize(b.Text, b.ScanProtocol, int(r.port.Number))
		seen := b.LastSeen
		if seen.IsZero() {
			seen = b.FirstSeen
		}
		newest = later(newest, seen)
		n := all[f.Protocol]
		if n == nil {
			n = &nowBanners{protocol: f.Protocol, forms: map[string]*SeenForm{}, rawSeen: seen}
			all[f.Protocol] = n
		}
		if hash := rawHash(b.Text); cmp.Or(seen.Compare(n.rawSeen), slices.Compare(hash[:], n.rawHash[:])) > 0 {
			n.rawSeen, n.rawHash = seen, hash
		}
		sighting := seenForm(f)
		sighting.FirstSeen, sighting.LastSeen = b.FirstSeen, seen
		n.add(sighting)
	}
	for protocol, n := range all {
		n.uncut(p.Banners[protocol].Kept)
		for _, kept := range p.Banners[protocol].Kept {
			if f := n.forms[kept.Form.Digest]; f != nil {
				f.FirstSeen, f.LastSeen = earlier(f.FirstSeen, kept.FirstSeen), later(f.LastSeen, kept.LastSeen)
			}
		}
	}
	return all, newest
}

// compact bounds what is remembered of a form (P11). The digest is of the whole,
// so nothing is mistaken for the same; long says that the text is not all there.
func compact(f banner.Form) (banner.Form, bool) {
	long := len(f.Text) > limits.KeptBannerBytes.Max
	if long {
		f.Text = cutText(f.Text, limits.KeptBannerBytes.Max)
	}
	byGravity := slices.Clone(f.Facts)
	slices.SortStableFunc(byGravity, func(a, b banner.Fact) int { return gravity(b.Class) - gravity(a.Class) })
	room, fit := limits.KeptBannerBytes.Max, 0
	for _, fact := range byGravity {
		if room -= len(fact.Path) + len(fact.Value); room < 0 {
			break
		}
		fit++
	}
	if fit < len(f.Facts) {
		f.Facts = byGravity[:fit:fit]
		slices.SortFunc(f.Facts, func(a, b banner.Fact) int { return strings.Compare(a.Path, b.Path) })
	}
	return f, long
}

func rawHash(text string) (h [8]byte) {
	sum := sha256.Sum256([]byte(text))
	copy(h[:], sum[:])
	return h
}

// add joins a sighting to those of the same form. Noise that is left out of the
// form may leave its mark on the flags; the plainest wins, whatever the order (P7).
func (n *nowBanners) add(f SeenForm) {
	if held := n.forms[f.Form.Digest]; held != nil {
		if plainer(f.Form, held.Form) < 0 {
			held.Form, held.Long = f.Form, f.Long
		}
		held.FirstSeen, held.LastSeen = earlier(held.FirstSeen, f.FirstSeen), later(held.LastSeen, f.LastSeen)
		return
	}
	n.forms[f.Form.Digest] = &f
}

// plainer orders forms of one digest.
func plainer(a, b banner.Form) int {
	flags := func(f banner.Form) (n int) {
		if f.Cut {
			n += 2
		}
		if f.Escaped {
			n++
		}
		return n
	}
	return cmp.Or(flags(a)-flags(b), strings.Compare(a.Product, b.Product), strings.Compare(a.Version, b.Version),
		slices.CompareFunc(a.Facts, b.Facts, func(x, y banner.Fact) int {
			return cmp.Or(strings.Compare(x.Path, y.Path), strings.Compare(x.Value, y.Value))
		}))
}

// uncut replaces each form whose cut shows by the longer one it begins, and a
// longer one by the cut form that was told before it.
func (n *nowBanners) uncut(kept []SeenForm) {
	for _, f := range n.sorted() {
		if i := slices.IndexFunc(kept, func(k SeenForm) bool { return k.Form.Digest == f.Form.Digest }); i >= 0 {
			continue
		}
		candidates := slices.Clone(kept)
		if f.Form.Cut {
			for _, other := range n.sorted() {
				if !other.Form.Cut {
					candidates = append(candidates, *other)
				}
			}
		}
		for _, k := range candidates {
			if (f.Form.Cut || k.Form.Cut) && sameAnswer(k, *f) {
				delete(n.forms, f.Form.Digest)
				n.add(SeenForm{Form: k.Form, FirstSeen: f.FirstSeen, LastSeen: f.LastSeen})
				break
			}
		}
	}
}

// sorted lists the forms newest first; where that ties the greater version, then
// the greater digest.
func (n *nowBanners) sorted() []*SeenForm {
	out := make([]*SeenForm, 0, len(n.forms))
	for _, f := range n.forms {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *SeenForm) int { return newerForm(*a, *b) })
	return out
}

func newerForm(a, b SeenForm) int {
	return cmp.Or(b.LastSeen.Compare(a.LastSeen), compareVersions(b.Form.Version, a.Form.Version),
		strings.Compare(b.Form.Digest, a.Form.Digest))
}

// current is the forms within 48 h of the port's newest banner that no other
// form superseded, newest first. Forms unseen for settleAfter scans
// have left, unless nothing else is there.
func (n *nowBanners) current(newest time.Time, kept []SeenForm) []SeenForm {
	var out, left []SeenForm
	for _, f := range n.sorted() {
		if newest.Sub(f.LastSeen) > currentFor {
			continue
		}
		superseded := false
		for _, other := range n.forms {
			superseded = superseded || other.Form.Digest != f.Form.Digest && supersedes(other.FirstSeen, f.LastSeen)
		}
		if superseded {
			continue
		}
		if i := slices.IndexFunc(kept, func(k SeenForm) bool { return k.Form.Digest == f.Form.Digest }); i >= 0 && kept[i].Unseen >= settleAfter {
			left = append(left, *f)
			continue
		}
		out = append(out, *f)
	}
	if len(out) == 0 {
		out = left
	}
	return out
}

// forgetForms drops the forms that were seen last more than 90 days ago and are
// not told: they would be new again.
func (p *PortState) forgetForms(now time.Time) {
	for protocol, seen := range p.Banners {
		told, _ := p.Told.bannerSet(protocol)
		kept := seen.Kept
		seen.Kept = slices.DeleteFunc(slices.Clone(kept), func(k SeenForm) bool {
			return now.Sub(k.LastSeen) > keepFor && !slices.Contains(told.digests(), k.Form.Digest)
		})
		switch {
		case len(seen.Kept) == 0:
			delete(p.Banners, protocol) // else every protocol ever seen would stay (P11)
		case len(seen.Kept) < len(kept):
			p.Banners[protocol] = seen
		}
	}
}

// observe carries the record's sightings over to the forms that are remembered.
func observe(kept []SeenForm, n *nowBanners, newScan bool) []SeenForm {
	out := slices.Clone(kept)
	for i := range out {
		k := &out[i]
		if f := n.forms[k.Form.Digest]; f != nil && f.LastSeen.After(k.LastSeen) {
			k.LastSeen, k.Unseen = f.LastSeen, 0
		} else if newScan {
			k.Unseen++
		}
	}
	return out
}

// keep adds forms to those remembered: at most 8, told ones first, then the
// newest, none older than 90 days.
func keep(kept, told []SeenForm, now time.Time) []SeenForm {
	out := slices.Clone(told)
	slices.SortFunc(out, newerForm)
	rest := slices.Clone(kept)
	slices.SortFunc(rest, newerForm)
	for _, f := range rest {
		if len(out) >= limits.ToldForms.Max {
			break
		}
		if now.Sub(f.LastSeen) <= keepFor && !holds(out, f.Form.Digest) {
			out = append(out, f)
		}
	}
	return slices.Clip(out)
}

func holds(forms []SeenForm, digest string) bool {
	return slices.ContainsFunc(forms, func(f SeenForm) bool { return f.Form.Digest == digest })
}
