package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
	"golang.org/x/net/netutil"

	"github.com/portdelta/portdelta/internal/httpserve"
	"github.com/portdelta/portdelta/internal/limits"
)

// Check is one named condition of readiness. Probe says whether it holds and, if
// not, why, in words of our own; it is called at each request, by several at
// once, and must return without waiting.
type Check struct {
	Name  string
	Probe func() (ok bool, reason string)
}

// Condition is what a Check found, as /readyz shows it.
type Condition struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason"` // empty where OK
}

// Server answers on the telemetry address:
//
//	/metrics  what the registry gathers, for Prometheus
//	/healthz  200 while the process lives, whatever the state of its parts
//	/readyz   200 if every check holds, else 503; {"ready":..,"conditions":[..]}
//
// Only GET and HEAD are answered. Nothing is told of hosts, and there is no way
// to change anything.
type Server struct {
	listener net.Listener
	http     *http.Server
	checks   atomic.Pointer[[]Check]
}

// How long a client may take, and how long a request under way may still take
// at the end.
const (
	readTimeout     = 5 * time.Second
	writeTimeout    = 30 * time.Second
	idleTimeout     = 2 * time.Minute
	shutdownTimeout = 5 * time.Second
)

// Listen takes the address at once, so that a start fails early and whole if it
// is not free. Until SetChecks is called /readyz answers 503. Run serves and
// gives it back.
func Listen(addr string, metrics *prometheus.Registry, log *zap.Logger) (*Server, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("telemetry address %s: %w (telemetry.listen sets another)", addr, err)
	}
	// What the HTTP server complains of is the clients' doing.
	errorLog, err := zap.NewStdLogAt(log, zap.DebugLevel)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("telemetry log: %w", err), listener.Close())
	}
	s := &Server{listener: netutil.LimitListener(listener, limits.TelemetryConnections.Max)}
	s.SetChecks(Check{Name: "started", Probe: func() (bool, string) { return false, "starting" }})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{
		CoalesceGather: true,                     // a scrape costs the same whoever else asks
		ErrorHandling:  promhttp.ContinueOnError, // P12: a bad collector costs its own metrics,
		Registry:       metrics,                  // and is counted among the others
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n")) // a client that went away is no fault
	})
	mux.HandleFunc("GET /readyz", s.ready)
	s.http = &http.Server{
		Handler:           http.MaxBytesHandler(mux, 0),
		ReadHeaderTimeout: readTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    limits.TelemetryHeaderBytes.Max,
		ErrorLog:          errorLog,
	}
	return s, nil
}

// Addr is the address listened on, with the port that was chosen where 0 was asked.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// SetChecks replaces the conditions of readiness. It may be called at any time.
func (s *Server) SetChecks(checks ...Check) { s.checks.Store(&checks) }

// Run serves until ctx ends, then lets requests under way finish for a few
// seconds. It returns nil then, and an error only if serving failed. It is called
// once; the endpoint is the last part to stop, so its ctx outlives the others'.
func (s *Server) Run(ctx context.Context) error {
	if err := httpserve.Until(ctx, s.http, s.listener, shutdownTimeout); err != nil {
		return fmt.Errorf("telemetry endpoint: %w", err)
	}
	return nil
}

func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	answer := struct {
		Ready      bool        `json:"ready"`
		Conditions []Condition `json:"conditions"`
	}{Ready: true, Conditions: []Condition{}}
	for _, check := range *s.checks.Load() {
		ok, reason := check.Probe()
		if ok {
			reason = ""
		}
		answer.Ready = answer.Ready && ok
		answer.Conditions = append(answer.Conditions, Condition{Name: check.Name, OK: ok, Reason: reason})
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !answer.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer) // a client that went away is no fault
}
