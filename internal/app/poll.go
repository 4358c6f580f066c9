package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portdelta/portdelta/internal/config"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/poller"
	"github.com/portdelta/portdelta/poller/snapshotfile"
)

// pollFlags are what `portdelta poll` is told.
type pollFlags struct{ file, baseURL, auth string }

func (e *env) pollCommand() *cobra.Command {
	var f pollFlags
	cmd := &cobra.Command{
		Use:   "poll HOST...",
		Short: "Look at hosts once and print their ports",
		Long: `Look at hosts once and print their ports as a table, or as one snapshot a line
with --output json. Nothing is stored or published. Exit code 3 if a host could
not be read; a host the source does not know is no failure.`,
		Example: `  portdelta poll 203.0.113.7 --config portdelta.yaml
  portdelta poll 203.0.113.7 --base-url http://127.0.0.1:8080/v1.0 --auth none --output json`,
		Args: someArgs("at least one host"),
		RunE: func(cmd *cobra.Command, list []string) error { return e.poll(cmd.Context(), f, list) },
	}
	configFlag(cmd, &f.file)
	cmd.Flags().StringVar(&f.baseURL, "base-url", "", "base URL of the API with its version, in place of the configured one")
	cmd.Flags().StringVar(&f.auth, "auth", "", "default, or none for loopback addresses")
	choices(cmd, "auth", authKinds...)
	return cmd
}

// authKinds are the words --auth takes, those of source.graph.auth.kind.
var authKinds = []string{"default", "none"}

func (e *env) poll(ctx context.Context, f pollFlags, list []string) error {
	if f.auth != "" && !slices.Contains(authKinds, f.auth) {
		return usage(fmt.Errorf("--auth %q: use %s", f.auth, strings.Join(authKinds, " or ")))
	}
	cfg := config.Default()
	if f.baseURL == "" || f.file != "" {
		loaded, err := loadConfig(f.file, "--base-url URL")
		if err != nil {
			return err
		}
		cfg = *loaded
	}
	if f.baseURL != "" {
		cfg.Source.Graph.BaseURL = strings.TrimSuffix(f.baseURL, "/")
	}
	if f.auth != "" {
		cfg.Source.Graph.Auth.Kind = f.auth
	}
	var hosts []hostport.Host
	for _, arg := range list {
		some, err := poller.ParseTarget(arg)
		if err != nil {
			return usage(err)
		}
		hosts = append(hosts, some...)
	}
	client, err := newGraph(&cfg, poller.NewBudget(cfg.Schedule.BudgetPerSecond).Wait)
	if err != nil {
		return err
	}
	defer client.Close()
	var failed []error
	for i, host := range hosts {
		snapshot, err := client.Look(ctx, host)
		if err != nil && ctx.Err() != nil {
			failed = append(failed, fmt.Errorf("stopped: %d of %d hosts were not looked at", len(hosts)-i, len(hosts)))
			break
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("host %s: %w", host, err))
			continue
		}
		if e.output == "json" {
			line, err := snapshotfile.Append(nil, &snapshot)
			if err != nil {
				return outside(err)
			}
			if err := e.printer().raw(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
				return err
			}
			continue
		}
		if i > 0 {
			fmt.Fprintln(e.Out)
		}
		if err := e.table(&snapshot); err != nil {
			return err
		}
	}
	err = errors.Join(failed...)
	if look, ok := errors.AsType[*hostport.LookError](err); ok && look.Class == hostport.Unavailable && look.Status == 0 {
		err = fmt.Errorf("%w\ntry: is --base-url (source.graph.base_url) right, and can it be reached from here?", err)
	}
	if err != nil {
		return outside(err)
	}
	return nil
}

// table prints what a look brought, in the words a baseline would tell.
func (e *env) table(s *hostport.Snapshot) error {
	fmt.Fprintf(e.Out, "%s  %d ports, proof %s, %s\n", s.Host, len(s.Ports), s.Proof, s.At.Format(time.RFC3339))
	if s.Result == hostport.Unknown {
		fmt.Fprintln(e.Out, "  the source does not know this host")
		return nil
	}
	ports := slices.Clone(s.Ports)
	slices.SortFunc(ports, func(a, b hostport.Port) int { return a.PortKey.Compare(b.PortKey) })
	if len(ports) > 0 {
		fmt.Fprintf(e.Out, "  %-10s %-10s %-20s %s\n", "PORT", "STATUS", "LAST SCAN", "WHAT")
	}
	for i := range ports {
		p := &ports[i]
		scan := "-"
		if !p.LastScan.IsZero() {
			scan = p.LastScan.UTC().Format("2006-01-02T15:04:05Z")
		}
		status := hostport.EscapeText(string(p.Status))
		if status == "" {
			status = "-"
		}
		line := fmt.Sprintf("  %-10s %-10s %-20s %s", hostport.EscapeText(p.PortKey.String()), status, scan, describe(p))
		fmt.Fprintln(e.Out, strings.TrimRight(line, " "))
	}
	return nil
}

// describe names a port's current services and its certificate.
func describe(p *hostport.Port) string {
	var parts []string
	for _, s := range p.Services {
		if s.IsRecent {
			parts = append(parts, strings.TrimSpace(s.Name+" "+s.Version))
		}
	}
	if c := p.Certificate; c != nil {
		switch {
		case c.Stub():
			parts = append(parts, "certificate "+c.ID)
		default:
			parts = append(parts, "certificate "+c.Subject)
		}
	}
	text := strings.Join(parts, ", ")
	if len(text) > 120 {
		text = strings.ToValidUTF8(text[:120], "") + "..."
	}
	return hostport.EscapeText(text)
}
