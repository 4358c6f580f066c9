package graph

import (
	"compress/gzip"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

func TestRealConnections(t *testing.T) {
	for _, tt := range []struct {
		name  string
		serve http.HandlerFunc
		class hostport.Class
	}{
		{"body shorter than promised", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.Write([]byte(`{"value":[`))
		}, hostport.Unreadable},
		{"connection cut in the body", func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"value":[`))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, hostport.Unreadable},
		{"connection cut before the answer", func(http.ResponseWriter, *http.Request) {
			panic(http.ErrAbortHandler)
		}, hostport.Unavailable},
		{"failure whose body is cut", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(http.StatusForbidden)
			w.Write([]byte(`{"err`))
		}, hostport.Forbidden},
		{"failure with an endless body", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			for line := []byte(strings.Repeat("x", 1<<16)); ; {
				if _, err := w.Write(line); err != nil {
					return
				}
			}
		}, hostport.Forbidden},
		{"gzip that is none", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write([]byte(`{"value":[]}`))
		}, hostport.Unavailable},
		{"gzip bomb", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Close()
			blank := []byte(strings.Repeat(" ", 1<<20))
			for range limits.PageBytes.Max>>20 + 1 {
				z.Write(blank)
			}
		}, hostport.Unreadable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newLoopbackClient(t, tt.serve)
			o := c.try(t.Context(), c.portsURL(testHost), func([]byte) error { return nil })
			if o.err == nil {
				t.Fatal("no error")
			}
			lookError(t, o.err, tt.class)
		})
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("redirect followed") }))
	defer elsewhere.Close()
	c := newLoopbackClient(t, http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	_, err := c.Look(t.Context(), testHost)
	lookError(t, err, hostport.Misconfigured)
}

func TestGzip(t *testing.T) {
	c := newLoopbackClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Errorf("Accept-Encoding %q", r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		fmt.Fprint(z, pageOf(1, "", record(443)))
	}))
	got, err := c.Look(t.Context(), testHost)
	if err != nil || len(got.Ports) != 1 {
		t.Errorf("%d ports, %v", len(got.Ports), err)
	}
}

// A body that never ends in time is the service's fault, not ours: the look
// fails as unavailable although its own context has not ended.
func TestSlowBody(t *testing.T) {
	stop := make(chan struct{})
	c := newLoopbackClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(`{"value":[`))
		w.(http.Flusher).Flush()
		<-stop
	}), func(o *Options) { o.Timeout = 50 * time.Millisecond })
	t.Cleanup(func() { close(stop) })
	o := c.try(t.Context(), c.portsURL(testHost), func([]byte) error { return nil })
	lookError(t, o.err, hostport.Unavailable)
	if !o.passing {
		t.Error("not to be tried again")
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c := newTestClient(t, nil, func(o *Options) { o.BaseURL, o.Transport = "http://"+l.Addr().String(), nil })
	o := c.try(t.Context(), c.portsURL(testHost), func([]byte) error { return nil })
	e := lookError(t, o.err, hostport.Unavailable)
	if !o.passing || strings.Contains(e.Error(), "threatIntelligence") {
		t.Errorf("passing %v; the error should hold no URL: %v", o.passing, e)
	}
}

func TestUntrustedCertificate(t *testing.T) {
	server := httptest.NewTLSServer(play(ok(pageOf(0, ""))))
	server.Config.ErrorLog = nil
	defer server.Close()
	c := newTestClient(t, nil, func(o *Options) { o.BaseURL, o.Transport = server.URL, nil })
	_, err := c.Look(t.Context(), testHost)
	lookError(t, err, hostport.Misconfigured)
}

func TestBodyOfTheLimit(t *testing.T) {
	text := `{"value":[]` + strings.Repeat(" ", limits.PageBytes.Max-len(`{"value":[]}`)) + `}`
	c := newTestClient(t, play(ok(text), ok(text+" ")))
	if _, err := c.Look(t.Context(), testHost); err != nil {
		t.Error(err)
	}
	before := limits.PageBytes.Hits()
	_, err := c.Look(t.Context(), testHost)
	lookError(t, err, hostport.Unreadable)
	if limits.PageBytes.Hits() != before+1 {
		t.Error("the bound was not counted")
	}
}
