package graphjson

import (
	"cmp"
	"math"
	"strings"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// port reads one hostPort. It reports false where the record has no readable
// key: not an object, or without a number or a protocol. The host a record names
// is not read: the list is that of the host asked for.
func (d *document) port() (p hostport.Port, ok bool) {
	hasNumber, hasStatus := false, false
	for name := range d.members("") {
		switch name {
		case "id":
			p.ID = d.text("id", limits.FieldBytes)
		case "port":
			var n int64
			n, hasNumber = d.number("port", math.MaxUint16)
			p.Number = uint16(n)
		case "protocol":
			p.Protocol = strings.ToLower(d.word("protocol"))
		case "status":
			hasStatus = true
			if d.dec.PeekKind() == 'n' {
				d.wrong("status", d.value())
				break
			}
			p.Status = hostport.ParseStatus(d.word("status"))
		case "firstSeenDateTime":
			p.FirstSeen = d.moment("firstSeenDateTime")
		case "lastSeenDateTime":
			p.LastSeen = d.moment("lastSeenDateTime")
		case "lastScanDateTime":
			p.LastScan = d.moment("lastScanDateTime")
		case "timesObserved":
			n, _ := d.number("timesObserved", math.MaxInt32)
			p.TimesObserved = int(n)
		case "banners":
			for range d.elements("banners") {
				if b, ok := d.banner(); ok {
					p.Banners = keepNewest(p.Banners, b, limits.BannersPerPort, compareBanners)
				}
			}
		case "services":
			for range d.elements("services") {
				if s, ok := d.service(); ok {
					p.Services = keepNewest(p.Services, s, limits.ServicesPerPort, compareServices)
				}
			}
		case "mostRecentSslCertificate":
			d.under = "mostRecentSslCertificate"
			p.Certificate = d.certificate()
			d.under = ""
		}
	}
	if !hasNumber || p.Protocol == "" {
		return hostport.Port{}, false
	}
	if !hasStatus {
		d.wrong("status", nil)
	}
	p.Malformed = d.lost
	for i := range p.Malformed {
		p.Malformed[i].Record = p.PortKey.String()
	}
	return p, true
}

// word takes one word of an enumeration, known or not. Words become part of keys
// and subjects, so one with a space, a slash or a bar in it is no word, and an
// empty one neither.
func (d *document) word(field string) string {
	v := d.value()
	switch v.Kind() {
	case 'n':
		return ""
	case '"':
		if w := unquote(v); PlainWord(w) && !strings.ContainsAny(w, "/|") {
			return w
		}
	}
	d.wrong(field, v)
	return ""
}

// banner reads one remembered banner; one without text is none.
func (d *document) banner() (b hostport.Banner, ok bool) {
	start := d.mark()
	for name := range d.members("banners[]") {
		switch name {
		case "banner":
			b.Text, ok = d.optionalText("banners[].banner", limits.PageBytes)
			if len(b.Text) > limits.BannerBytes.Max {
				limits.BannerBytes.Hit()
				// The clone lets go of the rest.
				b.Text = strings.Clone(Clip(b.Text, limits.BannerBytes.Max))
			}
		case "scanProtocol":
			b.ScanProtocol = d.text("banners[].scanProtocol", limits.WordBytes)
		case "firstSeenDateTime":
			b.FirstSeen = d.moment("banners[].firstSeenDateTime")
		case "lastSeenDateTime":
			b.LastSeen = d.moment("banners[].lastSeenDateTime")
		}
	}
	if !ok {
		d.drop("banners[]", start)
	}
	return b, ok
}

// service reads one remembered component; one without a name is none.
func (d *document) service() (s hostport.Service, ok bool) {
	start := d.mark()
	for name := range d.members("services[]") {
		switch name {
		case "component":
			for name := range d.members("services[].component") {
				switch name {
				case "name":
					s.Name, ok = d.optionalText("services[].component.name", limits.FieldBytes)
				case "version":
					s.Version = d.text("services[].component.version", limits.FieldBytes)
				case "category":
					s.Category = d.text("services[].component.category", limits.FieldBytes)
				}
			}
		case "isRecent":
			s.IsRecent = d.flag("services[].isRecent")
		case "firstSeenDateTime":
			s.FirstSeen = d.moment("services[].firstSeenDateTime")
		case "lastSeenDateTime":
			s.LastSeen = d.moment("services[].lastSeenDateTime")
		}
	}
	if ok = ok && s.Name != ""; !ok {
		d.drop("services[]", start)
	}
	return s, ok
}

// keepNewest adds next to kept, in the place of the oldest where the bound is
// met, so that no history however long is held in memory (P11). Which ones are
// kept does not depend on their order (P3).
func keepNewest[T any](kept []T, next T, bound *limits.Limit, compare func(a, b *T) int) []T {
	if len(kept) < bound.Max {
		return append(kept, next)
	}
	bound.Hit()
	oldest := 0
	for i := range kept {
		if compare(&kept[i], &kept[oldest]) < 0 {
			oldest = i
		}
	}
	if compare(&next, &kept[oldest]) > 0 {
		kept[oldest] = next
	}
	return kept
}

func compareBanners(a, b *hostport.Banner) int {
	return cmp.Or(a.LastSeen.Compare(b.LastSeen), a.FirstSeen.Compare(b.FirstSeen),
		cmp.Compare(a.ScanProtocol, b.ScanProtocol), cmp.Compare(a.Text, b.Text))
}

func compareServices(a, b *hostport.Service) int {
	if a.IsRecent != b.IsRecent {
		if a.IsRecent {
			return 1 // a current service is never the one that goes
		}
		return -1
	}
	return cmp.Or(a.LastSeen.Compare(b.LastSeen), a.FirstSeen.Compare(b.FirstSeen),
		cmp.Compare(a.Category, b.Category), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
}
