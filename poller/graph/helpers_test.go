package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/portdelta/portdelta/internal/hostport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testHost = hostport.Host("203.0.113.7")

// noon is the clock of every test client.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.UTC)

// inProcess serves requests without a network, so that clients can be tested
// under synctest.
type inProcess struct{ http.Handler }

func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

// newTestClient is the one test constructor: change what differs.
func newTestClient(t testing.TB, h http.Handler, change ...func(*Options)) *Client {
	t.Helper()
	o := Options{BaseURL: "http://127.0.0.1:1/v1.0", Transport: inProcess{h}, Now: func() time.Time { return noon }}
	for _, f := range change {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// newLoopbackClient talks to h over a real connection.
func newLoopbackClient(t testing.TB, h http.Handler, change ...func(*Options)) *Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return newTestClient(t, nil, append([]func(*Options){func(o *Options) {
		o.BaseURL, o.Transport = server.URL+"/v1.0", nil
	}}, change...)...)
}

// script answers requests in turn, the last one for ever, and remembers them.
type script struct {
	answers []http.HandlerFunc

	mu   sync.Mutex
	seen []*http.Request
}

func play(answers ...http.HandlerFunc) *script { return &script{answers: answers} }

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	n := len(s.seen)
	s.seen = append(s.seen, r.Clone(context.Background()))
	s.mu.Unlock()
	w.Header().Set("request-id", fmt.Sprintf("r%d", n+1))
	s.answers[min(n, len(s.answers)-1)](w, r)
}

func (s *script) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

func answer(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		w.Write([]byte(text))
	}
}

func ok(text string) http.HandlerFunc { return answer(http.StatusOK, text) }

func throttled(retryAfter string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		answer(http.StatusTooManyRequests, graphErrorBody("TooManyRequests", "slow down"))(w, nil)
	}
}

func graphErrorBody(code, message string) string {
	b, err := json.Marshal(map[string]any{"error": map[string]any{"code": code, "message": message,
		"innerError": map[string]string{"request-id": "x"}}})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// pageOf writes a page of the given records; a count below 0 is left out.
func pageOf(count int, next string, records ...string) string {
	var b bytes.Buffer
	b.WriteString(`{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#ports"`)
	if count >= 0 {
		fmt.Fprintf(&b, `,"@odata.count":%d`, count)
	}
	if next != "" {
		fmt.Fprintf(&b, `,"@odata.nextLink":%q`, next)
	}
	fmt.Fprintf(&b, `,"value":[%s]}`, strings.Join(records, ","))
	return b.String()
}

func record(number int) string {
	return fmt.Sprintf(`{"id":"id%d","port":%d,"protocol":"tcp","status":"open","lastScanDateTime":"2026-11-23T09:00:00Z"}`, number, number)
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("graphjson", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// lookError asserts that err is a look error of the class.
func lookError(t testing.TB, err error, class hostport.Class) *hostport.LookError {
	t.Helper()
	var e *hostport.LookError
	if !errors.As(err, &e) {
		t.Fatalf("error %v is no *hostport.LookError", err)
	}
	if e.Class != class {
		t.Fatalf("class %s, want %s: %v", e.Class, class, err)
	}
	return e
}
