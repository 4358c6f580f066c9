package hostport

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Host is a watched host in canonical text: a dotted IPv4 address, an IPv6
// address as in RFC 5952, or a lower-case ASCII DNS name. Make one with ParseHost.
type Host string

// ErrHost is what every refusal of ParseHost wraps.
var ErrHost = errors.New("not a host")

// ParseHost returns the canonical form of s: IPv4-mapped IPv6 addresses are
// unfolded, zones refused (RFC 4007: they mean nothing off their own machine),
// names lower-cased without the trailing dot. Names must be ASCII: callers turn
// U-labels into A-labels first. The error wraps ErrHost.
func ParseHost(s string) (Host, error) {
	if addr, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		if addr.Zone() != "" {
			return "", fmt.Errorf("%w: %q has a zone, which means nothing outside its own machine", ErrHost, s)
		}
		return Host(addr.Unmap().String()), nil
	}
	name := strings.ToLower(strings.TrimSuffix(s, "."))
	if err := checkName(name); err != nil {
		return "", fmt.Errorf("%w: %q %s", ErrHost, clip(s), err)
	}
	return Host(name), nil
}

// IsAddr says whether the host is an IP address rather than a name.
func (h Host) IsAddr() bool {
	_, err := netip.ParseAddr(string(h))
	return err == nil
}

// checkName applies the limits of RFC 1035 section 2.3.4 and the letters of
// RFC 1123 section 2.1, with the underscore that service labels use.
func checkName(name string) error {
	if name == "" {
		return errors.New("is empty")
	}
	if len(name) > 253 {
		return errors.New("is longer than 253 characters")
	}
	digitsOnly := true
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return errors.New("has an empty label or one of more than 63 characters")
		}
		if label[0] == '-' || label[len(label)-1] == '-' {
			return errors.New("has a label that begins or ends with a hyphen")
		}
		digitsOnly = true
		for _, c := range []byte(label) {
			switch {
			case c >= '0' && c <= '9':
			case c >= 'a' && c <= 'z', c == '-', c == '_':
				digitsOnly = false
			default:
				return errors.New("has a character that no DNS name has")
			}
		}
	}
	// A name whose last label is a number is a mistyped address (RFC 3696 section 2).
	if digitsOnly {
		return errors.New("looks like an address but is none")
	}
	return nil
}

// clip bounds text that goes into an error (P11).
func clip(s string) string {
	const limit = 80
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "..."
}
