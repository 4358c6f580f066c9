package nmapxml

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
)

// ErrNoAddress is a host without an address of the internet protocol that has a
// meaning outside its own machine.
var ErrNoAddress = errors.New("a host without an internet address")

// Address is the address of a host's text: its first of the internet protocol. The
// text after it is not looked at.
func (r *Reader) Address(text []byte) (hostport.Host, error) {
	c := &r.cursor
	c.begin(text)
	for {
		k, err := c.next()
		switch {
		case err != nil:
			return "", fmt.Errorf("a host: %w", err)
		case k == end || k == startTag && c.is("ports"):
			return "", ErrNoAddress
		case k == startTag && c.is("address"):
			if host, ok := address(c); ok {
				return host, nil
			}
		}
	}
}

func address(c *cursor) (hostport.Host, bool) {
	if string(c.raw("addrtype")) == "mac" {
		return "", false
	}
	text, err := c.get("addr")
	if err != nil {
		return "", false
	}
	host, err := hostport.ParseHost(text)
	return host, err == nil && host.IsAddr()
}

// host is what a host's text says, its ports still as text.
type host struct {
	cursor  cursor
	address hostport.Host
	down    bool
	at      time.Time
	extra   []extraPorts
	ports   []portText
	// Its ports were not asked to the end, or not at all.
	timedOut, portless bool
	begun              bool
}

// portText is one port element.
type portText struct {
	portHead
	text []byte
}

// extraPorts is a group that is counted and not listed ("Not shown"), as it stands.
type extraPorts struct {
	state, count []byte
	reasons      []extraReason
}

type extraReason struct{ protocol, ports []byte }

// parse walks a host's text; the host may be used again and keeps the room it has. Every port is looked at as far as its key and
// status and, unless one with the same text has been, to its end.
func (h *host) parse(text []byte, seen *memo) error {
	c := &h.cursor
	c.begin(text)
	*h = host{cursor: *c, portless: true, extra: h.extra[:0], ports: h.ports[:0]}
	for {
		k, err := c.next()
		switch {
		case err != nil:
			return h.fault(err)
		case k == end:
			return nil
		case k == startTag:
			if err := h.element(c, seen); err != nil {
				return h.fault(err)
			}
		}
	}
}

func (h *host) element(c *cursor, seen *memo) error {
	switch depth := c.depth(); {
	case depth == 1 && h.begun:
		return errXML
	case depth == 1:
		h.begun = true
		if h.at = unixTime(string(c.raw("endtime"))); h.at.IsZero() {
			h.at = unixTime(string(c.raw("starttime")))
		}
		h.timedOut = string(c.raw("timedout")) == "true"
	case depth == 2 && c.is("status"):
		h.down = string(c.raw("state")) == "down"
	case depth == 2 && c.is("address") && h.address == "":
		h.address, _ = address(c)
	case depth == 2 && c.is("ports"):
		h.portless = false
	case depth == 3 && c.is("extraports"):
		h.extra = append(h.extra, extraPorts{state: c.raw("state"), count: c.raw("count")})
	case depth == 4 && c.is("extrareasons") && len(h.extra) > 0:
		e := &h.extra[len(h.extra)-1]
		e.reasons = append(e.reasons, extraReason{c.raw("proto"), c.raw("ports")})
	case depth == 3 && c.is("port"):
		return h.port(c, seen)
	}
	return nil
}

// port takes the port element whose start tag was last met, as a piece of text.
func (h *host) port(c *cursor, seen *memo) error {
	n := len(c.tag) - len(c.rest)
	if !c.empty {
		c.open = c.open[:len(c.open)-1]
		// nmap ends a port with its line. Such a line that is known is one port.
		if i := bytes.IndexByte(c.tag, '\n'); i > 0 {
			if head, known := seen.heads[string(c.tag[:i])]; known {
				h.ports = append(h.ports, portText{head, c.tag[:i:i]})
				c.rest = c.tag[i:]
				return nil
			}
		}
		i := bytes.Index(c.tag, []byte(portEnd))
		if i < 0 {
			return errXML
		}
		// That nothing else ends in between is seen when the text is walked.
		n = i + len(portEnd)
	}
	text := c.tag[:n:n]
	c.rest = c.tag[n:]
	head, err := seen.head(text)
	h.ports = append(h.ports, portText{head, text})
	return err
}

const portEnd = "</port>"

func (h *host) fault(err error) error {
	if h.address == "" {
		return fmt.Errorf("a host: %w", err)
	}
	return fmt.Errorf("host %s: %w", h.address, err)
}

// groups are the ports that are not listed. A group that does not name all its
// ports, as old versions of nmap did not, leaves open which they are.
func (h *host) groups() []hostport.Group {
	out := make([]hostport.Group, 0, len(h.extra))
	for _, e := range h.extra {
		named := hostport.Coverage{}
		for _, r := range e.reasons {
			if ranges, ok := parseRanges(string(r.ports)); ok {
				named = named.Union(hostport.Coverage{strings.ToLower(string(r.protocol)): ranges})
			}
		}
		g := hostport.Group{Ports: named}
		if count, err := strconv.Atoi(string(e.count)); err != nil || named.Len() != count {
			g.Ports = nil
		}
		if state, err := unescape(e.state); err == nil {
			g.Status = hostport.ParseStatus(state)
		}
		out = append(out, g)
	}
	return out
}
