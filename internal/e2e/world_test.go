package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/schemas"
)

// listed is a record of a host's list, as far as it is compared.
type listed struct {
	Port     int
	Protocol string
	Status   string
	Banners  []sighting
	Services []struct {
		IsRecent  bool
		Component struct{ Category, Name, Version string }
	}
	MostRecentSslCertificate *struct{ SHA1 string }
}

type sighting struct {
	Banner, ScanProtocol string
	LastSeenDateTime     time.Time
}

// world asks the simulator itself for every host. Portdelta must have ended.
func (r *rig) world() map[string][]listed {
	r.Helper()
	out := map[string][]listed{}
	for _, host := range r.hosts {
		address := r.base + "/security/threatIntelligence/hosts/" + url.PathEscape(host) + "/ports?$expand=mostRecentSslCertificate"
		request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, address, nil)
		if err != nil {
			r.Fatal(err)
		}
		var page struct{ Value []listed }
		r.get(request, &page)
		out[host] = page.Value
	}
	return out
}

// compare holds the state topic against the world. A port that changed after the
// cut is left out: portdelta may not have decided about it.
func (h *heard) compare(world map[string][]listed, t *truth, cut time.Time) []string {
	moving := map[string]bool{}
	for _, c := range t.changes {
		if key := c.key(); c.At.After(cut) {
			moving[schemas.StateKey(c.Host, &key)] = true
		}
	}
	var faults []string
	for host, ports := range world {
		present := map[string]listed{}
		for _, p := range ports {
			present[schemas.StateKey(host, &schemas.PortKey{Protocol: p.Protocol, Number: p.Port})] = p
		}
		keys := maps.Clone(present)
		for key := range h.state {
			if strings.HasPrefix(key, host+"|") {
				keys[key] = present[key]
			}
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if got, want := h.told(key), shown(present[key]); got != want && !moving[key] {
				faults = append(faults, fmt.Sprintf("%s: told   %s\n  the world: %s", key, got, want))
			}
		}
	}
	return faults
}

// told is a port of the state topic in the form it is compared in.
func (h *heard) told(key string) string {
	value := h.state[key]
	if value == nil {
		return "absent"
	}
	p, err := schemas.ParsePortState(value)
	if err != nil {
		return err.Error()
	}
	if p.Status == schemas.StatusVanished {
		return "absent"
	}
	if p.Status != schemas.StatusOpen {
		return p.Status // its facets are frozen
	}
	var services, banners []string
	for _, s := range p.Services {
		services = append(services, strings.Join([]string{s.Category, s.Name, strings.Join(s.Versions, " ")}, "|"))
	}
	for _, b := range p.Banners {
		for _, f := range b.Forms {
			banners = append(banners, b.Protocol+" "+f.Digest)
		}
	}
	certificate := "none"
	if p.Certificate != nil {
		certificate = p.Certificate.SHA1
	}
	return facets(services, banners, certificate)
}

// shown is a port of the world: what is recent of its services, and its newest
// banner, for the others have been superseded.
func shown(p listed) string {
	switch p.Status {
	case "":
		return "absent"
	case schemas.StatusOpen:
	default:
		return p.Status
	}
	var services, banners []string
	for _, s := range p.Services {
		if s.IsRecent {
			services = append(services, strings.Join([]string{s.Component.Category, s.Component.Name, s.Component.Version}, "|"))
		}
	}
	if len(p.Banners) > 0 {
		newest := slices.MaxFunc(p.Banners, func(a, b sighting) int { return a.LastSeenDateTime.Compare(b.LastSeenDateTime) })
		form := banner.Normalize(newest.Banner, newest.ScanProtocol, p.Port)
		banners = append(banners, form.Protocol+" "+form.Digest)
	}
	certificate := "none"
	if p.MostRecentSslCertificate != nil {
		certificate = p.MostRecentSslCertificate.SHA1
	}
	return facets(services, banners, certificate)
}

func facets(services, banners []string, certificate string) string {
	slices.Sort(services)
	return fmt.Sprintf("open, services %q, banners %q, certificate %s", services, banners, certificate)
}
