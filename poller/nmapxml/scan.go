package nmapxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// Scan is what a file says of a scan as a whole.
type Scan struct {
	Start    time.Time         // zero where the file does not say
	Coverage hostport.Coverage // the ports asked of every host that was up; never nil
	// Finished: the scan came to its end. A file without that word holds only the
	// hosts that were done, and proves no absence.
	Finished bool
	// Certificates: a script that shows certificates was asked for.
	Certificates bool
}

var (
	errNotNmap  = errors.New("XML, but no scan of nmap's: its root is not nmaprun")
	errEmpty    = errors.New("the file is empty")
	errSubset   = errors.New("a document type of its own, which no scan of nmap's has")
	errMisplace = errors.New("a host that does not lie in nmaprun")
)

// parseOutline reads a file from which the hosts have been cut.
func parseOutline(text []byte, hosts int) (*Scan, error) {
	s := &Scan{Coverage: hostport.Coverage{}}
	d := xml.NewDecoder(bytes.NewReader(text))
	depth, rooted := 0, false
	for {
		read := d.InputOffset()
		token, err := d.Token()
		if err == io.EOF && rooted {
			break
		}
		if err == io.EOF {
			return nil, errEmpty
		}
		if err != nil {
			if depth == 1 && bytes.IndexByte(text[read:], '<') < 0 {
				break // a scan that was interrupted: nothing is half there
			}
			return nil, fmt.Errorf("%w, near byte %d of what is around the hosts", errXML, d.InputOffset())
		}
		switch t := token.(type) {
		case xml.Directive:
			if bytes.IndexByte(t, '[') >= 0 {
				return nil, errSubset
			}
		case xml.EndElement:
			depth--
		case xml.StartElement:
			switch {
			case depth == 0 && (rooted || t.Name.Local != "nmaprun"):
				return nil, errNotNmap
			case t.Name.Local == "host":
				if hosts--; depth != 1 {
					return nil, errMisplace
				}
			case depth >= limits.XMLDepth.Max:
				limits.XMLDepth.Hit()
				return nil, errDepth
			}
			rooted = true
			s.element(depth, t)
			depth++
		}
	}
	if hosts != 0 {
		return nil, errMisplace // some stood within a comment
	}
	return s, nil
}

func (s *Scan) element(depth int, t xml.StartElement) {
	get := func(name string) string {
		for _, a := range t.Attr {
			if a.Name.Local == name {
				return a.Value
			}
		}
		return ""
	}
	switch {
	case depth == 0:
		s.Start = unixTime(get("start"))
		s.Certificates = showsCertificates(get("args"))
	case depth == 1 && t.Name.Local == "scaninfo":
		// What cannot be read covers nothing.
		if ranges, ok := parseRanges(get("services")); ok {
			protocol := strings.ToLower(get("protocol"))
			s.Coverage = s.Coverage.Union(hostport.Coverage{protocol: ranges})
		}
	case depth == 2 && t.Name.Local == "finished":
		s.Finished = get("exit") == "" || get("exit") == "success" // old versions have no word for it
	}
}

// showsCertificates says whether a command line asks for the script ssl-cert, by its
// name or by one of the categories it is in.
func showsCertificates(args string) bool {
	fields := strings.Fields(args)
	for i, f := range fields {
		names, _ := strings.CutPrefix(f, "--script")
		switch {
		case f == "-A", f == "-sC":
			return true
		case names == f:
			continue
		case names == "" && i+1 < len(fields):
			names = fields[i+1]
		}
		for name := range strings.FieldsFuncSeq(names, func(r rune) bool { return strings.ContainsRune(`=,"'()`, r) }) {
			switch strings.TrimPrefix(name, "+") {
			case "ssl-cert", "ssl-*", "ssl*", "default", "safe", "discovery", "all", "*":
				return true
			}
		}
	}
	return false
}

// parseRanges reads 1-1000,3306.
func parseRanges(s string) ([]hostport.PortRange, bool) {
	var out []hostport.PortRange
	for part := range strings.SplitSeq(s, ",") {
		first, last, both := strings.Cut(part, "-")
		if !both {
			last = first
		}
		a, errA := strconv.ParseUint(first, 10, 16)
		b, errB := strconv.ParseUint(last, 10, 16)
		if errA != nil || errB != nil || a > b {
			return nil, false
		}
		out = append(out, hostport.PortRange{First: uint16(a), Last: uint16(b)})
	}
	return hostport.Ranges(out), true
}

// unixTime is zero where s is no number of seconds within the years a time of ours
// can have.
func unixTime(s string) time.Time {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || n > 253402300799 { // the end of the year 9999
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}
