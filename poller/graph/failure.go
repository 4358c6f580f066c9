package graph

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/poller/graph/graphjson"
)

// errNotFound is a 404 with an error body of Graph's: the service's own word
// that it does not know the host, port or certificate. A 404 with anything else
// comes from something in between, or from a wrong base URL, and proves nothing.
var errNotFound = errors.New("the service does not know it")

func failed(class hostport.Class, status int, requestID string, err error) outcome {
	return outcome{requestID: requestID, err: &hostport.LookError{Class: class, Status: status, RequestID: requestID, Err: err}}
}

func unreadable(requestID string, err error) outcome {
	return failed(hostport.Unreadable, http.StatusOK, requestID, err)
}

func refused(text string) outcome {
	return failed(hostport.Misconfigured, 0, "", errors.New(text))
}

// sendFailed judges a request that brought no answer.
func sendFailed(ctx context.Context, err error) outcome {
	var (
		token  *tokenError
		budget *budgetError
		closed *closedError
		cert   *tls.CertificateVerificationError
	)
	switch {
	case ctx.Err() != nil:
		return failed(hostport.Unavailable, 0, "", ctx.Err())
	case errors.As(err, &token):
		return failed(hostport.Unauthorized, 0, "", fmt.Errorf("%w; check source.graph.auth and what it reads its secret from", token))
	case errors.As(err, &budget):
		return failed(hostport.Unavailable, 0, "", budget)
	case errors.As(err, &closed):
		f := failed(hostport.Throttled, 0, "", closed)
		f.err.RetryAfter = closed.wait
		return f
	case errors.As(err, &cert):
		return failed(hostport.Misconfigured, 0, "", fmt.Errorf("%w; check base_url, and what stands between", quote(cert)))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer in time: %w", withoutURL(err))
	}
	f := failed(hostport.Unavailable, 0, "", quote(withoutURL(err)))
	f.passing = true
	return f
}

// readFailed judges an answer that broke off.
func readFailed(ctx context.Context, requestID string, err error) outcome {
	switch {
	case ctx.Err() != nil:
		return failed(hostport.Unavailable, http.StatusOK, requestID, ctx.Err())
	case errors.Is(err, errTooLarge):
		return unreadable(requestID, err)
	}
	class := hostport.Unavailable
	if errors.Is(err, io.ErrUnexpectedEOF) {
		class = hostport.Unreadable
	}
	f := failed(class, http.StatusOK, requestID, fmt.Errorf("the answer broke off: %w", quote(err)))
	f.passing = true
	return f
}

// statusFailed judges an answer by its status; the body only adds words, for its
// error code may be empty or say UnknownError.
func statusFailed(resp *http.Response, requestID string) outcome {
	// azcore has read it already, bounded by body: what is left cannot fail.
	text, _ := io.ReadAll(resp.Body)
	code, message, ofGraph := graphjson.DecodeError(text)
	said := "no error body of Graph's came with it"
	if ofGraph {
		said = outside(strings.Trim(code+": "+message, ": "))
	}
	fail := func(class hostport.Class, hint string) outcome {
		return failed(class, resp.StatusCode, requestID, errors.New(said+hint))
	}
	switch status := resp.StatusCode; {
	case status == http.StatusNotFound && ofGraph:
		return failed(hostport.Misconfigured, status, requestID, fmt.Errorf("%w: %s", errNotFound, said))
	case status == http.StatusNotFound:
		return fail(hostport.Misconfigured, "; check that base_url ends in the API's version, and what stands between")
	case status == http.StatusUnauthorized:
		return fail(hostport.Unauthorized, "; check source.graph.auth, and that base_url is the service the token is for")
	case status == http.StatusForbidden:
		return fail(hostport.Forbidden, "; grant the application the permission ThreatIntelligence.Read.All, with an administrator's consent")
	case status == http.StatusTooManyRequests:
		return passing(fail(hostport.Throttled, ""), resp)
	case status >= 500, status == http.StatusRequestTimeout:
		return passing(fail(hostport.Unavailable, ""), resp)
	case status >= 300 && status < 400:
		return fail(hostport.Misconfigured, "; redirects are not followed: set base_url to the service itself")
	case status >= 400:
		return fail(hostport.Misconfigured, "; check base_url")
	default:
		return failed(hostport.Unreadable, status, requestID, errors.New("an answer of this status holds no list"))
	}
}

func passing(f outcome, resp *http.Response) outcome {
	f.passing = true
	f.err.RetryAfter, _ = retryAfter(resp.Header, time.Now())
	return f
}

// withoutURL drops the URL an error of net/http carries: a link to the next page
// is the service's text and may be long.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// quoted is an error whose text may hold bytes of an answer (design section 7);
// it can still be told apart by what it wraps.
type quoted struct{ err error }

func quote(err error) error { return quoted{err} }

func (q quoted) Error() string { return outside(q.err.Error()) }
func (q quoted) Unwrap() error { return q.err }

// outside makes text of the outside fit for an error: escaped, and at most
// limits.ErrorBytes.
func outside(s string) string {
	cut := graphjson.Clip(s, limits.ErrorBytes.Max)
	escaped := hostport.EscapeText(cut)
	for len(escaped) > limits.ErrorBytes.Max {
		// Cut before the escape, not within one: a byte becomes six at most.
		cut = graphjson.Clip(cut, len(cut)-max(1, (len(escaped)-limits.ErrorBytes.Max)/6))
		escaped = hostport.EscapeText(cut)
	}
	if len(cut) < len(s) {
		limits.ErrorBytes.Hit()
	}
	return escaped
}
