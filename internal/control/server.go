package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/net/netutil"

	"github.com/portdelta/portdelta/internal/httpserve"
	"github.com/portdelta/portdelta/internal/limits"
)

// How long a client may take, and how long a request under way may still take at
// the end.
const (
	readTimeout     = 5 * time.Second
	writeTimeout    = 2 * time.Minute
	shutdownTimeout = 2 * time.Second
)

// Server answers on the socket.
type Server struct {
	listener net.Listener
	http     *http.Server
}

// Listen takes the socket in the folder. The caller holds the store's lock, so
// that a socket which lies there is a dead process's; one that does answer is an
// error all the same. The folder must exist. ErrPath: its name is too long.
func Listen(folder string, handler http.Handler) (*Server, error) {
	name, err := socket(folder)
	if err != nil {
		return nil, err
	}
	conn, err := net.Dial("unix", name)
	switch {
	case err == nil:
		return nil, errors.Join(fmt.Errorf("control socket %s: another process answers on it", name), conn.Close())
	case absent(err):
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("control socket: replace what a dead process left: %w", err)
		}
	default:
		return nil, fmt.Errorf("control socket %s: %w", name, err)
	}
	listener, err := net.Listen("unix", name)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	// The folder is the owner's alone as a rule; where it is not, nobody else can
	// connect in between: that takes the right to write, which umask withholds.
	if err := os.Chmod(name, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), listener.Close())
	}
	return &Server{
		listener: netutil.LimitListener(listener, limits.ControlConnections.Max),
		http: &http.Server{
			Handler:           http.MaxBytesHandler(handler, 0),
			ReadHeaderTimeout: readTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			MaxHeaderBytes:    limits.ControlHeaderBytes.Max,
			ErrorLog:          log.New(io.Discard, "", 0), // what it complains of is the clients' doing
		},
	}, nil
}

// Run serves until ctx ends, then lets requests under way finish for a moment,
// cuts off the others and removes the socket. It returns nil then, and an error
// only if serving failed. It is called once.
func (s *Server) Run(ctx context.Context) error {
	if err := httpserve.Until(ctx, s.http, s.listener, shutdownTimeout); err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	return nil
}

// refused is the body of an answer that is no answer.
type refused struct {
	Error string `json:"error"`
}

// Answer writes v as JSON.
func Answer(w http.ResponseWriter, v any) { write(w, http.StatusOK, v) }

// Refuse writes why there is no answer; the client returns it as a *Refusal.
func Refuse(w http.ResponseWriter, status int, err error) { write(w, status, refused{err.Error()}) }

func write(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"the answer could not be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away is no fault
}
