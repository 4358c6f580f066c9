package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/portdelta/portdelta/internal/limits"
)

// shortWait is how long a request in the middle of a look waits for the throttle
// gate. A longer hold fails the look: its pages would belong to different times.
const shortWait = 10 * time.Second

// errTooLarge is a body beyond limits.PageBytes.
var errTooLarge = errors.New("the answer is larger than the limit page_bytes")

// wire is the last step of the pipeline. Every single HTTP request passes here,
// also the one that the token policy repeats by itself after a claims challenge,
// so here is where the gate, the budget and the bounds are kept.
type wire struct {
	http      *http.Client
	gate      *gate
	acquire   func(context.Context) error
	userAgent string
	timeout   time.Duration
}

// Do implements policy.Transporter.
func (w *wire) Do(req *http.Request) (*http.Response, error) {
	ticket, err := w.admit(req.Context())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(req.Context(), w.timeout)
	req = req.WithContext(ctx)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", w.userAgent)
	req.Header.Set("client-request-id", uuid.NewString())
	resp, err := w.http.Do(req)
	if err != nil {
		cancel()
		return nil, err
	}
	w.report(ticket, resp)
	resp.Body = &body{ReadCloser: resp.Body, cancel: cancel, failed: resp.StatusCode >= http.StatusBadRequest}
	return resp, nil
}

// admit waits for the gate, then for a token of the budget. If the gate closed
// meanwhile the token is forfeit, or the budget's window could be overrun later.
func (w *wire) admit(ctx context.Context) (ticket uint64, err error) {
	for {
		if _, err := w.gate.wait(ctx, shortWait); err != nil {
			return 0, err
		}
		if err := w.acquire(ctx); err != nil {
			return 0, &budgetError{err}
		}
		if ticket, err := w.gate.wait(ctx, 0); err == nil {
			return ticket, nil
		} else if ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
}

func (w *wire) report(ticket uint64, resp *http.Response) {
	switch resp.StatusCode {
	case http.StatusTooManyRequests:
		hold, ok := retryAfter(resp.Header, time.Now())
		w.gate.throttle(ticket, hold, ok)
	case http.StatusServiceUnavailable:
		if hold, ok := retryAfter(resp.Header, time.Now()); ok {
			w.gate.throttle(ticket, hold, true)
		}
	case http.StatusOK, http.StatusNotFound:
		w.gate.served(ticket)
	}
}

// budgetError is a request that was never sent.
type budgetError struct{ err error }

func (e *budgetError) Error() string { return fmt.Sprintf("waiting for the request budget: %v", e.err) }
func (e *budgetError) Unwrap() error { return e.err }

// body bounds what is read of an answer, after decompression (P11). azcore reads
// the body of a failed request whole and by itself: there the bound cuts, and a
// body that breaks off ends, because the status has already said what matters.
type body struct {
	io.ReadCloser
	cancel context.CancelFunc
	failed bool
	read   int
}

func (b *body) Read(p []byte) (int, error) {
	most := limits.PageBytes
	if b.failed {
		most = limits.ErrorBodyBytes
	}
	if b.read > most.Max {
		return 0, b.over()
	}
	// One byte more than allowed tells a body of the limit from one above it.
	n, err := b.ReadCloser.Read(p[:min(len(p), most.Max-b.read+1)])
	b.read += n
	switch {
	case b.read > most.Max:
		most.Hit()
		return n - 1, b.over()
	case b.failed && err != nil:
		return n, io.EOF
	}
	return n, err
}

func (b *body) over() error {
	if b.failed {
		return io.EOF
	}
	return errTooLarge
}

func (b *body) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}
