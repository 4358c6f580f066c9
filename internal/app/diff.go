package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portdelta/portdelta/internal/compare"
	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/poller/snapshotfile"
)

// diffFlags are what `portdelta diff` is told.
type diffFlags struct{ host, temp string }

func (e *env) diffCommand() *cobra.Command {
	var f diffFlags
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Tell what differs between two files of snapshots",
		Long: `Tell what differs between two files of snapshots: snapshot lines as "poll --output
json" prints and "run --record" keeps them, answers of Graph as they came, or scans
of nmap's (-oX). Each is told by its content, also where it is compressed with gzip
or zstd; - is standard input. The order of the arguments is the order of evidence.

Exit codes: 0 nothing differs; 1 something does; 2 a file could not be read.`,
		Example: `  nmap -sV --script ssl-cert -oX monday.xml 198.51.100.0/28
  portdelta diff monday.xml tuesday.xml
  portdelta poll 203.0.113.7 --config portdelta.yaml --output json | portdelta diff yesterday.jsonl.gz -
  portdelta diff --host 203.0.113.7 old.json new.json --output json`,
		Args: func(cmd *cobra.Command, list []string) error {
			if len(list) != 2 {
				return usage(withTry(cmd, errors.New("portdelta diff needs two files, OLD and NEW")))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, list []string) error { return e.diff(cmd.Context(), f, list[0], list[1]) },
	}
	cmd.Flags().StringVar(&f.host, "host", "", "whose records those of Graph are that name no host")
	cmd.Flags().StringVar(&f.temp, "tmp", "", "folder for what memory does not hold (default: the system's)")
	folder(cmd, "tmp")
	return cmd
}

func (e *env) diff(ctx context.Context, f diffFlags, old, now string) error {
	opt := compare.Options{Temp: f.temp}
	if f.host != "" {
		host, err := hostport.ParseHost(f.host)
		if err != nil {
			return usage(fmt.Errorf("--host: %w", err))
		}
		opt.Host = host
	}
	if f.temp != "" {
		if at, err := os.Stat(f.temp); err != nil || !at.IsDir() {
			return usage(fmt.Errorf("--tmp %s: not a folder", f.temp))
		}
	}
	if old == "-" && now == "-" {
		return usage(errors.New("standard input can be one of the two files, not both"))
	}
	before, err := e.open(old)
	if err != nil {
		return usage(err)
	}
	defer before.Close()
	after, err := e.open(now)
	if err != nil {
		return usage(err)
	}
	defer after.Close()

	// What is read is walked once and let go of: collecting half as often costs little
	// memory and saves a tenth of the time.
	defer debug.SetGCPercent(debug.SetGCPercent(200))
	out := bufio.NewWriterSize(e.Out, 64<<10)
	p := e.printer()
	p.w = out
	opt.Tell = p.host
	sum, err := compare.Files(ctx, compare.File{Name: old, Reader: before}, compare.File{Name: now, Reader: after}, opt)
	if flushed := out.Flush(); flushed != nil {
		return flushed
	}
	if errors.Is(err, snapshotfile.ErrNoHost) {
		err = fmt.Errorf("%w\ntry: --host ADDRESS", err)
	}
	if err != nil {
		return usage(err) // any error of this command is 2: 1 means that the files differ
	}
	if err := e.diffSummary(&sum, now); err != nil {
		return err
	}
	if sum.Different() {
		return errNo
	}
	return nil
}

// open opens a file, or standard input.
func (e *env) open(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(e.In), nil
	}
	f, err := os.Open(name)
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("%s: %w", name, path.Err)
	}
	return f, err
}

// host prints what differs in one host.
func (p *printer) host(told *compare.Told) error {
	if p.json {
		events, err := told.Events()
		if err != nil {
			return err
		}
		for _, ev := range events {
			line, err := ev.Encode()
			if err != nil {
				return err
			}
			if err := p.raw(line); err != nil {
				return err
			}
		}
		return nil
	}
	begin, end := "", ""
	if p.color {
		begin, end = "\x1b[1m", "\x1b[0m"
	}
	host := escaped(string(told.Host))
	if _, err := fmt.Fprintf(p.w, "%s%s%s\n", begin, host, end); err != nil {
		return err
	}
	for i := range told.Changes {
		c := &told.Changes[i]
		port, severity := "-", detect.SeverityOf(c)
		if c.Told != nil {
			port = escaped(c.Key.String())
		}
		what := strings.TrimPrefix(strings.TrimPrefix(escaped(detect.Message(told.Host, c)), host+" "), port+" ")
		if c.Tentative {
			what += " (tentative)"
		}
		if p.color {
			begin = "\x1b[" + severityColors[severity] + "m"
		}
		if _, err := fmt.Fprintf(p.w, "  %s%-8s%s %-10s %-23s %s\n", begin, severity, end, port, c.Type, what); err != nil {
			return err
		}
	}
	return nil
}

// diffSummary says on standard error what was compared and what could not be: as one
// object with --output json, else in words.
func (e *env) diffSummary(s *compare.Summary, now string) error {
	if e.output == "json" {
		p := &printer{w: e.Err}
		return p.value(s)
	}
	for _, file := range s.Unfinished {
		fmt.Fprintf(e.Err, "%s: the scan did not come to its end: what it does not list proves nothing\n", escaped(file))
	}
	for _, l := range []struct {
		hosts []string
		what  string
	}{{s.NotLooked, "not looked at"}, {s.Down, "down"}, {s.Unknown, "not known to the source"}} {
		for _, host := range l.hosts {
			fmt.Fprintf(e.Err, "%s: %s in %s\n", escaped(host), l.what, escaped(now))
		}
	}
	if s.Unproven > 0 {
		fmt.Fprintf(e.Err, "%d open ports are not listed in %s, which proves nothing about them\n", s.Unproven, escaped(now))
	}
	if s.Unread > 0 {
		fmt.Fprintf(e.Err, "%d ports have another certificate, of which only the id is known\n", s.Unread)
	}
	if s.Addressless > 0 {
		fmt.Fprintf(e.Err, "%d hosts without an internet address were left out\n", s.Addressless)
	}
	differences := 0
	for _, n := range s.Events {
		differences += n
	}
	_, err := fmt.Fprintf(e.Err, "%d hosts compared, %d differences\n", s.Hosts, differences)
	return err
}
