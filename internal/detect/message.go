package detect

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// Message is the one line of an event for people: who, where, what changed from
// what to what. Text of the host's is escaped, and cut before it is too long.
func Message(host hostport.Host, c *diff.Change) string {
	subject := string(host)
	if c.Told != nil {
		subject += " " + c.Key.String()
	}
	return cutMessage(hostport.EscapeText(subject) + " " + what(c))
}

func what(c *diff.Change) string {
	switch c.Type {
	case diff.PortOpened:
		return "opened" + summary(c.Told)
	case diff.PortReopened:
		return "reopened" + summary(c.Told)
	case diff.PortDiscovered:
		return "discovered " + text(string(c.Told.Status))
	case diff.PortClosed, diff.PortFiltered, diff.PortStatusChanged, diff.PortVanished:
		if d, ok := c.Details.(diff.StatusDetails); ok {
			return text(string(d.To)) + ", was " + text(string(d.From))
		}
	case diff.ServiceAdded:
		return "service added: " + serviceText(c.After.(diff.Service))
	case diff.ServiceRemoved:
		return "service removed: " + serviceText(c.Before.(diff.Service))
	case diff.ServiceVersionChanged:
		d := c.Details.(diff.VersionDetails)
		return text(c.After.(diff.Service).Name) + " version " + orUnknown(d.From) + " to " + orUnknown(d.To)
	case diff.BannerAdded:
		return c.After.(diff.BannerSet).Protocol + " banner added" + product(c.After.(diff.BannerSet))
	case diff.BannerChanged:
		return c.After.(diff.BannerSet).Protocol + " banner changed" + facts(c.Details.(diff.BannerDetails))
	case diff.CertificateAdded:
		return "certificate added: " + certificateText(c.After.(diff.Certificate))
	case diff.CertificateRemoved:
		return "certificate removed: " + certificateText(c.Before.(diff.Certificate))
	case diff.CertificateRenewed:
		return "certificate renewed: " + certificateText(c.After.(diff.Certificate))
	case diff.CertificateReplaced:
		before, after := c.Before.(diff.Certificate), c.After.(diff.Certificate)
		if before.Subject != after.Subject {
			return "certificate replaced: " + certificateText(before) + " by " + certificateText(after)
		}
		return fmt.Sprintf("certificate replaced (%s): %s", strings.Join(c.Details.(diff.CertificateDetails).Fields, ", "), certificateText(after))
	case diff.CertificateRolledBack:
		return "certificate rolled back to an older one: " + certificateText(c.After.(diff.Certificate))
	case diff.CertificateAlternating:
		return fmt.Sprintf("%d certificates take turns, now %s", c.Details.(diff.SetDetails).Count, certificateText(c.After.(diff.Certificate)))
	case diff.CertificateSettled:
		return "certificate settled: " + certificateText(c.After.(diff.Certificate))
	case diff.CertificateUnstable:
		return fmt.Sprintf("%d certificates in 30 days, now %s", c.Details.(diff.SetDetails).Count, certificateText(c.After.(diff.Certificate)))
	case diff.CertificateExpiring, diff.CertificateExpired, diff.CertificateNotYetValid:
		return timer(c)
	case diff.FlapStarted:
		return flappers(c.After.(diff.Flapping), c.Before.(diff.Flapping)) + " changes to and fro"
	case diff.FlapEnded:
		return flappers(c.Before.(diff.Flapping), c.After.(diff.Flapping)) + " no longer changes to and fro"
	case diff.HostTarpitSuspected, diff.HostTarpitChanged:
		return groupsText(c.After.(diff.Groups))
	case diff.HostTarpitCleared:
		return "no longer has many ports that answer alike"
	case diff.HostExposed:
		return "exposed: first open port"
	case diff.HostUnexposed:
		return "no longer exposed: last open port is gone"
	}
	return string(c.Type)
}

// flappers names the facets of one list that the other lacks.
func flappers(of, without diff.Flapping) string {
	var out []string
	for _, f := range of.Facets {
		if !slices.Contains(without.Facets, f) {
			out = append(out, string(f))
		}
	}
	return strings.Join(out, ", ")
}

// groupsText counts the ports that answer alike and names the first ranges.
func groupsText(g diff.Groups) string {
	count := 0
	var ranges []string
	for _, group := range g.Groups {
		count += group.Count
		for _, r := range group.Ranges[:min(3, len(group.Ranges))] {
			ranges = append(ranges, fmt.Sprintf("%s %d-%d", group.Protocol, r.First, r.Last))
		}
	}
	return fmt.Sprintf("%d ports answer alike: %s", count, strings.Join(ranges, ", "))
}

// summary says what a port that opened offers.
func summary(p *diff.Port) string {
	var parts []string
	for _, s := range p.Services {
		parts = append(parts, serviceText(s))
	}
	if len(parts) == 0 {
		for _, set := range p.Banners {
			if name := strings.TrimPrefix(product(set), ": "); name != "" {
				parts = append(parts, name)
			} else {
				parts = append(parts, set.Protocol)
			}
		}
	}
	if p.Certificate != nil {
		parts = append(parts, "certificate "+certificateText(*p.Certificate))
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

func serviceText(s diff.Service) string {
	if len(s.Versions) == 0 {
		return text(s.Name)
	}
	return text(s.Name) + " " + text(strings.Join(s.Versions, ", "))
}

func product(set diff.BannerSet) string {
	for _, f := range set.Forms {
		if f.Product != "" {
			return ": " + strings.TrimSpace(text(f.Product)+" "+text(f.Version))
		}
	}
	return ""
}

// facts names the first facts that changed.
func facts(d diff.BannerDetails) string {
	var parts []string
	for _, f := range d.Facts[:min(3, len(d.Facts))] {
		switch {
		case f.Before == nil:
			parts = append(parts, text(f.Path)+" added: "+text(*f.After))
		case f.After == nil:
			parts = append(parts, text(f.Path)+" gone, was "+text(*f.Before))
		default:
			parts = append(parts, text(f.Path)+" "+text(*f.Before)+" to "+text(*f.After))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, "; ")
}

// certificateText is the name people know a certificate by.
func certificateText(c diff.Certificate) string {
	for part := range strings.SplitSeq(c.Subject, ",") {
		if name, ok := strings.CutPrefix(part, "CN="); ok {
			return text(name)
		}
	}
	if len(c.Names) > 0 {
		return text(c.Names[0])
	}
	return text(c.SHA1)
}

// timer says what the dates of a certificate have brought.
func timer(c *diff.Change) string {
	after := c.After.(diff.Certificate)
	const date = "2006-01-02 15:04 MST"
	switch c.Type {
	case diff.CertificateExpired:
		return "certificate expired at " + after.NotAfter.UTC().Format(date) + ": " + certificateText(after)
	case diff.CertificateNotYetValid:
		return "certificate is valid only from " + after.NotBefore.UTC().Format(date) + ": " + certificateText(after)
	}
	within := "a day"
	if days := c.Details.(diff.TimerDetails).Days; days != 1 {
		within = fmt.Sprint(days, " days")
	}
	return "certificate expires within " + within + ", at " + after.NotAfter.UTC().Format(date) + ": " + certificateText(after)
}

func orUnknown(version string) string {
	if version == "" {
		return "unknown"
	}
	return text(version)
}

// text bounds and escapes one piece of outside text.
func text(s string) string {
	const limit = 60
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "..."
	}
	return hostport.EscapeText(s)
}

// cutMessage keeps a message within its bound.
func cutMessage(s string) string {
	if utf8.RuneCountInString(s) <= limits.MessageRunes.Max {
		return s
	}
	limits.MessageRunes.Hit()
	runes := []rune(s)
	return string(runes[:limits.MessageRunes.Max-3]) + "..."
}
