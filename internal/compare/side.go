package compare

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/spool"
	"github.com/portdelta/portdelta/poller/nmapxml"
	"github.com/portdelta/portdelta/poller/snapshotfile"
)

// side is one of the two files, by host.
type side struct {
	name  string
	spool *spool.Spool
	scan  *nmapxml.Scan // nil for a file of JSON
	at    time.Time     // of the newest look in it; zero where none has a time
	// addressless counts the hosts that could not be told from others.
	addressless int
}

// read sorts a file. Looks are kept as nmap's text of a host, or as snapshot lines.
func (s *side) read(ctx context.Context, file io.Reader, host hostport.Host) error {
	plain, err := snapshotfile.Decompress(file)
	if err == nil {
		var first byte
		if first, err = firstByte(plain); first == '<' {
			err = s.readScan(ctx, plain)
		} else if err == nil {
			err = s.readSnapshots(ctx, plain, host)
		}
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return err
}

// firstByte looks at the first byte that is no white space; 0 at the end.
func firstByte(r *bufio.Reader) (byte, error) {
	for {
		b, err := r.ReadByte()
		switch {
		case err == io.EOF:
			return 0, nil
		case err != nil:
			return 0, err
		case b != ' ' && b != '\n' && b != '\r' && b != '\t':
			return b, r.UnreadByte()
		}
	}
}

func (s *side) readScan(ctx context.Context, plain io.Reader) error {
	r := nmapxml.NewReader(plain)
	for ctx.Err() == nil {
		text, err := r.Next()
		if err == io.EOF {
			s.scan, s.at = r.Scan(), r.Scan().Start
			return nil
		}
		if err != nil {
			return err
		}
		host, err := r.Address(text)
		if errors.Is(err, nmapxml.ErrNoAddress) {
			s.addressless++
			continue
		}
		if err != nil {
			return err
		}
		if err := s.spool.Add(keyOf(host), text); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s *side) readSnapshots(ctx context.Context, plain io.Reader, host hostport.Host) error {
	r, err := snapshotfile.NewReader(plain)
	if err != nil {
		return err
	}
	r.Host = host
	var line []byte
	for ctx.Err() == nil {
		look, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if look.Paging.Unreadable > 0 {
			look.Proof = hostport.Unproven // a record that cannot be read may be of any port
		}
		if look.At.After(s.at) {
			s.at = look.At
		}
		if line, err = snapshotfile.Append(line[:0], &look); err != nil {
			return err
		}
		if err := s.spool.Add(keyOf(look.Host), line); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// snapshot makes one look of all that the file holds of a host.
func (s *side) snapshot(looks [][]byte) (*hostport.Snapshot, error) {
	list := make([]*hostport.Snapshot, len(looks))
	for i, text := range looks {
		var err error
		if s.scan != nil {
			list[i], err = s.scan.Snapshot(text)
		} else {
			var look hostport.Snapshot
			look, err = snapshotfile.Parse(text)
			list[i] = &look
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return diff.Merge(list), nil
}

// keyOf orders addresses by number, IPv4 first, and names after them.
func keyOf(host hostport.Host) []byte {
	addr, err := netip.ParseAddr(string(host))
	switch {
	case err != nil:
		return append([]byte{6}, host...)
	case addr.Is4():
		return append([]byte{4}, addr.AsSlice()...)
	}
	return append([]byte{5}, addr.AsSlice()...)
}

func hostOf(key []byte) hostport.Host {
	if key[0] == 6 {
		return hostport.Host(key[1:])
	}
	addr, _ := netip.AddrFromSlice(key[1:])
	return hostport.Host(addr.String())
}
