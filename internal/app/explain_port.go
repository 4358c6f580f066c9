package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/schemas"
)

// portLayers sets the layers of one port side by side: a facet a row.
func portLayers(t *table, p *detect.ExplainedPort) {
	told := p.Told
	if told == nil {
		told = &schemas.Port{Status: "(not told)"}
	}
	t.head("FACET", "TOLD", "SEEN")
	seen := fmt.Sprintf("evidence %s, scan %s", moment(p.Seen.Evidence), moment(p.Seen.Scan))
	if p.Seen.GoneAt != nil {
		seen += ", gone " + moment(p.Seen.GoneAt)
	}
	if p.Seen.ForgottenAt != nil {
		seen += ", forgotten " + moment(p.Seen.ForgottenAt)
	}
	t.row(cell{text: "status"}, cell{clipped(escaped(told.Status), 40), statusColor(p.Told)}, cell{text: seen})
	services(t, told, &p.Seen)
	banners(t, told, &p.Seen)
	if c := told.Certificate; c != nil || p.Seen.Certificate != nil {
		text, id := "-", "-"
		if c != nil {
			text = fmt.Sprintf("%s, until %s", hostport.EscapeText(c.Subject), moment(c.NotAfter))
		}
		if p.Seen.Certificate != nil {
			id = "id " + clipped(hostport.EscapeText(*p.Seen.Certificate), 60)
		}
		t.row(cell{text: "certificate"}, cell{text: clipped(text, 60)}, cell{text: id})
	}
	for _, f := range told.Flapping {
		t.row(cell{text: "flapping"}, cell{text: escaped(f)}, cell{})
	}
}

func services(t *table, told *schemas.Port, seen *detect.SeenPort) {
	for _, s := range told.Services {
		name := strings.TrimSpace(s.Name + " " + strings.Join(s.Versions, ", "))
		of := func(v detect.SeenVersion) bool {
			return v.Category == strings.ToLower(s.Category) && v.Name == strings.ToLower(s.Name)
		}
		var parts []string
		for _, v := range seen.Services {
			if of(v) {
				parts = append(parts, sighting(hostport.EscapeText(v.Version), v.LastSeen != nil, moment(v.LastSeen), v.Unseen))
			}
		}
		t.row(cell{text: "service"}, cell{text: clipped(hostport.EscapeText(name), 60)}, cell{text: strings.Join(parts, "; ")})
	}
}

func banners(t *table, told *schemas.Port, seen *detect.SeenPort) {
	protocols := []string{}
	add := func(p string) {
		if !slices.Contains(protocols, p) {
			protocols = append(protocols, p)
		}
	}
	for _, set := range told.Banners {
		add(set.Protocol)
	}
	for _, f := range seen.Banners {
		add(f.Protocol)
	}
	for _, protocol := range protocols {
		label := "banner " + escaped(protocol)
		for _, f := range seen.Banners {
			if f.Protocol != protocol {
				continue
			}
			text := "(told before)"
			if f.Told {
				text = product(f.Product, f.Version)
			}
			t.row(cell{text: label}, cell{text: text}, cell{text: sighting(f.Digest[:min(8, len(f.Digest))]+" "+product(f.Product, f.Version), f.LastSeen != nil, moment(f.LastSeen), f.Unseen)})
			label = ""
		}
	}
}

func product(name, version *string) string {
	if name == nil {
		return "(no product)"
	}
	text := *name
	if version != nil {
		text += " " + *version
	}
	return clipped(hostport.EscapeText(text), 60)
}

// sighting says when something was last seen, and for how many scans it was not.
func sighting(what string, dated bool, at string, unseen int) string {
	if dated {
		what += " seen " + at
	}
	if unseen > 0 {
		what += fmt.Sprintf(", unseen for %d scans", unseen)
	}
	return strings.TrimSpace(what)
}
