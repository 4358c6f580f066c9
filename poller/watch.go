package poller

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// List is the watch list: canonical, sorted, each host once.
type List struct {
	Hosts []hostport.Host
	// Duplicates is how many entries named a host that another entry named
	// already, in whatever spelling.
	Duplicates int
}

// ParseTarget reads one entry of a watch list: an IP address, a DNS name (with
// U-labels or A-labels), or a CIDR prefix, which stands for all of its addresses,
// network and broadcast included. A prefix with host bits set is refused, since
// it is more often a slip than a wish. The error wraps hostport.ErrHost.
func ParseTarget(s string) ([]hostport.Host, error) {
	if len(s) > limits.WatchLineBytes.Max {
		limits.WatchLineBytes.Hit()
		return nil, fmt.Errorf("%w: %d bytes are too long for one", hostport.ErrHost, len(s))
	}
	switch s = strings.TrimSpace(s); {
	case strings.Contains(s, "://"):
		return nil, fmt.Errorf("%w: %q is a URL, give its host alone", hostport.ErrHost, clip(s))
	case strings.Contains(s, "/"):
		return parsePrefix(s)
	case strings.ContainsAny(s, " \t,;"):
		return nil, fmt.Errorf("%w: %q, give one host an entry", hostport.ErrHost, clip(s))
	}
	name, err := toASCII(s)
	if err != nil {
		return nil, err
	}
	host, err := hostport.ParseHost(name)
	if err != nil {
		return nil, err
	}
	return []hostport.Host{host}, nil
}

// toASCII turns U-labels into A-labels (RFC 5891). ASCII names are left alone:
// the look-up profile refuses the underscores that service names have.
func toASCII(s string) (string, error) {
	if !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return s, nil
	}
	if !utf8.ValidString(s) {
		// The package reads each bad byte as U+FFFD and accepts that.
		return "", fmt.Errorf("%w: %q is not UTF-8", hostport.ErrHost, clip(s))
	}
	name, err := idna.Lookup.ToASCII(s)
	if err != nil {
		return "", fmt.Errorf("%w: %q is not an internationalised domain name: %w", hostport.ErrHost, clip(s), err)
	}
	return name, nil
}

func parsePrefix(s string) ([]hostport.Host, error) {
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %q is not a CIDR prefix, expected something like 198.51.100.0/28", hostport.ErrHost, clip(s))
	}
	if masked := prefix.Masked(); masked != prefix {
		return nil, fmt.Errorf("%w: %q has bits set beyond its length: did you mean the prefix %s or the host %s?",
			hostport.ErrHost, s, masked, prefix.Addr().Unmap())
	}
	// Compare bit counts first: 1<<128 has no integer to stand in.
	hostBits := prefix.Addr().BitLen() - prefix.Bits()
	if hostBits > 31 || 1<<hostBits > limits.CIDRAddresses.Max {
		limits.CIDRAddresses.Hit()
		return nil, fmt.Errorf("%w: %q holds more than %d addresses: split it and list the parts that matter",
			hostport.ErrHost, s, limits.CIDRAddresses.Max)
	}
	hosts := make([]hostport.Host, 0, 1<<hostBits)
	for addr := prefix.Addr(); addr.IsValid() && prefix.Contains(addr); addr = addr.Next() {
		hosts = append(hosts, hostport.Host(addr.Unmap().String()))
	}
	return hosts, nil
}

// ReadWatchList reads the entries given one by one (watch.hosts of the
// configuration) and those of the host files: one a line, `#` starts a comment,
// blank lines, CR LF and a byte order mark are nothing. The error names every bad
// entry by its place ("hosts.txt:7"), up to limits.WatchErrors of them, and the
// count of the others; the list is then empty. A list without hosts is no error here.
func ReadWatchList(hosts, files []string) (List, error) {
	var b listBuilder
	for i, entry := range hosts {
		b.add(entry, fmt.Sprintf("watch.hosts[%d]", i))
	}
	for _, path := range files {
		b.addFile(path)
	}
	return b.list()
}

// listBuilder keeps a host's text and nothing of the line it came from.
type listBuilder struct {
	hosts    []hostport.Host
	problems []error
	more     int // problems beyond those kept
}

func (b *listBuilder) add(entry, place string) {
	hosts, err := ParseTarget(entry)
	if err != nil {
		b.fault(fmt.Errorf("%s: %w", place, err))
		return
	}
	b.hosts = append(b.hosts, hosts...)
}

func (b *listBuilder) fault(err error) {
	if len(b.problems) < limits.WatchErrors.Max {
		b.problems = append(b.problems, err)
		return
	}
	limits.WatchErrors.Hit()
	b.more++
}

func (b *listBuilder) addFile(path string) {
	f, err := os.Open(path)
	if err != nil {
		// The *PathError says what and which already.
		b.fault(fmt.Errorf("host file: %w", err))
		return
	}
	defer f.Close()
	b.addLines(path, f)
}

func (b *listBuilder) addLines(name string, r io.Reader) {
	lines := bufio.NewReaderSize(r, limits.WatchLineBytes.Max)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		text, long := line, errors.Is(err, bufio.ErrBufferFull)
		if n == 1 {
			if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
				b.fault(fmt.Errorf("%s: is UTF-16, save it as UTF-8", name))
				return
			}
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		text, _, commented := bytes.Cut(text, []byte("#"))
		if text = bytes.TrimSpace(text); long && !commented {
			limits.WatchLineBytes.Hit()
			b.fault(fmt.Errorf("%s:%d: line is longer than %d bytes", name, n, limits.WatchLineBytes.Max))
		} else if len(text) > 0 {
			b.add(string(text), fmt.Sprintf("%s:%d", name, n))
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = lines.ReadSlice('\n')
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			b.fault(fmt.Errorf("%s:%d: %w", name, n, err))
			return
		}
	}
}

func (b *listBuilder) list() (List, error) {
	if b.more > 0 {
		b.problems = append(b.problems, fmt.Errorf("and %d more bad entries", b.more))
	}
	if len(b.problems) > 0 {
		return List{}, errors.Join(b.problems...)
	}
	// Sorting in place finds the duplicates without a map as large as the list.
	slices.Sort(b.hosts)
	unique := slices.Compact(b.hosts)
	return List{Hosts: unique, Duplicates: len(b.hosts) - len(unique)}, nil
}

// clip bounds text that goes into an error (P11).
func clip(s string) string {
	const limit = 80
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "..."
}
