package compare

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"time"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/internal/spool"
	"github.com/portdelta/portdelta/poller/nmapxml"
	"github.com/portdelta/portdelta/schemas"
)

// File is one of the two, under the name that errors call it by.
type File struct {
	Name string
	io.Reader
}

// Options are what may be said about a comparison.
type Options struct {
	Host hostport.Host // of records that name none; may be empty
	Temp string        // folder for what memory does not hold; "" is the system's
	// Tell takes what differs in one host; hosts come by address.
	Tell func(*Told) error
}

// Told is what differs in one host, in the order in which it is told.
type Told struct {
	Host    hostport.Host
	Changes []diff.Change
	result  *diff.Result
	now     *hostport.Snapshot
}

// Events are the changes as events. Making them takes longer than finding them.
func (t *Told) Events() ([]*schemas.Event, error) { return detect.Events(source, t.now, t.result) }

// Summary is what was compared, and what could not be.
type Summary struct {
	Hosts  int                  `json:"hosts"` // in both files, or in the second alone
	Events map[schemas.Type]int `json:"events"`
	// NotLooked are the hosts that the second file does not hold; Down those that it
	// got no sign of; Unknown those that its source does not know. Of none of them it
	// says anything about ports.
	NotLooked schemas.List[string] `json:"notLooked"`
	Down      schemas.List[string] `json:"down"`
	Unknown   schemas.List[string] `json:"unknown"`
	// Unproven counts open ports that the second file does not list and proves nothing
	// about; Unread ports whose certificate is another one that is only known by its id.
	Unproven int `json:"unproven"`
	Unread   int `json:"unread"`
	// Addressless counts hosts without an internet address, which are left out.
	Addressless int `json:"addressless"`
	// Unfinished names the files whose scan did not come to its end.
	Unfinished schemas.List[string] `json:"unfinished"`
}

// Different says whether the files differ.
func (s *Summary) Different() bool { return len(s.Events) > 0 || s.Unread > 0 }

// add appends to a list of hosts, as far as it may grow.
func add(l *schemas.List[string], s string) {
	if len(*l) >= limits.DiffHostsListed.Max {
		limits.DiffHostsListed.Hit()
		return
	}
	*l = append(*l, s)
}

// source is the CloudEvents source of what two files tell.
var source = schemas.Source("default", "files")

// Files compares two files, the second of which has the last word. An error means
// that nothing can be said of the whole, though hosts may have been told.
func Files(ctx context.Context, before, now File, opt Options) (sum Summary, err error) {
	j := joiner{opt: opt, sum: Summary{Events: map[schemas.Type]int{}}}
	j.old = side{name: before.Name, spool: spool.New(opt.Temp)}
	j.new = side{name: now.Name, spool: spool.New(opt.Temp)}
	defer func() { err = cmp.Or(err, j.old.spool.Close(), j.new.spool.Close()) }()
	if err := j.old.read(ctx, before, opt.Host); err != nil {
		return j.sum, err
	}
	if err := j.new.read(ctx, now, opt.Host); err != nil {
		return j.sum, err
	}
	j.pair = nmapxml.Pair{Old: j.old.scan, New: j.new.scan}
	for _, s := range []*side{&j.old, &j.new} {
		j.sum.Addressless += s.addressless
		if s.scan != nil && !s.scan.Finished {
			add(&j.sum.Unfinished, s.name)
		}
	}
	return j.sum, j.walk(ctx)
}

// joiner walks both files side by side.
type joiner struct {
	opt      Options
	old, new side
	pair     nmapxml.Pair
	sum      Summary
}

func (j *joiner) walk(ctx context.Context) error {
	oldKey, oldLooks, oldErr := j.old.spool.Next()
	newKey, newLooks, newErr := j.new.spool.Next()
	for ctx.Err() == nil {
		order := 0
		switch {
		case oldErr != nil && oldErr != io.EOF:
			return oldErr
		case newErr != nil && newErr != io.EOF:
			return newErr
		case oldErr == io.EOF && newErr == io.EOF:
			return nil
		case oldErr == io.EOF:
			order = 1
		case newErr == io.EOF:
			order = -1
		default:
			order = bytes.Compare(oldKey, newKey)
		}
		switch {
		case order < 0:
			add(&j.sum.NotLooked, string(hostOf(oldKey)))
		case order > 0:
			if err := j.host(hostOf(newKey), nil, newLooks); err != nil {
				return err
			}
		default:
			if err := j.host(hostOf(newKey), oldLooks, newLooks); err != nil {
				return err
			}
		}
		if order <= 0 {
			oldKey, oldLooks, oldErr = j.old.spool.Next()
		}
		if order >= 0 {
			newKey, newLooks, newErr = j.new.spool.Next()
		}
	}
	return ctx.Err()
}

func (j *joiner) host(host hostport.Host, oldLooks, newLooks [][]byte) error {
	j.sum.Hosts++
	before, now, openInBoth, err := j.snapshots(host, oldLooks, newLooks)
	if err != nil || now == nil {
		return err
	}
	j.dated(before, now)
	switch now.Result {
	case hostport.Down:
		add(&j.sum.Down, string(host))
	case hostport.Unknown:
		add(&j.sum.Unknown, string(host))
	}
	c := diff.Compare(before, now, diff.DefaultPolicy(), openInBoth)
	j.sum.Unproven += c.Unproven
	j.sum.Unread += len(c.Unread)
	if len(c.Changes) == 0 {
		return nil
	}
	for i := range c.Changes {
		j.sum.Events[schemas.Type(c.Changes[i].Type)]++
	}
	return j.opt.Tell(&Told{host, c.Changes, &c.Result, now})
}

// snapshots reads what both files hold of a host. Two texts of nmap's are read
// together, which leaves out what is alike.
func (j *joiner) snapshots(host hostport.Host, oldLooks, newLooks [][]byte) (before, now *hostport.Snapshot, openInBoth int, err error) {
	if j.old.scan != nil && j.new.scan != nil && len(oldLooks) == 1 && len(newLooks) == 1 {
		if before, now, openInBoth, err = j.pair.Read(oldLooks[0], newLooks[0]); err == nil {
			return before, now, openInBoth, nil
		}
		// Which of the two is at fault is found out by reading them one by one.
	}
	if len(oldLooks) > 0 {
		before, err = j.old.snapshot(oldLooks)
	} else {
		before = &hostport.Snapshot{Host: host, Result: hostport.Ports, Proof: hostport.Single}
	}
	if err == nil {
		now, err = j.new.snapshot(newLooks)
	}
	return before, now, 0, err
}

// dated gives looks without a time that of their file, else of the other one: what
// is told must not depend on when it is compared (P7).
func (j *joiner) dated(before, now *hostport.Snapshot) {
	epoch := time.Unix(1, 0).UTC()
	for _, s := range []struct {
		look   *hostport.Snapshot
		others []time.Time
	}{{before, []time.Time{j.old.at, now.At, j.new.at, epoch}}, {now, []time.Time{j.new.at, before.At, j.old.at, epoch}}} {
		for _, at := range s.others {
			if s.look.At.IsZero() {
				s.look.At = at
			}
		}
		s.look.At = s.look.At.Truncate(time.Millisecond)
	}
}
