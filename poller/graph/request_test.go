package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// How each answer that is no list is told, and how often it is asked for.
func TestFailures(t *testing.T) {
	type answers = []http.HandlerFunc
	header := func(status int, name, value string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(name, value)
			answer(status, "<html>oops</html>")(w, r)
		}
	}
	for _, tt := range []struct {
		name     string
		answers  answers
		class    hostport.Class // "" where the look succeeds
		status   int
		requests int
		text     string
	}{
		{"500 with a page of HTML", answers{answer(500, "<html>oops</html>")}, hostport.Unavailable, 500, 3, "no error body of Graph's"},
		{"502 once", answers{answer(502, ""), ok(pageOf(0, ""))}, "", 0, 2, ""},
		{"503 without Retry-After", answers{answer(503, graphErrorBody("serviceNotAvailable", "busy"))}, hostport.Unavailable, 503, 3, "serviceNotAvailable: busy"},
		{"503 with a short Retry-After", answers{header(503, "retry-after", "3"), ok(pageOf(0, ""))}, "", 0, 2, ""},
		{"503 with a long Retry-After", answers{header(503, "Retry-After", "120")}, hostport.Unavailable, 503, 1, "no error body"},
		{"408", answers{answer(408, ""), answer(408, ""), ok(pageOf(0, ""))}, "", 0, 3, ""},
		{"429, short", answers{throttled("2"), ok(pageOf(0, ""))}, "", 0, 2, ""},
		{"429 without Retry-After", answers{throttled(""), ok(pageOf(0, ""))}, "", 0, 2, ""},
		{"429, short but for ever", answers{throttled("1")}, hostport.Throttled, 429, 3, "TooManyRequests: slow down"},
		{"429, long", answers{throttled("120")}, hostport.Throttled, 429, 1, "TooManyRequests"},
		{"400", answers{answer(400, graphErrorBody("BadRequest", "Resource not found for the segment 'threatIntelligence'."))}, hostport.Misconfigured, 400, 1, "BadRequest: Resource not found"},
		{"401", answers{answer(401, graphErrorBody("InvalidAuthenticationToken", "expired"))}, hostport.Unauthorized, 401, 1, "source.graph.auth"},
		{"403", answers{answer(403, graphErrorBody("Authorization_RequestDenied", "no"))}, hostport.Forbidden, 403, 1, "ThreatIntelligence.Read.All"},
		{"a redirect", answers{header(302, "Location", "https://evil.example/")}, hostport.Misconfigured, 302, 1, "redirects are not followed"},
		{"204", answers{answer(204, "")}, hostport.Unreadable, 204, 1, ""},
		{"JSON cut short", answers{ok(`{"value":[{"port":4`)}, hostport.Unreadable, 200, 3, "ends early"},
		{"JSON cut short once", answers{ok(`{"value":[{"port":4`), ok(pageOf(0, ""))}, "", 0, 2, ""},
		{"HTML with status 200", answers{ok("<html>sign in</html>")}, hostport.Unreadable, 200, 3, "not JSON"},
		{"no list", answers{ok(`{"error":{"code":"x"}}`)}, hostport.Unreadable, 200, 1, "no value array"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, tokens := play(tt.answers...), 0
				c := newTestClient(t, s, func(o *Options) {
					o.Acquire = func(context.Context) error { tokens++; return nil }
				})
				_, err := c.Look(t.Context(), testHost)
				if n := len(s.requests()); n != tt.requests || tokens != n {
					t.Errorf("%d requests, %d tokens taken; want %d", n, tokens, tt.requests)
				}
				if tt.class == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				e := lookError(t, err, tt.class)
				if e.Status != tt.status || e.RequestID != fmt.Sprintf("r%d", tt.requests) || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("status %d, request %s: %v", e.Status, e.RequestID, err)
				}
			})
		})
	}
}

func TestBackoffGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		_, err := newTestClient(t, play(answer(500, ""))).Look(t.Context(), testHost)
		lookError(t, err, hostport.Unavailable)
		if took := time.Since(begin); took < 750*time.Millisecond || took > 1500*time.Millisecond {
			t.Errorf("two back-offs took %s", took)
		}
	})
}

// One worker is told to wait: nobody sends before, a look in progress fails, a
// new one waits, and afterwards all go on.
func TestThrottleHoldsAllLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(throttled("60"), ok(pageOf(0, "")))
		c := newTestClient(t, s)
		begin := time.Now()
		_, err := c.Look(t.Context(), testHost)
		if e := lookError(t, err, hostport.Throttled); e.RetryAfter != time.Minute {
			t.Errorf("retry after %s", e.RetryAfter)
		}
		if until := c.Throttled(); until.Sub(begin) < time.Minute {
			t.Errorf("throttled until %s", until)
		}
		if a := c.Ask(t.Context(), testHost, hostport.Ask{Kind: hostport.AskPort, ID: "x"}); a.Verdict != hostport.Failed {
			t.Errorf("an ask while throttled: %s", a.Verdict)
		}
		if n := len(s.requests()); n != 1 {
			t.Fatalf("%d requests before the gate opened", n)
		}
		var looks sync.WaitGroup
		for range 20 {
			looks.Go(func() {
				if _, err := c.Look(t.Context(), testHost); err != nil {
					t.Error(err)
				}
				if waited := time.Since(begin); waited < time.Minute || waited > 70*time.Second {
					t.Errorf("looked after %s", waited)
				}
			})
		}
		looks.Wait()
		if !c.Throttled().IsZero() {
			t.Error("still throttled")
		}
	})
}

func TestThrottleAndDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		begin := time.Now()
		_, err := newTestClient(t, play(throttled("5"))).Look(ctx, testHost)
		lookError(t, err, hostport.Throttled)
		if time.Since(begin) != 0 {
			t.Error("waited for a gate that opens after the deadline")
		}
	})
}

// A token taken while the gate closed is forfeit: it must not be spent later.
func TestGateClosesDuringBudgetWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, tokens := play(ok(pageOf(0, ""))), 0
		var c *Client
		c = newTestClient(t, s, func(o *Options) {
			o.Acquire = func(context.Context) error {
				if tokens++; tokens == 1 {
					c.gate.throttle(0, 5*time.Second, true)
				}
				return nil
			}
		})
		begin := time.Now()
		if _, err := c.Look(t.Context(), testHost); err != nil {
			t.Fatal(err)
		}
		if tokens != 2 || len(s.requests()) != 1 || time.Since(begin) < 5*time.Second {
			t.Errorf("%d tokens, %d requests, after %s", tokens, len(s.requests()), time.Since(begin))
		}
	})
}

func TestBudgetFails(t *testing.T) {
	s, full := play(ok(pageOf(0, ""))), errors.New("no")
	_, err := newTestClient(t, s, func(o *Options) {
		o.Acquire = func(context.Context) error { return full }
	}).Look(t.Context(), testHost)
	lookError(t, err, hostport.Unavailable)
	if !errors.Is(err, full) || len(s.requests()) != 0 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
}

func TestContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := play(func(w http.ResponseWriter, r *http.Request) { cancel(); answer(500, "")(w, r) })
	_, err := newTestClient(t, s).Look(ctx, testHost)
	lookError(t, err, hostport.Unavailable)
	if !errors.Is(err, context.Canceled) || len(s.requests()) != 1 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
}

// Words of an error body are hostile: one line, bounded, nothing that steers a
// terminal. Request ids likewise.
func TestErrorTextIsEscaped(t *testing.T) {
	s := play(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Request-Id"] = []string{"a\x1b[31mb"}
		answer(400, graphErrorBody("\x1b]0;x", strings.Repeat("\u202enoise\n", 1000)))(w, r)
	})
	_, err := newTestClient(t, s).Look(t.Context(), testHost)
	e := lookError(t, err, hostport.Misconfigured)
	if strings.ContainsAny(err.Error(), "\x1b\n\u202e") || len(e.Err.Error()) > limits.ErrorBytes.Max+len("; check base_url") {
		t.Errorf("%d bytes: %q", len(err.Error()), err)
	}
	if want := s.requests()[0].Header.Get("client-request-id"); e.RequestID != want || want == "" {
		t.Errorf("request id %q instead of our own", e.RequestID)
	}
}

func TestAsk(t *testing.T) {
	key := hostport.PortKey{Protocol: "tcp", Number: 21}
	port := hostport.Ask{Kind: hostport.AskPort, Key: key, ID: "a/b+c=="}
	cert := hostport.Ask{Kind: hostport.AskCertificate, Key: key, ID: "c/d=="}
	for _, tt := range []struct {
		name    string
		ask     hostport.Ask
		answer  http.HandlerFunc
		verdict hostport.Verdict
		uri     string
	}{
		{"port, wrapped", port, ok(string(sample(t, "get-hostport.json"))), hostport.Found, "/v1.0/security/threatIntelligence/hostPorts/a%2Fb+c==?$expand=mostRecentSslCertificate"},
		{"port, bare", port, ok(record(21)), hostport.Found, ""},
		{"port of another protocol", port, ok(`{"value":{"port":21,"protocol":"udp"}}`), hostport.Found, ""},
		{"port gone", port, answer(404, graphErrorBody("ResourceNotFound", "x")), hostport.NotFound, ""},
		{"port, foreign 404", port, answer(404, "<html>"), hostport.Failed, ""},
		{"port without a key", port, ok(`{"value":{"port":"x"}}`), hostport.Failed, ""},
		{"port, a list instead", port, ok(`{"value":[` + record(21) + `]}`), hostport.Failed, ""},
		{"port, forbidden", port, answer(403, ""), hostport.Failed, ""},
		{"port, throttled", port, throttled("60"), hostport.Failed, ""},
		{"certificate, wrapped", cert, ok(string(sample(t, "get-sslcertificate.json"))), hostport.Found, "/v1.0/security/threatIntelligence/sslCertificates/c%2Fd=="},
		{"certificate, still a stub", cert, ok(`{"id":"c/d=="}`), hostport.Failed, ""},
		{"certificate gone", cert, answer(404, graphErrorBody("", "x")), hostport.NotFound, ""},
		{"list", hostport.Ask{Kind: hostport.AskList}, ok(pageOf(0, "")), hostport.Unsupported, ""},
		{"no id", hostport.Ask{Kind: hostport.AskPort, Key: key}, ok(record(21)), hostport.Failed, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := play(tt.answer)
			got := newTestClient(t, s).Ask(t.Context(), testHost, tt.ask)
			if got.Verdict != tt.verdict || got.Ask != tt.ask {
				t.Fatalf("verdict %s for %v, want %s", got.Verdict, got.Ask, tt.verdict)
			}
			found := tt.verdict == hostport.Found
			if (got.Port != nil) != (found && tt.ask.Kind == hostport.AskPort) ||
				(got.Certificate != nil) != (found && tt.ask.Kind == hostport.AskCertificate) ||
				(got.Raw != nil) != (got.Certificate != nil) {
				t.Errorf("port %v, certificate %v", got.Port, got.Certificate)
			}
			if used := found || tt.verdict == hostport.NotFound; used != (len(got.Requests) == 1) {
				t.Errorf("requests %v", got.Requests)
			}
			if tt.uri != "" && s.requests()[0].URL.RequestURI() != tt.uri {
				t.Errorf("asked for %s", s.requests()[0].URL.RequestURI())
			}
		})
	}
}

func TestCertificateFaultsAreKept(t *testing.T) {
	s := play(ok(`{"sha1":"fb96551505f1edb24dd3b36fcffdb765833b8118","expirationDateTime":"2024-13-01T00:00:00Z"}`))
	got := newTestClient(t, s).Ask(t.Context(), testHost, hostport.Ask{Kind: hostport.AskCertificate, ID: "x"})
	if got.Verdict != hostport.Found || len(got.Malformed) != 1 || got.Malformed[0].Field != "expirationDateTime" {
		t.Errorf("%+v", got)
	}
}
