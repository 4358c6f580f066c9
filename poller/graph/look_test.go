package graph

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

const nextPage = "http://127.0.0.1:1/v1.0/next?$skiptoken=a%2Fb"

// Every way in which the pages of a list can bear one another out, or fail to (P1).
func TestProof(t *testing.T) {
	bad := `{"port":null}`
	for _, tt := range []struct {
		name  string
		pages []string
		want  hostport.Proof
		sums  hostport.Paging
	}{
		{"one page, count equal", []string{pageOf(2, "", record(1), record(2))}, hostport.Single, hostport.Paging{Pages: 1, Count: 2, Distinct: 2}},
		{"one page, no count", []string{pageOf(-1, "", record(1))}, hostport.Single, hostport.Paging{Pages: 1, Count: -1, Distinct: 1}},
		{"empty", []string{pageOf(0, "")}, hostport.Single, hostport.Paging{Pages: 1, Count: 0}},
		{"one page, an unreadable record counts", []string{pageOf(2, "", record(1), bad)}, hostport.Single, hostport.Paging{Pages: 1, Count: 2, Distinct: 1, Unreadable: 1}},
		{"one page, count above", []string{pageOf(3, "", record(1), record(2))}, hostport.Unproven, hostport.Paging{Pages: 1, Count: 3, Distinct: 2}},
		{"one page, count below", []string{pageOf(1, "", record(1), record(2))}, hostport.Unproven, hostport.Paging{Pages: 1, Count: 1, Distinct: 2}},
		{"one page, count met by a repeated record", []string{pageOf(2, "", record(1), record(1))}, hostport.Unproven, hostport.Paging{Pages: 1, Count: 2, Distinct: 1, Repeated: 1}},
		{"one page, unreadable count", []string{`{"@odata.count":"two","value":[]}`}, hostport.Unproven, hostport.Paging{Pages: 1, Count: -1}},
		{"two pages, counts equal", []string{pageOf(2, nextPage, record(1)), pageOf(2, "", record(2))}, hostport.Counted, hostport.Paging{Pages: 2, Count: 2, Distinct: 2}},
		{"two pages, count on the first alone", []string{pageOf(2, nextPage, record(1)), pageOf(-1, "", record(2))}, hostport.Counted, hostport.Paging{Pages: 2, Count: 2, Distinct: 2}},
		{"an empty page between", []string{pageOf(2, nextPage, record(1)), pageOf(2, nextPage+"1"), pageOf(2, "", record(2))}, hostport.Counted, hostport.Paging{Pages: 3, Count: 2, Distinct: 2}},
		{"two pages, an unreadable record counts", []string{pageOf(2, nextPage, bad), pageOf(2, "", record(2))}, hostport.Counted, hostport.Paging{Pages: 2, Count: 2, Distinct: 1, Unreadable: 1}},
		{"two pages, no count", []string{pageOf(-1, nextPage, record(1)), pageOf(-1, "", record(2))}, hostport.Unproven, hostport.Paging{Pages: 2, Count: -1, Distinct: 2}},
		{"two pages, one lost", []string{pageOf(3, nextPage, record(1)), pageOf(3, "", record(2))}, hostport.Unproven, hostport.Paging{Pages: 2, Count: 3, Distinct: 2}},
		{"two pages, one repeated", []string{pageOf(2, nextPage, record(1), record(2)), pageOf(2, "", record(2))}, hostport.Unproven, hostport.Paging{Pages: 2, Count: 2, Distinct: 2, Repeated: 1}},
		{"two pages, the counts differ", []string{pageOf(1, nextPage, record(1)), pageOf(2, "", record(2))}, hostport.Unproven, hostport.Paging{Pages: 2, Count: 2, Distinct: 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var answers []http.HandlerFunc
			for range limits.ListReadings.Max {
				for _, p := range tt.pages {
					answers = append(answers, ok(p))
				}
			}
			s := play(answers...)
			got, err := newTestClient(t, s).Look(t.Context(), testHost)
			if err != nil {
				t.Fatal(err)
			}
			readings := 1
			if tt.want == hostport.Unproven {
				readings = limits.ListReadings.Max // and then it is returned as it is
			}
			if n := len(s.requests()); n != readings*len(tt.pages) {
				t.Errorf("%d requests, want %d readings of %d pages", n, readings, len(tt.pages))
			}
			if got.Proof != tt.want || got.Result != hostport.Ports {
				t.Errorf("proof %s, result %s; want %s", got.Proof, got.Result, tt.want)
			}
			if d := cmp.Diff(tt.sums, got.Paging); d != "" {
				t.Error(d)
			}
			if len(got.Ports) != tt.sums.Distinct || len(got.Malformed) != tt.sums.Unreadable {
				t.Errorf("%d ports, %d malformed", len(got.Ports), len(got.Malformed))
			}
			if len(got.Requests) != len(tt.pages) {
				t.Errorf("requests %v", got.Requests)
			}
		})
	}
}

func TestSnapshotHead(t *testing.T) {
	s := play(ok(pageOf(2, nextPage, record(1))), ok(pageOf(2, "", record(2))))
	got, err := newTestClient(t, s).Look(t.Context(), testHost)
	if err != nil {
		t.Fatal(err)
	}
	if got.Host != testHost || !got.At.Equal(noon.Truncate(time.Millisecond)) || got.At.Location() != time.UTC {
		t.Errorf("host %s at %s", got.Host, got.At)
	}
	if d := cmp.Diff([]string{"r1", "r2"}, got.Requests); d != "" {
		t.Error(d)
	}
	first, second := s.requests()[0], s.requests()[1]
	if want := "/v1.0/security/threatIntelligence/hosts/203.0.113.7/ports?$count=true&$expand=mostRecentSslCertificate"; first.URL.RequestURI() != want {
		t.Errorf("asked for %s", first.URL.RequestURI())
	}
	if got := second.URL.String(); got != nextPage {
		t.Errorf("followed %s, which is not the link as it came", got)
	}
	ids := map[string]bool{}
	for _, r := range s.requests() {
		if id := r.Header.Get("client-request-id"); len(id) != 36 {
			t.Errorf("client-request-id %q", id)
		} else {
			ids[id] = true
		}
		if r.Header.Get("Authorization") != "" {
			t.Error("a token without a credential")
		}
	}
	if len(ids) != 2 {
		t.Error("one client-request-id for two requests")
	}
}

func TestSecondReadingProves(t *testing.T) {
	s := play(
		ok(pageOf(3, nextPage, record(1))), ok(pageOf(3, "", record(3))), // one slipped between the pages
		ok(pageOf(3, nextPage, record(1), record(2))), ok(pageOf(3, "", record(3))))
	got, err := newTestClient(t, s).Look(t.Context(), testHost)
	if err != nil {
		t.Fatal(err)
	}
	if got.Proof != hostport.Counted || len(got.Ports) != 3 {
		t.Errorf("proof %s, %d ports", got.Proof, len(got.Ports))
	}
	if d := cmp.Diff([]string{"r3", "r4"}, got.Requests); d != "" {
		t.Errorf("requests are not those of the reading used: %s", d)
	}
}

func TestHostsAreEscaped(t *testing.T) {
	for host, want := range map[hostport.Host]string{
		"2001:db8::7":     "/v1.0/security/threatIntelligence/hosts/2001:db8::7/ports",
		"www.example.com": "/v1.0/security/threatIntelligence/hosts/www.example.com/ports",
	} {
		s := play(ok(pageOf(0, "")))
		if _, err := newTestClient(t, s).Look(t.Context(), host); err != nil {
			t.Fatal(err)
		}
		if got := s.requests()[0].URL.EscapedPath(); got != want {
			t.Errorf("%s: asked for %s", host, got)
		}
	}
}

func TestUnknownHost(t *testing.T) {
	s := play(answer(404, graphErrorBody("", "not found")))
	got, err := newTestClient(t, s).Look(t.Context(), testHost)
	if err != nil {
		t.Fatal(err)
	}
	want := hostport.Snapshot{Host: testHost, At: noon.Truncate(time.Millisecond), Result: hostport.Unknown, Proof: hostport.Single,
		Requests: []string{"r1"}, Paging: hostport.Paging{Pages: 1, Count: -1}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Only the service's own 404 says that it does not know the host.
func TestForeign404(t *testing.T) {
	for _, text := range []string{"<html>404</html>", "", `{"message":"no route"}`, `{"error":"not found"}`, `{"error":{"code":"x"}`} {
		_, err := newTestClient(t, play(answer(404, text))).Look(t.Context(), testHost)
		if e := lookError(t, err, hostport.Misconfigured); e.Status != 404 || e.RequestID != "r1" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLaterPageGone(t *testing.T) {
	s := play(ok(pageOf(2, nextPage, record(1))), answer(404, graphErrorBody("ItemNotFound", "expired")))
	_, err := newTestClient(t, s).Look(t.Context(), testHost)
	lookError(t, err, hostport.Unavailable)
}

// A link that leads back, out or on for ever fails the look, whatever the pages
// before it held (P1).
func TestLinks(t *testing.T) {
	for _, tt := range []struct {
		name  string
		links []string // of the pages in turn, the last for ever
		class hostport.Class
	}{
		{"the same for ever", []string{nextPage}, hostport.Unreadable},
		{"a cycle of three", []string{nextPage + "1", nextPage + "2", nextPage + "3", nextPage + "1"}, hostport.Unreadable},
		{"back to the first", []string{nextPage, "http://127.0.0.1:1/v1.0/security/threatIntelligence/hosts/203.0.113.7/ports?$count=true&$expand=mostRecentSslCertificate"}, hostport.Unreadable},
		{"another host", []string{"https://evil.example/v1.0/next"}, hostport.Misconfigured},
		{"another port", []string{"http://127.0.0.1:2/v1.0/next"}, hostport.Misconfigured},
		{"another scheme", []string{"https://127.0.0.1:1/v1.0/next"}, hostport.Misconfigured},
		{"a user", []string{"http://root@127.0.0.1:1/v1.0/next"}, hostport.Misconfigured},
		{"a host in the user", []string{"http://127.0.0.1:1@evil.example/next"}, hostport.Misconfigured},
		{"relative", []string{"/v1.0/next"}, hostport.Misconfigured},
		{"not a URL", []string{"http://[::1"}, hostport.Misconfigured},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var answers []http.HandlerFunc
			for i, link := range tt.links {
				answers = append(answers, ok(pageOf(-1, link, record(i+1))))
			}
			s := play(answers...)
			got, err := newTestClient(t, s).Look(t.Context(), testHost)
			lookError(t, err, tt.class)
			if len(got.Ports) != 0 {
				t.Errorf("a failed look gave %d ports", len(got.Ports))
			}
			if n := len(s.requests()); n > 4 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestLinkOfTheSameOrigin(t *testing.T) {
	s := play(ok(pageOf(2, "HTTP://127.0.0.1:1/v1.0/next", record(1))), ok(pageOf(2, "", record(2))))
	if _, err := newTestClient(t, s).Look(t.Context(), testHost); err != nil {
		t.Fatal(err)
	}
}

func TestEndlessPages(t *testing.T) {
	n := 0
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		ok(pageOf(-1, fmt.Sprintf("%s%d", nextPage, n)))(w, r)
	})
	_, err := newTestClient(t, h).Look(t.Context(), testHost)
	lookError(t, err, hostport.Unreadable)
	if n != limits.Pages.Max {
		t.Errorf("%d pages read", n)
	}
}

func TestEndlessList(t *testing.T) {
	one := strings.Repeat(`{},`, limits.PortsPerHost.Max/2) + `{}`
	s := play(ok(`{"value":[`+one+`],"@odata.nextLink":"`+nextPage+`"}`), ok(`{"value":[`+one+`]}`))
	_, err := newTestClient(t, s).Look(t.Context(), testHost)
	lookError(t, err, hostport.Unreadable)
	s = play(ok(`{"value":[` + one + `,` + one + `]}`))
	_, err = newTestClient(t, s).Look(t.Context(), testHost)
	lookError(t, err, hostport.Unreadable)
}
