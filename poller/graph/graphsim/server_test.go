package graphsim

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

const root = "/v1.0/security/threatIntelligence/"

// graphError is the documented error body.
type graphError struct {
	Error struct {
		Code, Message string
		InnerError    struct {
			Date    string `json:"date"`
			Request string `json:"request-id"`
			Client  string `json:"client-request-id"`
		} `json:"innerError"`
	} `json:"error"`
}

var uuidText = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func TestListAndReads(t *testing.T) {
	r := newRig(t, WorldOptions{Hosts: 40, Seed: 2, Speed: 1}, Options{})
	stubs, certificates, shared := 0, 0, 0
	for _, h := range r.world.Hosts() {
		for _, version := range []string{"v1.0", "beta"} {
			path := strings.Replace(portsPath(h), "v1.0", version, 1)
			bare := decode[page](t, r.get(path), 200)
			if bare.Count != nil || bare.Next != "" || !strings.HasPrefix(bare.Context, "http://example.com/"+version+"/$metadata#") {
				t.Errorf("%s: count %v, next %q, context %q", h, bare.Count, bare.Next, bare.Context)
			}
			for _, p := range bare.Value {
				if p.Certificate != nil {
					stubs++
					if p.Certificate.SHA1 != "" {
						t.Errorf("%s %s: a certificate was expanded unasked", h, p.key())
					}
				}
			}
		}
		ports := r.look(h)
		for key, p := range ports {
			if raw, _ := base64.StdEncoding.DecodeString(p.ID); string(raw) != fmt.Sprintf("%s$$%d", h, p.Port) {
				t.Errorf("%s %s has id %q", h, key, raw)
			}
			if p.Host.ID != string(h) {
				t.Errorf("%s %s is of host %q", h, key, p.Host.ID)
			}
			one := decode[record](t, r.get(root+"hostPorts/"+url.PathEscape(p.ID)+"?$expand=mostRecentSslCertificate"), 200)
			if _, both := ports[fmt.Sprintf("tcp/%d", p.Port)]; both && p.Protocol == "udp" {
				shared++
				if one.Protocol != "tcp" {
					t.Errorf("the id of both protocols led to %s", one.key())
				}
			} else if one.key() != key || one.LastScan != p.LastScan {
				t.Errorf("%s %s read by id is %s of %s", h, key, one.key(), one.LastScan)
			}
			if p.Certificate == nil {
				continue
			}
			certificates++
			cert := decode[map[string]any](t, r.get(root+"sslCertificates/"+url.PathEscape(p.Certificate.ID)), 200)
			if cert["sha1"] != p.Certificate.SHA1 || strings.ReplaceAll(cert["fingerprint"].(string), ":", "") != p.Certificate.SHA1 {
				t.Errorf("certificate %s read as %v", p.Certificate.SHA1, cert)
			}
			if raw, _ := base64.StdEncoding.DecodeString(p.Certificate.ID); string(raw) != p.Certificate.SHA1 {
				t.Errorf("certificate id %q is %q", p.Certificate.ID, raw)
			}
			subject := cert["subject"].(map[string]any)
			names, sample := subject["alternateName"], subject["alternateNames"]
			if (names == nil) == (sample == nil) || len(cert["serialNumber"].(string)) < 20 || cert["issuer"] == nil {
				t.Errorf("certificate %v", cert)
			}
		}
		entity := decode[map[string]any](t, r.get(root+"hosts/"+url.PathEscape(string(h))), 200)
		want := "#microsoft.graph.security.hostname"
		if h.IsAddr() {
			want = "#microsoft.graph.security.ipAddress"
		}
		if entity["@odata.type"] != want || entity["id"] != string(h) {
			t.Errorf("host %s: %v", h, entity)
		}
	}
	if stubs == 0 || certificates == 0 || shared == 0 {
		t.Errorf("%d stubs, %d certificates, %d shared ids: nothing was tested", stubs, certificates, shared)
	}
}

func TestPaging(t *testing.T) {
	r := newRig(t, WorldOptions{Hosts: 1, Seed: 4, PortsPerHost: 30}, Options{PageSize: 7})
	h := r.world.Hosts()[0]
	all := r.world.hosts[0].listed()
	for _, query := range []string{"?$count=true", "?$count=true&$top=3", "?$count=true&$top=5000", "?$count=true&$expand=mostRecentSslCertificate&$top=1"} {
		seen, pages := make(map[string]bool), 0
		for next := portsPath(h) + query; next != ""; pages++ {
			p := decode[page](t, r.get(next), 200)
			if p.Count == nil || *p.Count != all {
				t.Fatalf("%s page %d: count %v of %d", query, pages, p.Count, all)
			}
			for _, record := range p.Value {
				if seen[record.key()] {
					t.Errorf("%s: %s twice", query, record.key())
				}
				seen[record.key()] = true
			}
			if next = p.Next; next != "" && !strings.HasPrefix(next, "http://example.com"+portsPath(h)+"?") {
				t.Fatalf("next link %q", next)
			}
		}
		if len(seen) != all || pages < 2 {
			t.Errorf("%s: %d of %d ports in %d pages", query, len(seen), all, pages)
		}
	}
	if p := decode[page](t, r.get(portsPath(h)+"?$skip=10&$top=4&$count=true"), 200); len(p.Value) != 4 || *p.Count != all {
		t.Errorf("$skip and $top gave %d", len(p.Value))
	}
	if p := decode[page](t, r.get(portsPath(h)+"?$top=0&$count=true"), 200); len(p.Value) != 0 || p.Next != "" || *p.Count != all {
		t.Errorf("$top=0 gave %+v", p)
	}
	if p := decode[page](t, r.get(portsPath(h)+"?$skip=1000"), 200); len(p.Value) != 0 || p.Next != "" {
		t.Errorf("$skip past the end gave %+v", p)
	}
}

func TestRefusals(t *testing.T) {
	r := newRig(t, WorldOptions{Hosts: 2, Seed: 4}, Options{})
	hosts := r.world.Hosts()
	list := portsPath(hosts[0])
	link := decode[page](t, r.get(list+"?$top=1"), 200).Next
	other := strings.Replace(link, string(hosts[0]), string(hosts[1]), 1)
	port := root + "hostPorts/" + url.PathEscape(portID(hosts[0], r.world.hosts[0].ports[0].key.Number))
	for target, status := range map[string]int{
		portsPath("192.0.2.255"):                     404,
		portsPath("unknown.example.com"):             404,
		portsPath("not a host"):                      404,
		root + "hosts/192.0.2.255":                   404,
		root + "hostPorts/" + portID(hosts[0], 1):    404,
		root + "hostPorts/!":                         404,
		root + "hostPorts/MjAz":                      404,
		root + "sslCertificates/MjAz":                404,
		list + "?$filter=port%20eq%2080":             400,
		list + "?$orderby=port":                      400,
		list + "?$select=id":                         400,
		list + "?$unheard=1":                         400,
		list + "?$top=-1":                            400,
		list + "?$top=x":                             400,
		list + "?$top=99999999999":                   400,
		list + "?$skip=-1":                           400,
		list + "?$skip=":                             400,
		list + "?$count=yes":                         400,
		list + "?$expand=host":                       400,
		list + "?$expand=mostRecentSslCertificate,x": 400,
		list + "?$top=1&$top=2":                      400,
		list + "?$top=%zz":                           400,
		list + "?$skiptoken=AAAA":                    400,
		link + "x":                                   400,
		other:                                        400,
		port + "?$top=1":                             400,
		root + "hosts/" + string(hosts[0]) + "?$expand=ports": 400,
		"/v1.0/users": 400,
		"/v2.0/security/threatIntelligence/hosts/1": 400,
		"/":               400,
		root + "articles": 400,
	} {
		answer := r.get(target, "client-request-id", "my-id")
		body := decode[graphError](t, answer, status)
		inner := body.Error.InnerError
		if body.Error.Code == "" || body.Error.Message == "" || inner.Request != answer.Header()["request-id"][0] || inner.Client != "my-id" {
			t.Errorf("%s: %+v", target, body)
		}
		if !uuidText.MatchString(inner.Request) {
			t.Errorf("request id %q", inner.Request)
		}
		if _, err := time.Parse("2006-01-02T15:04:05", inner.Date); err != nil {
			t.Errorf("date %q: %v", inner.Date, err)
		}
	}
	// What is not an OData option is nobody's business; an id's spelling counts, a host's does not.
	for _, target := range []string{
		list + "?top=1", list + "?$count=TRUE", strings.Replace(list, "/hosts/", "/hosts/%3A%3Affff%3A", 1),
	} {
		if answer := r.get(target); answer.Code != 200 {
			t.Errorf("%s: %d %s", target, answer.Code, answer.Body)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodDelete, http.MethodHead} {
		answer := httptest.NewRecorder()
		r.server.ServeHTTP(answer, httptest.NewRequest(method, list, nil))
		if answer.Code != 405 || answer.Header().Get("Allow") != "GET" {
			t.Errorf("%s: %d %v", method, answer.Code, answer.Header())
		}
	}
	answer := httptest.NewRecorder()
	r.server.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/v1.0/$batch", strings.NewReader("{}")))
	decode[graphError](t, answer, 400)
}

func TestIDs(t *testing.T) {
	r := newRig(t, WorldOptions{Hosts: 1, Seed: 4}, Options{})
	path := portsPath(r.world.Hosts()[0])
	for sent, echoed := range map[string]bool{"abc": true, "": false, "a b": false, strings.Repeat("x", 200): false, "a\x01": false} {
		answer := r.get(path, "client-request-id", sent)
		client, request := answer.Header()["client-request-id"][0], answer.Header()["request-id"][0]
		if (client == sent) != echoed || !echoed && client != request {
			t.Errorf("client-request-id %q came back as %q of request %q", sent, client, request)
		}
	}
}

func TestToken(t *testing.T) {
	r := newRig(t, WorldOptions{Hosts: 1, Seed: 4}, Options{Token: "secret"})
	path := portsPath(r.world.Hosts()[0])
	for _, wrong := range []string{"", "Bearer", "Bearer other", "secret", "Basic secret", "Bearer secret "} {
		for _, target := range []string{path, controlPath, "/v1.0/$batch"} {
			answer := r.get(target, "Authorization", wrong)
			body := decode[graphError](t, answer, 401)
			if !strings.HasPrefix(answer.Header().Get("WWW-Authenticate"), "Bearer ") || body.Error.Code != "InvalidAuthenticationToken" {
				t.Errorf("%q: %v %+v", wrong, answer.Header(), body)
			}
			if strings.Contains(answer.Body.String(), "secret") {
				t.Error("the answer holds the token")
			}
		}
	}
	for _, right := range []string{"Bearer secret", "bearer secret"} {
		if answer := r.get(path, "Authorization", right); answer.Code != 200 {
			t.Errorf("%q: %d", right, answer.Code)
		}
	}
}

func TestGzip(t *testing.T) {
	r := newRig(t, WorldOptions{Hosts: 1, Seed: 4}, Options{})
	path := portsPath(r.world.Hosts()[0])
	for accept, zipped := range map[string]bool{"gzip": true, "br, GZIP;q=0.5": true, "": false, "gzip;q=0": false, "identity": false} {
		answer := r.get(path, "Accept-Encoding", accept)
		if (answer.Header().Get("Content-Encoding") == "gzip") != zipped {
			t.Errorf("%q: %v", accept, answer.Header())
			continue
		}
		body := io.Reader(answer.Body)
		if zipped {
			var err error
			if body, err = gzip.NewReader(body); err != nil {
				t.Fatal(err)
			}
		}
		text, err := io.ReadAll(body)
		if err != nil || !json.Valid(text) {
			t.Errorf("%q: %v, %s", accept, err, text)
		}
		lines := r.lines()
		if sum := sha256.Sum256(text); lines[0].SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("%q: the truth has another digest", accept)
		}
	}
}

// The truth has every answer of the service, and of the controls none.
func TestAnswersInTruth(t *testing.T) {
	r := newRig(t, WorldOptions{Hosts: 1, Seed: 6, PortsPerHost: 20}, Options{PageSize: 6})
	h := r.world.Hosts()[0]
	r.look(h)
	answer := r.get(portsPath("192.0.2.255"))
	r.get(portsPath(h) + "?$top=x")
	r.get(controlPath)
	lines := r.lines()
	if listed := r.world.hosts[0].listed(); listed <= 12 || listed > 18 || len(lines) != 5 {
		t.Fatalf("%d ports, %d lines: %+v", listed, len(lines), lines)
	}
	for i, want := range []line{
		{Host: string(h), Status: 200, Complete: true, Path: portsPath(h)},
		{Host: string(h), Status: 200, Complete: true, Path: portsPath(h)},
		{Host: string(h), Status: 200, Complete: true, Path: portsPath(h)},
		{Host: "192.0.2.255", Status: 404, Complete: true, Path: portsPath("192.0.2.255")},
		{Host: string(h), Status: 400, Path: portsPath(h)},
	} {
		got := lines[i]
		if got.Kind != "answer" || got.Host != want.Host || got.Status != want.Status || got.Complete != want.Complete || got.Path != want.Path || !got.at.Equal(epoch) {
			t.Errorf("line %d: %+v, want %+v", i, got, want)
		}
	}
	if lines[3].Request != answer.Header()["request-id"][0] {
		t.Errorf("request %q", lines[3].Request)
	}
}
