package snapshotfile

import (
	"bytes"
	"errors"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/poller/graph/graphjson"
)

// kind is what an object of a file is.
type kind int

const (
	ofEntity   kind = iota // one port, bare or as {"value": {...}}
	ofList                 // a page: {"value": [...]}
	ofSnapshot             // {"v": ...}
	ofError                // {"error": {...}}
)

// kindOf tells them apart by their members, the first of our own lines being v.
func kindOf(text jsontext.Value) (kind, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(text), tolerant)
	found := ofEntity
	if _, err := dec.ReadToken(); err != nil {
		return found, err
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return found, err
		}
		switch name.String() {
		case "v":
			return ofSnapshot, nil
		case "value":
			if dec.PeekKind() == '[' {
				found = ofList
			}
		case "error":
			found = ofError
		}
		if err := dec.SkipValue(); err != nil {
			return found, err
		}
	}
	return found, nil
}

// ErrNoHost is an answer that does not say of which host it is, and Reader.Host
// does not either.
var ErrNoHost = errors.New("an answer of Graph's that does not say of which host it is")

// graph takes an answer of Graph's.
func (r *Reader) graph(text jsontext.Value, k kind) error {
	switch k {
	case ofError:
		return errors.New("an error of Graph's, not an answer that lists ports")
	case ofEntity:
		if err := r.endChain(false); err != nil {
			return err
		}
		p, err := graphjson.DecodePort(text)
		if err != nil {
			return errors.New("neither a snapshot line nor a hostPort or a list of them")
		}
		r.chain = &chain{}
		if err := r.add(graphjson.Page{Ports: []hostport.Port{p}, Count: graphjson.NoCount, Context: graphjson.Context(text)}); err != nil {
			return err
		}
		return r.endChain(false) // one port says nothing of the others
	}
	page, err := graphjson.DecodePage(text)
	if err != nil {
		return err
	}
	if r.chain != nil && r.chain.context != page.Context {
		if err := r.endChain(false); err != nil {
			return err
		}
	}
	if r.chain == nil {
		r.chain = &chain{context: page.Context}
	}
	if err := r.add(page); err != nil {
		return err
	}
	if page.Next != "" {
		return nil
	}
	return r.endChain(true)
}

// chain is the pages of a list so far. Whoever puts answers together may put
// several hosts into one, so there is a list for each.
type chain struct {
	context string
	pages   int
	hosts   []hostport.Host // in the order of their first record
	lists   map[hostport.Host]*graphjson.List
}

// add takes the next page of the chain.
func (r *Reader) add(p graphjson.Page) error {
	c := r.chain
	c.pages++
	parts := map[hostport.Host]*graphjson.Page{}
	var order []hostport.Host
	part := func(id string) (*graphjson.Page, error) {
		host, err := r.hostOf(id, p.Context)
		if err != nil {
			return nil, err
		}
		if parts[host] == nil {
			parts[host] = &graphjson.Page{Count: p.Count, Unreadable: p.Unreadable}
			order = append(order, host)
		}
		return parts[host], nil
	}
	for i := range p.Ports {
		to, err := part(graphjson.RecordHost(p.Ports[i].Raw))
		if err != nil {
			return err
		}
		to.Ports = append(to.Ports, p.Ports[i])
	}
	if len(order) == 0 {
		if _, err := part(""); err != nil {
			return err
		}
	}
	for _, host := range order {
		if len(order) > 1 {
			parts[host].Count = p.CountOfPart(len(parts[host].Ports))
		}
		if c.lists[host] == nil {
			if c.lists == nil {
				c.lists = map[hostport.Host]*graphjson.List{}
			}
			c.lists[host] = &graphjson.List{}
			c.hosts = append(c.hosts, host)
		}
		if err := c.lists[host].Add(*parts[host]); err != nil {
			return err
		}
	}
	return nil
}

// hostOf is the host a record names, else its context's, else the one given.
func (r *Reader) hostOf(id, context string) (hostport.Host, error) {
	if id == "" {
		id = graphjson.ContextHost(context)
	}
	if id == "" {
		if r.Host == "" {
			return "", ErrNoHost
		}
		return r.Host, nil
	}
	host, err := hostport.ParseHost(id)
	if err != nil {
		return "", errors.New("a record whose host is neither an address nor a name")
	}
	return host, nil
}

// endChain makes snapshots of the pages read; whole says that the last one was
// among them, without which they prove no absence (P1).
func (r *Reader) endChain(whole bool) error {
	c := r.chain
	if r.chain = nil; c == nil {
		return nil
	}
	for _, host := range c.hosts {
		list := c.lists[host]
		s := hostport.Snapshot{Host: host, Result: hostport.Ports, Proof: list.Proof(), Ports: list.Ports,
			Malformed: list.Unreadable, Paging: list.Paging()}
		if !whole || len(c.hosts) > 1 && c.pages > 1 {
			s.Proof = hostport.Unproven
		}
		for i := range s.Ports {
			s.At = r.later(s.At, &s.Ports[i])
		}
		r.ready = append(r.ready, s)
	}
	return nil
}

// later is the newest time at which the source saw a port: an answer does not say
// when it was given. Times ahead of the clock are not believed (P4).
func (r *Reader) later(at time.Time, p *hostport.Port) time.Time {
	const clockSkew = 24 * time.Hour
	times := []time.Time{p.LastScan, p.LastSeen}
	for _, b := range p.Banners {
		times = append(times, b.LastSeen)
	}
	for _, s := range p.Services {
		times = append(times, s.LastSeen)
	}
	for _, t := range times {
		if t.After(at) && !t.After(r.now.Add(clockSkew)) {
			at = t
		}
	}
	return at
}
