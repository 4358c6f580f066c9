package graphsim

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/portdelta/portdelta/internal/hostport"
)

// Options describe how a world is served.
type Options struct {
	// Token, if set, is the bearer token every request must carry.
	Token  string
	Faults Faults
	// PageSize is how many ports a page of a list holds unless $top says fewer;
	// 0: 100.
	PageSize int
}

// Server answers for a World as Microsoft Graph would. It is an http.Handler;
// Serve also listens and moves the world.
type Server struct {
	world    *World
	token    string
	pageSize int
	faults   *faultBox
	links    linkCodec
	// pause waits between two pieces of a slow body. Tests replace it.
	pause func(ctx context.Context, d time.Duration) error
}

// NewServer makes a server for the world. The error wraps ErrFault.
func NewServer(w *World, o Options) (*Server, error) {
	if err := o.Faults.check(); err != nil {
		return nil, err
	}
	if o.PageSize <= 0 {
		o.PageSize = 100
	}
	s := &Server{
		world: w, token: o.Token, pageSize: o.PageSize,
		faults: &faultBox{seed: w.seed, draws: make(map[Fault]uint64)},
		links:  newLinkCodec(w.seed),
		pause:  pause,
	}
	s.faults.set(o.Faults)
	return s, nil
}

// BaseURL is what a client of a server on that address is configured with.
func BaseURL(addr net.Addr) string { return "http://" + addr.String() + "/v1.0" }

// Serve answers on the listener and moves the world until ctx ends, which is no
// error; then it waits 2 s for answers under way. It closes the listener.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		// What the server would say here is that clients break off, or that a
		// fault did what it is for.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.world.Run(ctx) })
	group.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if err := server.Shutdown(grace); err != nil {
			return server.Close()
		}
		return nil
	})
	return group.Wait()
}

// exchange is one request and what the truth will say of its answer.
type exchange struct {
	request string // our request-id
	client  string // the client's, or ours where it sent none
	host    hostport.Host
	at      stamp
	api     bool // an answer of the service, not of the simulator's own controls
	hit     hit
	version string   // v1.0 or beta
	rest    []string // unescaped segments behind security/threatIntelligence
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{request: uuid.NewString(), at: stampOf(s.world.clockNow())}
	x.client = clientID(r, x.request)
	if !s.authorized(r) {
		reply := refuse(x, http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token is empty or not valid.")
		reply.header.Set("WWW-Authenticate",
			`Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`)
		x.api = r.URL.Path != controlPath
		s.send(w, r, x, reply)
		return
	}
	if r.URL.Path == controlPath {
		s.control(w, r, x)
		return
	}
	x.api = true
	s.send(w, r, x, s.answer(r, x))
}

const controlPath = "/_sim/faults"

func (s *Server) authorized(r *http.Request) bool {
	if s.token == "" {
		return true
	}
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare([]byte(given), []byte(s.token)) == 1
}

// answer routes. Paths are taken apart before they are unescaped: base64 ids
// hold slashes.
func (s *Server) answer(r *http.Request, x *exchange) reply {
	var segments []string
	for segment := range strings.SplitSeq(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return refuse(x, http.StatusBadRequest, "BadRequest", "The path is not escaped correctly.")
		}
		segments = append(segments, plain)
	}
	if segments[0] != "v1.0" && segments[0] != "beta" {
		return refuse(x, http.StatusBadRequest, "BadRequest", "Invalid version.")
	}
	x.version = segments[0]
	if len(segments) < 5 || segments[1] != "security" || segments[2] != "threatIntelligence" {
		return refuse(x, http.StatusBadRequest, "BadRequest", "Resource not found for the segment.")
	}
	x.rest = segments[3:]
	if x.rest[0] == "hosts" {
		x.host, _ = hostport.ParseHost(x.rest[1]) // empty where it is no host: found nowhere
	}
	var serve func(*http.Request, *exchange, query) reply
	var allowed []string
	switch collection, n := x.rest[0], len(x.rest); {
	case collection == "hosts" && n == 2:
		serve = s.getHost
	case collection == "hosts" && n == 3 && x.rest[2] == "ports":
		serve, allowed = s.listPorts, []string{"$count", "$expand", "$skip", "$skiptoken", "$top"}
	case collection == "hostPorts" && n == 2:
		serve, allowed = s.getPort, []string{"$expand"}
	case collection == "sslCertificates" && n == 2:
		serve = s.getCertificate
	default:
		return refuse(x, http.StatusBadRequest, "BadRequest", "Resource not found for the segment.")
	}
	if r.Method != http.MethodGet {
		reply := refuse(x, http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
		reply.header.Set("Allow", http.MethodGet)
		return reply
	}
	q, wrong := parseQuery(r.URL.RawQuery, allowed)
	if wrong != "" {
		return refuse(x, http.StatusBadRequest, "BadRequest", wrong)
	}
	x.hit = s.faults.draw()
	if answer, struck := s.outage(x); struck {
		s.asked(x)
		return answer
	}
	return serve(r, x, q)
}

// asked notes that somebody watches the host of a request that is not answered.
func (s *Server) asked(x *exchange) {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	if h := s.world.byName[x.host]; h != nil {
		h.asked = x.at
	}
}

// clientID is the client's own request id if it is one that may be echoed.
func clientID(r *http.Request, otherwise string) string {
	const longest = 128
	id := r.Header.Get("client-request-id")
	printable := !slices.ContainsFunc([]byte(id), func(c byte) bool { return c <= ' ' || c > '~' })
	if id == "" || len(id) > longest || !printable {
		return otherwise
	}
	return id
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
