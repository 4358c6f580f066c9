package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/poller"
	"github.com/portdelta/portdelta/schemas"
)

func (e *env) explainHostCommand() *cobra.Command {
	var f heldFlags
	cmd := &cobra.Command{
		Use:   "host HOST [PORT]",
		Short: "Say what is known of a host, what is told of it, and what is held back and why",
		Long: `Say what is held of a host, or in detail of one port of it: what was seen, what
readers have been told, for which reason told lags behind and what ends that, and
what was seen and not told. PORT is a number and a protocol, as 443/tcp or tcp/443.

A running instance answers on the socket in its store's folder; the store of a
stopped one is opened read-only. Exit code 1 if nothing is held of the host.`,
		Example: `  portdelta explain host 203.0.113.7 --config portdelta.yaml
  portdelta explain host 203.0.113.7 443/tcp --store data --output json`,
		Args: func(cmd *cobra.Command, list []string) error {
			if len(list) < 1 || len(list) > 2 {
				return usage(withTry(cmd, fmt.Errorf("%s needs a host, and may have a port such as 443/tcp", cmd.CommandPath())))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, list []string) error { return e.explainHost(cmd.Context(), f, list) },
	}
	f.add(cmd)
	return cmd
}

func (e *env) explainHost(ctx context.Context, f heldFlags, list []string) (err error) {
	hosts, err := poller.ParseTarget(list[0])
	if err == nil && len(hosts) != 1 {
		err = fmt.Errorf("host %q: one address or name", list[0])
	}
	if err != nil {
		return usage(err)
	}
	var key *hostport.PortKey
	if len(list) == 2 {
		k, err := hostport.ParsePortKey(list[1])
		if err != nil {
			return usage(err)
		}
		key = &k
	}
	h, err := f.named()
	if err == nil {
		err = h.open(ctx)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	x, err := h.explainHost(ctx, hosts[0], key)
	if err != nil {
		return err
	}
	if e.output == "json" {
		return e.printer().value(x)
	}
	return e.writeExplanation(x, key != nil)
}

// writeExplanation prints for people: the head, the ports (or one in both layers),
// what is pending, what was suppressed.
func (e *env) writeExplanation(x *detect.Explanation, one bool) error {
	color := coloured(e.Out)
	writeHead(e.Out, x)
	ports := &table{color: color}
	if one {
		portLayers(ports, &x.Ports[0])
	} else if len(x.Ports) > 0 {
		ports.head("PORT", "TOLD", "LAST EVIDENCE", "WHAT IS TOLD")
		for i := range x.Ports {
			portRow(ports, &x.Ports[i])
		}
	}
	if err := ports.write(e.Out); err != nil {
		return err
	}
	if n := x.PortsHeld - len(x.Ports); n > 0 && !one {
		fmt.Fprintf(e.Out, "and %d more; name one to see it\n", n)
	}
	if len(x.Pending) > 0 {
		fmt.Fprintln(e.Out, "\nheld back, and what ends it")
		holds := &table{color: color, indent: "  "}
		holds.head("PORT", "WHAT", "RULE", "SO FAR", "SINCE", "BY TIME AT")
		for i := range x.Pending {
			holdRow(holds, &x.Pending[i])
		}
		if err := holds.write(e.Out); err != nil {
			return err
		}
		for _, line := range endings(x.Pending) {
			fmt.Fprintln(e.Out, "  "+line)
		}
	}
	if len(x.Suppressed) > 0 {
		fmt.Fprintln(e.Out, "\nseen and not told, on all ports")
		sums := &table{color: color, indent: "  "}
		sums.head("RULE", "TIMES", "LAST", "WHY")
		for _, s := range x.Suppressed {
			sums.row(cell{text: escaped(s.Rule)}, cell{text: fmt.Sprint(s.Count)}, cell{text: moment(s.Last)}, cell{escaped(s.Why), dim})
		}
		return sums.write(e.Out)
	}
	return nil
}

func writeHead(w interface{ Write([]byte) (int, error) }, x *detect.Explanation) {
	baseline := "none yet"
	if x.Baseline != nil {
		baseline = *x.Baseline
	}
	exposed := "not exposed"
	if x.Exposed {
		exposed = "exposed"
	}
	fmt.Fprintf(w, "%s  %s, %d ports held, baseline %s\n", escaped(x.Host), exposed, x.PortsHeld, escaped(baseline))
	fmt.Fprintf(w, "epoch %d, revision %d, seq %d; looked at %s, newest evidence %s\n", x.Epoch, x.Revision, x.Seq, moment(x.LookedAt), moment(x.Evidence))
	if u := x.Unknown; u != nil {
		fmt.Fprintf(w, "the source has answered \"unknown host\" %d times, since %s\n", u.Answers, moment(u.Since))
	}
	if u := x.Unreachable; u != nil {
		fmt.Fprintf(w, "told unreachable: %d looks failed in a row, since %s (%s)\n", u.Failures, moment(u.Since), escaped(u.Class))
	}
	if b := x.Blind; b != nil {
		fmt.Fprintf(w, "told blind since %s: %s\n", moment(b.Since), escaped(b.Reason))
	}
	for _, g := range x.Groups {
		fmt.Fprintf(w, "told as one group: %d %s ports that answer alike, %s\n", g.Count, escaped(g.Protocol), ranges(g.Ranges))
	}
	fmt.Fprintln(w)
}

// ranges shows the first of a group's ranges of ports.
func ranges(list [][2]int) string {
	const shown = 8
	var parts []string
	for _, r := range list[:min(len(list), shown)] {
		if r[0] == r[1] {
			parts = append(parts, fmt.Sprint(r[0]))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", r[0], r[1]))
		}
	}
	if more := len(list) - shown; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more ranges", more))
	}
	return strings.Join(parts, ", ")
}

func portRow(t *table, p *detect.ExplainedPort) {
	status, what := "(not told)", ""
	if p.Told != nil {
		status, what = p.Told.Status, facets(p.Told)
	}
	t.row(cell{text: portName(&p.Port)}, cell{clipped(escaped(status), 16), statusColor(p.Told)}, cell{text: moment(p.Seen.Evidence)}, cell{text: what})
}

func portName(p *schemas.PortRef) string { return escaped(p.Protocol) + fmt.Sprintf("/%d", p.Number) }

// statusColor marks what stands open.
func statusColor(p *schemas.Port) string {
	if p != nil && p.Status == schemas.StatusOpen {
		return severityColors[schemas.Medium]
	}
	return dim
}

// facets names services and certificate of a told port in a line.
func facets(p *schemas.Port) string {
	var parts []string
	for _, s := range p.Services {
		parts = append(parts, strings.TrimSpace(s.Name+" "+strings.Join(s.Versions, ", ")))
	}
	if p.Certificate != nil {
		parts = append(parts, "certificate "+p.Certificate.Subject)
	}
	return clipped(hostport.EscapeText(strings.Join(parts, "; ")), 100)
}

func holdRow(t *table, h *detect.ExplainedHold) {
	port, what, count := "-", "", ""
	if h.Port != nil {
		port = escaped(h.Port.Protocol) + fmt.Sprintf("/%d", h.Port.Number)
	}
	if h.Facet != nil {
		what = *h.Facet
	}
	if h.What != nil {
		what += " " + *h.What
	}
	if h.Of > 0 {
		count = fmt.Sprintf("%d of %d", h.Count, h.Of)
	}
	until := ""
	if h.Until != nil {
		until = moment(h.Until)
	}
	t.row(cell{text: port}, cell{text: clipped(hostport.EscapeText(what), 40)}, cell{escaped(h.Rule), severityColors[schemas.Low]}, cell{text: count},
		cell{text: moment(h.Since)}, cell{text: until})
}

// endings says once for each rule what ends it.
func endings(holds []detect.ExplainedHold) []string {
	var lines []string
	seen := map[string]bool{}
	for _, h := range holds {
		if line := escaped(h.Rule + ": " + h.Ends); !seen[line] {
			seen[line] = true
			lines = append(lines, line)
		}
	}
	return lines
}

// moment shows a time to the second, "-" where it is not known.
func moment(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

// clipped bounds a cell to n characters.
func clipped(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-3]) + "..."
	}
	return s
}
