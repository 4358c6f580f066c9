package graph

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/poller/graph/graphjson"
)

// firstBackoff is the wait before a failed request is sent again, doubled each
// time. It is short: whoever waits longer is the poller, which holds no worker.
const firstBackoff = 500 * time.Millisecond

// get reads one answer and gives its body to decode, which must not keep it. A
// passing fault is tried again up to limits.LookAttempts, a throttled request
// only if the wait is short. The error is a *hostport.LookError; it wraps
// errNotFound where the service said that it does not know what was asked for.
// The request id is that of the answer used, also of a 404.
func (c *Client) get(ctx context.Context, url string, decode func(body []byte) error) (requestID string, err error) {
	for attempt := 1; ; attempt++ {
		f := c.try(ctx, url, decode)
		switch {
		case f.err == nil:
			return f.requestID, nil
		case !f.passing || ctx.Err() != nil:
			return f.requestID, f.err
		case attempt == limits.LookAttempts.Max:
			limits.LookAttempts.Hit()
			return f.requestID, f.err
		case !c.gate.closedUntil().IsZero():
			if !c.worthWaiting(ctx) {
				return f.requestID, f.err
			}
			continue // the gate holds it back
		}
		backoff := firstBackoff << (attempt - 1)
		// Half of it is random, so that workers which failed together part.
		timer := time.NewTimer(backoff/2 + rand.N(backoff/2))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return f.requestID, f.err
		}
	}
}

// worthWaiting says whether the gate opens soon, and before the context ends.
func (c *Client) worthWaiting(ctx context.Context) bool {
	until := c.gate.closedUntil()
	if deadline, ok := ctx.Deadline(); ok && until.After(deadline) {
		return false
	}
	return time.Until(until) <= shortWait
}

// outcome is how one try ended.
type outcome struct {
	requestID string
	err       *hostport.LookError
	passing   bool // the same request may well succeed if sent again
}

// try sends the request once.
func (c *Client) try(ctx context.Context, url string, decode func([]byte) error) outcome {
	req, err := runtime.NewRequest(ctx, http.MethodGet, url)
	if err != nil {
		return refused("a request for it cannot be made: " + outside(err.Error()))
	}
	// azcore would read the body into memory without a bound; see also body.
	runtime.SkipBodyDownload(req)
	resp, err := c.pipeline.Do(req)
	if resp != nil {
		defer resp.Body.Close()
	}
	if resp == nil || ctx.Err() != nil {
		return sendFailed(ctx, err)
	}
	id := requestID(resp)
	if resp.StatusCode != http.StatusOK {
		return statusFailed(resp, id)
	}
	if err != nil {
		return sendFailed(ctx, err)
	}
	buf := bodies.Get().(*bytes.Buffer)
	defer release(buf)
	if _, err := buf.ReadFrom(resp.Body); err != nil {
		return readFailed(ctx, id, err)
	}
	if err := decode(buf.Bytes()); err != nil {
		f := unreadable(id, err)
		// What does not parse is most often an answer cut short on its way.
		f.passing = errors.Is(err, graphjson.ErrNotJSON)
		return f
	}
	return outcome{requestID: id}
}

// bodies are reused between answers: a page's bytes live only until it is decoded.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func release(b *bytes.Buffer) {
	const keep = 1 << 20 // a rare huge page must not stay in memory for ever
	if b.Cap() <= keep {
		b.Reset()
		bodies.Put(b)
	}
}

// requestID is the service's name for the answer, which its support asks for, or
// ours where it gave none that could be shown.
func requestID(resp *http.Response) string {
	if id := resp.Header.Get("request-id"); graphjson.PlainWord(id) {
		return id
	}
	if resp.Request == nil {
		return ""
	}
	return resp.Request.Header.Get("client-request-id")
}
