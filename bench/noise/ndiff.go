package main

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// scans are the answers to the first hosts once more, as nmap would have written
// them: the k-th answer of every host is the k-th scan. A look that failed is a
// host the scan does not hold, as it is with nmap.
type scans struct {
	hosts  int
	folder string

	mu   sync.Mutex // guards what follows
	each []*bytes.Buffer
	at   []map[hostport.Host]time.Time
}

func newScans(o options) (*scans, error) {
	s := &scans{hosts: o.ndiff}
	if o.ndiff == 0 {
		return s, nil
	}
	if _, err := exec.LookPath("ndiff"); err != nil {
		return nil, fmt.Errorf("%w: install Debian's package ndiff, or leave -ndiff out", err)
	}
	var err error
	s.folder, err = os.MkdirTemp("", "noise-")
	return s, err
}

func (s *scans) skip(h *host) { h.looks++ }

func (s *scans) take(h *host, snap *hostport.Snapshot) {
	k := h.looks
	h.looks++
	if h.index >= s.hosts {
		return
	}
	ports := slices.Clone(snap.Ports)
	slices.SortFunc(ports, func(a, b hostport.Port) int { return a.PortKey.Compare(b.PortKey) })
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.each) <= k {
		s.each, s.at = append(s.each, &bytes.Buffer{}), append(s.at, map[hostport.Host]time.Time{})
	}
	s.at[k][h.name] = snap.At
	b := s.each[k]
	fmt.Fprintf(b, "<host><status state=\"up\" reason=\"syn-ack\" reason_ttl=\"0\"/><address addr=\"%s\" addrtype=\"ipv4\"/><ports>\n", h.name)
	for _, p := range ports {
		fmt.Fprintf(b, "<port protocol=\"%s\" portid=\"%d\"><state state=\"%s\" reason=\"syn-ack\" reason_ttl=\"0\"/>", p.Protocol, p.Number, p.Status)
		if list := strings.Split(services(p), "\n"); p.Status == hostport.Open && list[0] != "" {
			product, version, _ := strings.Cut(list[0], " ")
			fmt.Fprintf(b, "<service name=\"%s\" product=\"%s\" version=\"%s\" method=\"probed\" conf=\"10\"/>", "svc", product, version)
		}
		// One script a port: ndiff cannot read a port that has two (its results have
		// no order, and it sorts them).
		if text := newest(p) + certificate(p); p.Status == hostport.Open && text != "" {
			fmt.Fprintf(b, "<script id=\"banner\" output=\"%s\"/>", attribute(text))
		}
		b.WriteString("</port>\n")
	}
	b.WriteString("</ports></host>\n")
}

// attribute escapes as nmap does: what XML cannot hold becomes \xNN.
func attribute(text string) string {
	var plain strings.Builder
	for _, r := range text {
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' || r > '~' {
			fmt.Fprintf(&plain, "\\x%02X", r)
		} else {
			plain.WriteRune(r)
		}
	}
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(plain.String())) // a Buffer takes everything
	return out.String()
}

// compare gives ndiff each two neighbouring scans and matches what it prints.
func (s *scans) compare(total *score) (err error) {
	if s.hosts == 0 {
		return nil
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.folder)) }()
	f := &figures{}
	total.who["ndiff"] = f
	for k, body := range s.each {
		text := "<?xml version=\"1.0\"?>\n<nmaprun scanner=\"nmap\" version=\"7.93\" args=\"nmap\" start=\"1\" startstr=\"x\" xmloutputversion=\"1.04\">\n" +
			body.String() + "<runstats><finished time=\"1\" timestr=\"x\" elapsed=\"1\" exit=\"success\"/><hosts up=\"1\" down=\"0\" total=\"1\"/></runstats></nmaprun>\n"
		if err := os.WriteFile(s.name(k), []byte(text), 0o600); err != nil {
			return err
		}
		if k == 0 {
			continue
		}
		if err := s.pair(k, total, f); err != nil {
			return err
		}
	}
	for _, h := range total.hosts {
		for _, t := range h.truths {
			if t.optional {
				continue
			}
			f.truths++
			if at := t.told["ndiff"]; !at.IsZero() {
				f.told++
				f.delays = append(f.delays, at.Sub(t.at))
			}
		}
	}
	return nil
}

func (s *scans) name(k int) string { return filepath.Join(s.folder, strconv.Itoa(k)+".xml") }

func (s *scans) pair(k int, total *score, f *figures) error {
	var complaint bytes.Buffer
	cmd := exec.Command("ndiff", "--xml", s.name(k-1), s.name(k))
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if exit := (&exec.ExitError{}); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return fmt.Errorf("ndiff of scans %d and %d: %w: %s", k-1, k, err, complaint.String())
	}
	seen := map[string]bool{}
	return differences(bytes.NewReader(out), func(name hostport.Host, key hostport.PortKey, facet string) {
		id := fmt.Sprint(name, key, facet)
		h := total.hosts[name]
		at, looked := s.at[k][name]
		if !looked { // a host the later scan does not hold
			at = s.at[k-1][name]
		}
		if h == nil || seen[id] {
			return
		}
		seen[id] = true
		f.events++
		fits := func(t *truth) bool {
			return t.facet == facet || facet == "script" && (t.facet == "banner" || t.facet == "certificate")
		}
		if h.find(key, "ndiff", at, fits) == nil {
			f.false_++
		}
		for facet == "script" && h.find(key, "ndiff", at, fits) != nil {
			continue // one text holds banner and certificate: what else is due is told with it
		}
	})
}

// differences walks ndiff's XML: what stands between <a> or <b> differs.
func differences(r io.Reader, tell func(hostport.Host, hostport.PortKey, string)) error {
	var path []string
	var name hostport.Host
	var key hostport.PortKey
	d := xml.NewDecoder(bufio.NewReader(r))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("ndiff's output: %w", err)
		}
		switch e := token.(type) {
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.StartElement:
			attr := map[string]string{}
			for _, a := range e.Attr {
				attr[a.Name.Local] = a.Value
			}
			differs := slices.Contains(path, "a") || slices.Contains(path, "b")
			path = append(path, e.Name.Local)
			switch e.Name.Local {
			case "address":
				name = hostport.Host(attr["addr"])
			case "port":
				n, _ := strconv.ParseUint(attr["portid"], 10, 16) // of our own making
				key = hostport.PortKey{Protocol: attr["protocol"], Number: uint16(n)}
				if differs {
					tell(name, key, "status")
				}
			case "state", "service", "script":
				inPort := slices.Index(path, "port")
				if !differs || inPort < 0 || !slices.ContainsFunc(path[inPort:], func(s string) bool { return s == "a" || s == "b" }) {
					continue
				}
				facet := map[string]string{"state": "status", "service": "service", "script": "script"}[e.Name.Local]
				tell(name, key, facet)
			}
		}
	}
}
