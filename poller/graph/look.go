package graph

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/poller/graph/graphjson"
)

// Look reads a host's whole list. A list it cannot prove complete is read again,
// up to limits.ListReadings, and the last reading returned as it is. A host the
// service does not know is a snapshot of result unknown.
//
// While the service holds the client back a new look waits, as long as the
// context lets it; a look under way waits a little, then fails as throttled. The
// error is a *hostport.LookError, and no part of the list comes with it (P1).
func (c *Client) Look(ctx context.Context, host hostport.Host) (hostport.Snapshot, error) {
	if _, err := c.gate.wait(ctx, math.MaxInt64); err != nil {
		return hostport.Snapshot{}, sendFailed(ctx, err).err
	}
	for reading := 1; ; reading++ {
		list, err := c.readList(ctx, host)
		if errors.Is(err, errNotFound) {
			return hostport.Snapshot{
				Host: host, At: c.clock(), Result: hostport.Unknown, Proof: hostport.Single,
				Requests: list.requests, Paging: hostport.Paging{Pages: 1, Count: graphjson.NoCount},
			}, nil
		}
		if err != nil {
			return hostport.Snapshot{}, err
		}
		proof := list.Proof()
		if !proof.Complete() && reading < limits.ListReadings.Max {
			continue // a list that changed under our paging may stand still now
		}
		if !proof.Complete() {
			limits.ListReadings.Hit()
		}
		return hostport.Snapshot{
			Host: host, At: c.clock(), Result: hostport.Ports, Proof: proof,
			Requests: list.requests, Ports: list.Ports, Malformed: list.Unreadable, Paging: list.Paging(),
		}, nil
	}
}

// clock is our time in milliseconds, which is all that an event's time holds.
func (c *Client) clock() time.Time { return c.now().UTC().Truncate(time.Millisecond) }

// list is one reading of all pages.
type list struct {
	graphjson.List
	requests []string
}

// readList follows the pages to their end. Every fault is an error: a chain that
// breaks, turns in a circle or never ends has not been read.
func (c *Client) readList(ctx context.Context, host hostport.Host) (list, error) {
	var l list
	visited := map[string]bool{}
	for link := c.portsURL(host); link != ""; {
		if len(visited) == limits.Pages.Max {
			limits.Pages.Hit()
			return list{}, unreadable("", errors.New("the list has more pages than the limit pages")).err
		}
		visited[link] = true
		var p graphjson.Page
		id, err := c.get(ctx, link, func(body []byte) (err error) {
			p, err = graphjson.DecodePage(body)
			return err
		})
		if err != nil {
			return list{requests: []string{id}}, continuation(err, len(l.requests))
		}
		l.requests = append(l.requests, id)
		if err := l.Add(p); err != nil {
			return list{}, unreadable(id, err).err
		}
		if visited[p.Next] {
			return list{}, unreadable(id, fmt.Errorf("page %d links back to an earlier one: the list never ends", len(l.requests))).err
		}
		if err := c.checkOrigin(p.Next); err != nil {
			return list{}, failed(hostport.Misconfigured, 0, id, err).err
		}
		link = p.Next
	}
	return l, nil
}

// continuation turns a 404 of a later page, whose link has run out or whose host
// has just gone, into a passing fault: only the first page's 404 is about the host.
func continuation(err error, pages int) error {
	var look *hostport.LookError
	if pages > 0 && errors.Is(err, errNotFound) && errors.As(err, &look) {
		return failed(hostport.Unavailable, look.Status, look.RequestID, fmt.Errorf("page %d of the list is gone", pages+1)).err
	}
	return err
}

// checkOrigin lets only links to the base URL's own origin pass (RFC 6454): the
// token goes along with each.
func (c *Client) checkOrigin(link string) error {
	if link == "" {
		return nil
	}
	u, err := url.Parse(link)
	if err != nil {
		return errors.New("the link to the next page is not a URL")
	}
	if u.User != nil || origin(u) != origin(c.base) {
		return fmt.Errorf("the next page lies at another origin, %s, and is not asked for; check base_url, and what stands between", outside(origin(u)))
	}
	return nil
}

func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}
