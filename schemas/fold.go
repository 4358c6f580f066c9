package schemas

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// What a fold may find wrong. After each of them the reader starts a new fold
// from the state topic.
var (
	// ErrGap: events between the last one known and this one are missing.
	ErrGap = errors.New("gap in seq")
	// ErrBroken: the event does not continue what the fold holds.
	ErrBroken = errors.New("event does not fit what was told before")
	// ErrRecordsNeeded: the event belongs to an epoch or revision whose state
	// records the fold has not seen.
	ErrRecordsNeeded = errors.New("state records of a newer epoch or revision are needed")
)

// HostFold is a reader's picture of one host, made from state records and the
// change events after them. The law it checks: within one epoch and revision,
// folding a host's events over its baseline gives what the state topic says.
//
// Give it the host's state records first, up to the end of the topic, by Load,
// then the host's change events in order, by Apply; records may keep coming in
// between. It belongs to one goroutine.
type HostFold struct {
	host     string
	started  bool // a record or an event has set epoch and revision
	epoch    int64
	revision int
	seq      uint64 // the last event given
	after    uint64 // the greatest afterSeq of a record of this epoch
	self     HostBody
	selfAt   position
	ports    map[PortKey]*heldPort
}

// heldPort is one port. Until an event has brought the port as a whole, one that
// came from a state record lacks what such records leave out.
type heldPort struct {
	port    Port
	partial bool
	at      position
}

// position is the (epoch, seq) up to which a key has been told.
type position struct {
	epoch int64
	seq   uint64
}

func (p position) before(o position) bool {
	return p.epoch < o.epoch || p.epoch == o.epoch && p.seq < o.seq
}

// NewHostFold is a fold that holds nothing. Without a state record it takes the
// host for one whose baseline was empty, at the epoch of the first event.
func NewHostFold(host string) *HostFold {
	return &HostFold{host: host, ports: map[PortKey]*heldPort{}}
}

// Load takes one record of the state topic: its key, and its value or nil for a
// tombstone. Records older than what the key holds are ignored. A record that
// cannot be read, or of another host, is an error and changes nothing.
func (f *HostFold) Load(key string, value []byte) error {
	host, port, err := splitStateKey(key)
	if err != nil {
		return err
	}
	if host != f.host {
		return fmt.Errorf("state record %q: the fold is of host %q", key, f.host)
	}
	switch {
	case value == nil && port == nil:
		*f = *NewHostFold(f.host)
		return nil
	case value == nil:
		delete(f.ports, *port)
		return nil
	case port == nil:
		s, err := ParseHostState(value)
		if err == nil {
			f.loadHost(s)
		}
		return err
	}
	s, err := ParsePortState(value)
	if err == nil {
		f.loadPort(s)
	}
	return err
}

func (f *HostFold) loadHost(s HostState) {
	at := position{s.Epoch, s.AfterSeq}
	if f.started && (at.before(f.selfAt) || s.Epoch == f.epoch && s.Revision < f.revision) {
		return
	}
	if !f.started || s.Epoch > f.epoch {
		f.seq, f.after = 0, 0
		// A new epoch: what was told in older ones no longer stands.
		for key, held := range f.ports {
			if held.at.epoch < s.Epoch {
				delete(f.ports, key)
			} else {
				f.after = max(f.after, held.at.seq)
			}
		}
	}
	f.started, f.epoch, f.revision = true, s.Epoch, s.Revision
	f.self, f.selfAt = s.HostBody, at
	f.after = max(f.after, s.AfterSeq)
}

func (f *HostFold) loadPort(s PortState) {
	at := position{s.Epoch, s.AfterSeq}
	if at.epoch < f.epoch {
		return
	}
	// Equal positions are read again: an upgrade rewrites a record where it
	// stands (P9).
	if held := f.ports[*s.Port]; held != nil && at.before(held.at) {
		return
	}
	f.ports[*s.Port] = &heldPort{port: s.port(), partial: true, at: at}
	if s.Epoch == f.epoch {
		f.after = max(f.after, s.AfterSeq)
	}
}

// port is the told port as far as its state record knows it.
func (b PortBody) port() Port {
	p := Port{Status: b.Status, Services: b.Services, Flapping: b.Flapping}
	for _, set := range b.Banners {
		s := BannerSet{Protocol: set.Protocol}
		for _, f := range set.Forms {
			s.Forms = append(s.Forms, Form{Digest: f.Digest, Product: f.Product, Version: f.Version})
		}
		p.Banners = append(p.Banners, s)
	}
	if c := b.Certificate; c != nil {
		p.Certificate = &Certificate{SHA1: c.SHA1, NotAfter: c.NotAfter, Validity: c.Validity}
	}
	return p
}

// Apply takes the host's next change event. Events already counted, whether by
// an earlier Apply or by a state record, change nothing: where delivery is at
// least once, a reader gives them as they come. An error wraps ErrGap, ErrBroken
// or ErrRecordsNeeded, and the fold is as before.
func (f *HostFold) Apply(e *Event) error {
	if err := f.apply(e); err != nil {
		return fmt.Errorf("%s: %w", e.name(), err)
	}
	return nil
}

func (f *HostFold) apply(e *Event) error {
	if e.Host != f.host {
		return fmt.Errorf("%w: the fold is of host %q", ErrBroken, f.host)
	}
	if f.started && (e.Epoch < f.epoch || e.Epoch == f.epoch && e.Seq <= f.seq) {
		return nil
	}
	if f.started && e.Epoch > f.epoch {
		return fmt.Errorf("%w: the fold is at epoch %d", ErrRecordsNeeded, f.epoch)
	}
	if last := max(f.seq, f.after); e.Seq > last+1 {
		return fmt.Errorf("%w: %d is the last known", ErrGap, last)
	}
	if f.counts(e) {
		if f.started && e.Revision != f.revision {
			return fmt.Errorf("%w: the fold is at revision %d, the event at %d", ErrRecordsNeeded, f.revision, e.Revision)
		}
		if err := f.move(e); err != nil {
			return err
		}
	}
	if !f.started {
		f.started, f.epoch, f.revision = true, e.Epoch, e.Revision
	}
	f.seq = e.Seq
	return nil
}

// counts is the reader's rule: an event counts for a key if its (epoch, seq) is
// greater than that of the key's own record. A key without a record had none at
// f.after either, so what was told of it up to there is past.
func (f *HostFold) counts(e *Event) bool {
	at := f.selfAt
	if e.Port != nil {
		held := f.ports[e.Port.Key()]
		if held == nil {
			return e.Seq > f.after
		}
		at = held.at
	}
	return at.before(position{e.Epoch, e.Seq})
}

// States returns the bodies of the host's state records, ports by their key on
// the state topic. Vanished ports are left out, and to be left out of what it is
// compared with: a vanished port equals an absent one, since its record is
// deleted after a time. Baseline is as in the last record loaded: no change
// event moves it.
func (f *HostFold) States() (HostBody, map[string]PortBody) {
	out := map[string]PortBody{}
	for key, held := range f.ports {
		if held.port.Status != StatusVanished {
			out[StateKey(f.host, &key)] = BodyOf(held.port)
		}
	}
	return f.self, out
}

func splitStateKey(key string) (host string, port *PortKey, err error) {
	host, rest, ok := strings.Cut(key, "|")
	if !ok {
		return host, nil, nil
	}
	i := strings.LastIndexByte(rest, '|')
	number, err := strconv.ParseUint(rest[i+1:], 10, 16)
	if i < 1 || err != nil {
		return "", nil, fmt.Errorf("%.80q is no key of a state record: expected host|protocol|port", key)
	}
	return host, &PortKey{rest[:i], int(number)}, nil
}
