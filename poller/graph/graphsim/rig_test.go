package graphsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/portdelta/portdelta/internal/hostport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a world and its server with a clock of the test's own.
type rig struct {
	t      testing.TB
	world  *World
	server *Server
	truth  *bytes.Buffer
	offset atomic.Int64
	read   int // lines of the truth read so far, by lines
}

var epoch = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func newRig(t testing.TB, w WorldOptions, o Options) *rig {
	t.Helper()
	r := &rig{t: t, truth: new(bytes.Buffer)}
	w.Now = func() time.Time { return epoch.Add(time.Duration(r.offset.Load())) }
	if w.Truth == nil {
		w.Truth = r.truth
	}
	if w.Hosts == 0 {
		w.Hosts = 1
	}
	var err error
	if r.world, err = NewWorld(w); err != nil {
		t.Fatal(err)
	}
	if r.server, err = NewServer(r.world, o); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) pass(d time.Duration) { r.offset.Add(int64(d)) }

func (r *rig) get(target string, header ...string) *httptest.ResponseRecorder {
	r.t.Helper()
	request := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	r.server.ServeHTTP(answer, request)
	return answer
}

// record is a hostPort as a client reads it.
type record struct {
	ID, Status, Protocol string
	Port                 int
	LastScan             string `json:"lastScanDateTime"`
	LastSeen             string `json:"lastSeenDateTime"`
	FirstSeen            string `json:"firstSeenDateTime"`
	TimesObserved        int
	Banners              []struct {
		Banner, ScanProtocol string
		FirstSeen            string `json:"firstSeenDateTime"`
		LastSeen             string `json:"lastSeenDateTime"`
	}
	Services []struct {
		FirstSeen string `json:"firstSeenDateTime"`
		LastSeen  string `json:"lastSeenDateTime"`
		IsRecent  bool
		Component struct{ ID, Name, Version, Category string }
	}
	Certificate *struct {
		ID, SHA1 string
	} `json:"mostRecentSslCertificate"`
	Host struct{ ID string }
}

func (p record) key() string { return fmt.Sprintf("%s/%d", p.Protocol, p.Port) }

type page struct {
	Context string   `json:"@odata.context"`
	Count   *int     `json:"@odata.count"`
	Next    string   `json:"@odata.nextLink"`
	Value   []record `json:"value"`
}

func decode[T any](t testing.TB, answer *httptest.ResponseRecorder, status int) T {
	t.Helper()
	var v T
	if answer.Code != status {
		t.Fatalf("status %d, want %d: %s", answer.Code, status, answer.Body)
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %s", err, answer.Body)
	}
	return v
}

func portsPath(h hostport.Host) string {
	return "/v1.0/security/threatIntelligence/hosts/" + url.PathEscape(string(h)) + "/ports"
}

const full = "?$expand=mostRecentSslCertificate&$count=true"

// look reads a host's whole list along its links.
func (r *rig) look(h hostport.Host) map[string]record {
	r.t.Helper()
	ports := make(map[string]record)
	for next := portsPath(h) + full; next != ""; {
		p := decode[page](r.t, r.get(next), http.StatusOK)
		for _, record := range p.Value {
			ports[record.key()] = record
		}
		next = p.Next
	}
	return ports
}

// line is any line of the truth.
type line struct {
	Kind, At, Host, Protocol, What string
	N                              int64
	Port                           int
	From, To                       any
	Noise                          bool
	Request, Path, SHA256          string
	Status                         int
	Complete                       bool
	portKey                        string
	at                             time.Time
}

// lines are the truth's lines since the last call.
func (r *rig) lines() []line {
	r.t.Helper()
	var all []line
	for {
		text, err := r.truth.ReadBytes('\n')
		if err != nil {
			break
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			r.t.Fatalf("%v in %s", err, text)
		}
		if l.at, err = time.Parse(time.RFC3339Nano, l.At); err != nil {
			r.t.Fatal(err)
		}
		l.portKey = fmt.Sprintf("%s %s/%d", l.Host, l.Protocol, l.Port)
		all = append(all, l)
		if r.read++; l.N != int64(r.read) {
			r.t.Fatalf("line %d has n %d", r.read, l.N)
		}
	}
	return all
}
