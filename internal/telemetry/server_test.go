package telemetry

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/zap"

	"github.com/portdelta/portdelta/internal/limits"
)

// serve runs a server until the test ends and returns it with its base URL.
func serve(t *testing.T, checks ...Check) (*Server, string) {
	t.Helper()
	s, err := Listen("127.0.0.1:0", NewRegistry("v", "go"), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if len(checks) > 0 {
		s.SetChecks(checks...)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return s, "http://" + s.Addr()
}

func ask(t *testing.T, method, url string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(body)
}

func TestEndpoints(t *testing.T) {
	_, url := serve(t)
	if status, _, body := ask(t, "GET", url+"/healthz"); status != 200 || body != "ok\n" {
		t.Errorf("healthz: %d %q", status, body)
	}
	if status, _, body := ask(t, "GET", url+"/metrics"); status != 200 || !strings.Contains(body, "\nportdelta_limit{name=\"pages\"} 1000\n") {
		t.Errorf("metrics: %d %.200q", status, body)
	}
	if status, _, body := ask(t, "HEAD", url+"/healthz"); status != 200 || body != "" {
		t.Errorf("HEAD: %d %q", status, body)
	}
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "TRACE"} {
			if status, header, _ := ask(t, method, url+path); status != http.StatusMethodNotAllowed || header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d, Allow %q", method, path, status, header.Get("Allow"))
			}
		}
	}
	if status, _, _ := ask(t, "GET", url+"/debug/pprof/"); status != 404 {
		t.Errorf("another path: %d", status)
	}
}

func TestReadiness(t *testing.T) {
	s, url := serve(t)
	for _, tt := range []struct {
		name   string
		checks []Check
		status int
		body   string
	}{
		{"before any check", nil, 503,
			`{"ready":false,"conditions":[{"name":"started","ok":false,"reason":"starting"}]}`},
		{"all hold", []Check{{"source", holds}, {"kafka", holds}}, 200,
			`{"ready":true,"conditions":[{"name":"source","ok":true,"reason":""},{"name":"kafka","ok":true,"reason":""}]}`},
		{"one does not", []Check{{"source", fails}, {"kafka", holds}}, 503,
			`{"ready":false,"conditions":[{"name":"source","ok":false,"reason":"throttled"},{"name":"kafka","ok":true,"reason":""}]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.checks != nil {
				s.SetChecks(tt.checks...)
			}
			status, header, body := ask(t, "GET", url+"/readyz")
			if status != tt.status || strings.TrimSpace(body) != tt.body || header.Get("Content-Type") != "application/json" {
				t.Errorf("got %d %s %s", status, header.Get("Content-Type"), body)
			}
		})
	}
}

// holds gives a reason all the same, which is not to be shown.
func holds() (bool, string) { return true, "left over" }

func fails() (bool, string) { return false, "throttled" }

func TestAddressInUse(t *testing.T) {
	s, _ := serve(t)
	_, err := Listen(s.Addr(), NewRegistry("v", "go"), zap.NewNop())
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "telemetry.listen") {
		t.Errorf("got %v, want the system's error and the key to change", err)
	}
}

// A stop lets the request under way finish.
func TestGracefulStop(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s, err := Listen("127.0.0.1:0", NewRegistry("v", "go"), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	s.SetChecks(Check{"slow", func() (bool, string) { close(entered); <-release; return true, "" }})
	ctx, cancel := context.WithCancel(t.Context())
	done, answered := make(chan error, 1), make(chan int, 1)
	go func() { done <- s.Run(ctx) }()
	go func() {
		res, err := http.Get("http://" + s.Addr() + "/readyz")
		if err != nil {
			answered <- 0
			return
		}
		res.Body.Close()
		answered <- res.StatusCode
	}()
	<-entered
	cancel()
	close(release)
	if status := <-answered; status != 200 {
		t.Errorf("the request under way got %d", status)
	}
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestRunAfterTheEnd(t *testing.T) {
	s, err := Listen("127.0.0.1:0", NewRegistry("v", "go"), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Error(err)
	}
	l, err := net.Listen("tcp", s.Addr())
	if err != nil {
		t.Fatalf("the address is still taken: %v", err)
	}
	l.Close()
}

func TestServeFailure(t *testing.T) {
	s, err := Listen("127.0.0.1:0", NewRegistry("v", "go"), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	s.listener.Close()
	if err := s.Run(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want the listener's error", err)
	}
}

func TestLongHeadersAreRefused(t *testing.T) {
	_, url := serve(t)
	req, err := http.NewRequestWithContext(t.Context(), "GET", url+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	// net/http reads 4096 bytes beyond its limit.
	req.Header.Set("X-Long", string(bytes.Repeat([]byte("a"), limits.TelemetryHeaderBytes.Max+4096)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %d", res.StatusCode)
	}
}
