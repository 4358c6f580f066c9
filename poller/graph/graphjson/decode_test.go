package graphjson

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

var withoutRaw = cmpopts.IgnoreFields(hostport.Port{}, "Raw")

func TestListSample(t *testing.T) {
	p, err := DecodePage(sample(t, "list-hostports.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := Page{Count: NoCount, Ports: []hostport.Port{{
		PortKey:       hostport.PortKey{Protocol: "tcp", Number: 443},
		ID:            "tKhoxnUMGirrHqYiMpsdaQRDZKBnXrao",
		Status:        hostport.Open,
		FirstSeen:     date(t, "2016-12-06T20:23:38Z"),
		LastSeen:      date(t, "2023-07-18T23:24:01Z"),
		LastScan:      date(t, "2023-07-18T23:24:29Z"),
		TimesObserved: 15590,
		Banners: []hostport.Banner{
			{Text: "HTTP/1.1 302 Found\r\nX-Content-Type-Options:...", ScanProtocol: "http_raw",
				FirstSeen: date(t, "2023-06-21T00:49:23Z"), LastSeen: date(t, "2023-07-18T15:31:57Z")},
			{Text: "HTTP/1.1 302 Found\r\nX-Content-Type-Options:...", ScanProtocol: "http_raw",
				FirstSeen: date(t, "2021-03-12T15:38:42Z"), LastSeen: date(t, "2023-07-18T15:22:16Z")},
		},
		Services: []hostport.Service{
			{Category: "Server", Name: "scaffolding on HTTPServer2", IsRecent: true,
				FirstSeen: date(t, "2020-10-28T22:39:51Z"), LastSeen: date(t, "2023-07-18T22:13:54Z")},
			{Category: "Server", Name: "nginx", Version: "1.18.0",
				FirstSeen: date(t, "2022-06-26T04:29:25Z"), LastSeen: date(t, "2023-07-18T00:54:13Z")},
		},
		Certificate: &hostport.Certificate{ID: "ZmI5NjU1MTUwNWYxZWRiMjRkZDNiMzZmY2ZmZGI3NjU4MzNiODExOA=="},
	}}}
	if d := cmp.Diff(want, p, withoutRaw); d != "" {
		t.Error(d)
	}
	if !p.Ports[0].Certificate.Stub() {
		t.Error("a certificate of an id alone is no stub")
	}
	if raw := string(p.Ports[0].Raw); !strings.HasPrefix(raw, `{"id":"tKhoxn`) || !strings.HasSuffix(raw, `"host":{"id":"85.13.139.18"}}`) {
		t.Errorf("raw record is not the compact record: %s", raw)
	}
}

// The documented single port is wrapped, and one of its dates is impossible:
// that field alone is lost (P12).
func TestPortSample(t *testing.T) {
	p, err := DecodePort(sample(t, "get-hostport.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := hostport.Port{
		PortKey:       hostport.PortKey{Protocol: "tcp", Number: 21},
		ID:            "ODUuMTMuMTM5LjE4JCQyMQ==",
		Status:        hostport.Open,
		LastSeen:      date(t, "2023-08-09T23:18:21Z"),
		LastScan:      date(t, "2023-08-09T23:20:33Z"),
		TimesObserved: 3698,
		Banners: []hostport.Banner{{Text: "220 FTP on dd44024.kasserver.com ready\r\n", ScanProtocol: "telnet",
			FirstSeen: date(t, "2021-03-08T16:21:28Z"), LastSeen: date(t, "2023-08-09T23:18:21Z")}},
		Services: []hostport.Service{{Category: "Remote Access", Name: "OpenSSH", Version: "8.2p1", IsRecent: true,
			FirstSeen: date(t, "2021-05-26T01:05:09Z"), LastSeen: date(t, "2023-08-09T12:59:13Z")}},
		Certificate: &hostport.Certificate{ID: "ZDg5ZTNiZDQzZDVkOTA5YjQ3YTE4OTc3YWE5ZDVjZTM2Y2VlMTg0Yw=="},
		Malformed: []hostport.Malformed{{Field: "firstSeenDateTime", Record: "tcp/21",
			Digest: "1fb31ef9fcf876e6ad13b8d5bdcebb58", Length: len(`"2016-17-13T08:43:41.00Z"`)}},
	}
	if d := cmp.Diff(want, p, withoutRaw); d != "" {
		t.Error(d)
	}
}

func TestCertificateSample(t *testing.T) {
	c, lost, raw, err := DecodeCertificate(sample(t, "get-sslcertificate.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := hostport.Certificate{
		ID:           "ZmI5NjU1MTUwNWYxZWRiMjRkZDNiMzZmY2ZmZGI3NjU4MzNiODExOA==",
		SHA1:         "fb96551505f1edb24dd3b36fcffdb765833b8118",
		Subject:      "CN=microsoft.com,O=Microsoft Corporation,L=Redmond,ST=WA,C=US",
		Issuer:       "CN=Microsoft Azure TLS Issuing CA 05,O=Microsoft Corporation,C=US",
		SerialNumber: "1137389559885717770175191329273386705719099773",
		NotBefore:    date(t, "2023-03-09T18:56:17Z"),
		NotAfter:     date(t, "2024-03-03T18:56:17Z"),
		Names: []string{"businesscentral.microsoft.com", "gigjam.microsoft.com", "mac2.microsoft.com",
			"oemcommunity.microsoft.com", "pymes.microsoft.com", "sponsors.microsoft.com"},
	}
	if d := cmp.Diff(want, c); d != "" {
		t.Error(d)
	}
	if len(lost) != 0 {
		t.Errorf("lost %v", lost)
	}
	if !strings.HasPrefix(string(raw), `{"id":"ZmI5`) {
		t.Errorf("raw is not the bare entity: %.60s", raw)
	}
}

// A record of this test has a readable key; what it says of the rest is read
// field by field, and the fields lost are named (P12).
func TestTolerantFields(t *testing.T) {
	const sha1 = "fb96551505f1edb24dd3b36fcffdb765833b8118"
	port := func(change func(*hostport.Port)) hostport.Port {
		p := hostport.Port{PortKey: hostport.PortKey{Protocol: "tcp", Number: 443}, Status: hostport.Open}
		if change != nil {
			change(&p)
		}
		return p
	}
	certificate := func(c hostport.Certificate) hostport.Port {
		return port(func(p *hostport.Port) { p.Certificate = &c })
	}
	scan := func(t *testing.T, s string) hostport.Port {
		return port(func(p *hostport.Port) { p.LastScan = date(t, s) })
	}
	for _, tt := range []struct {
		name   string
		fields string // beside port, protocol and status
		want   hostport.Port
		lost   []string
	}{
		{"nothing else", ``, port(nil), nil},
		{"nulls", `"id":null,"banners":null,"services":null,"mostRecentSslCertificate":null,"timesObserved":null,"lastScanDateTime":null`, port(nil), nil},
		{"unknown fields", `"new":{"a":[1,{"b":null}]},"status2":"x"`, port(nil), nil},
		{"names in another case", `"LASTSCANDATETIME":"2026-01-02T03:04:05Z"`, scan(t, "2026-01-02T03:04:05Z"), nil},
		{"name with an escape", `"lastScanDateTi\u006de":"2026-01-02T03:04:05Z"`, scan(t, "2026-01-02T03:04:05Z"), nil},
		{"a field twice", `"lastScanDateTime":"2025-01-02T03:04:05Z","lastScanDateTime":"2026-01-02T03:04:05Z"`, scan(t, "2026-01-02T03:04:05Z"), nil},
		{"no fraction", `"lastScanDateTime":"2026-01-02T03:04:05Z"`, scan(t, "2026-01-02T03:04:05Z"), nil},
		{"seven digits", `"lastScanDateTime":"2026-01-02T03:04:05.1234567Z"`, scan(t, "2026-01-02T03:04:05.1234567Z"), nil},
		{"twelve digits", `"lastScanDateTime":"2026-01-02T03:04:05.123456789012Z"`, scan(t, "2026-01-02T03:04:05.123456789Z"), nil},
		{"an offset", `"lastScanDateTime":"2026-01-02T05:04:05+02:00"`, scan(t, "2026-01-02T03:04:05Z"), nil},
		{"no such date", `"lastScanDateTime":"2026-02-30T03:04:05Z"`, port(nil), []string{"lastScanDateTime"}},
		{"date of the wrong type", `"lastScanDateTime":1767323045`, port(nil), []string{"lastScanDateTime"}},
		{"empty date", `"lastScanDateTime":""`, port(nil), []string{"lastScanDateTime"}},
		{"no date, as .NET writes it", `"lastScanDateTime":"0001-01-01T00:00:00Z"`, port(nil), nil},
		{"date before 1970", `"lastScanDateTime":"1969-12-31T23:59:59Z"`, port(nil), []string{"lastScanDateTime"}},
		{"long date", `"lastScanDateTime":"2026-01-02T03:04:05.` + strings.Repeat("1", 100) + `Z"`, port(nil), []string{"lastScanDateTime"}},
		{"counter of the wrong type", `"timesObserved":"many"`, port(nil), []string{"timesObserved"}},
		{"counter below zero", `"timesObserved":-1`, port(nil), []string{"timesObserved"}},
		{"counter in quotes", `"timesObserved":"12"`, port(func(p *hostport.Port) { p.TimesObserved = 12 }), nil},
		{"id of the wrong type", `"id":{"a":1}`, port(nil), []string{"id"}},
		{"long id", `"id":"` + strings.Repeat("x", limits.FieldBytes.Max+1) + `"`, port(nil), []string{"id"}},
		{"banners of the wrong type", `"banners":{"banner":"x"}`, port(nil), []string{"banners"}},
		{"banners that are none", `"banners":[null,7,{"banner":null},{"banner":["x"]},{"banner":"ok","timesObserved":3}]`,
			port(func(p *hostport.Port) { p.Banners = []hostport.Banner{{Text: "ok"}} }),
			[]string{"banners[]", "banners[]", "banners[]", "banners[]"}},
		{"banner with a bad date", `"banners":[{"banner":"ok","scanProtocol":"HTTP","lastSeenDateTime":"never"}]`,
			port(func(p *hostport.Port) { p.Banners = []hostport.Banner{{Text: "ok", ScanProtocol: "HTTP"}} }),
			[]string{"banners[].lastSeenDateTime"}},
		{"banner with invalid UTF-8", "\"banners\":[{\"banner\":\"a\xff\\n\xc3\xa9\\u00e9\xc3\"}]",
			port(func(p *hostport.Port) { p.Banners = []hostport.Banner{{Text: "a\xff\n\xc3\xa9\u00e9\xc3"}} }), nil},
		{"banner with a lone surrogate", `"banners":[{"banner":"a\ud800b\ud83d\ude00\u0000"}]`,
			port(func(p *hostport.Port) { p.Banners = []hostport.Banner{{Text: "a\ufffdb\U0001f600\x00"}} }), nil},
		{"services that are none", `"services":[{"isRecent":true},{"component":"nginx"},{"component":{"name":""}},{"component":{"name":"nginx","version":null,"category":5},"isRecent":"yes"}]`,
			port(func(p *hostport.Port) { p.Services = []hostport.Service{{Name: "nginx"}} }),
			[]string{"services[]", "services[]", "services[]", "services[].component.category", "services[].isRecent"}},
		{"certificate of the wrong type", `"mostRecentSslCertificate":"x"`, port(nil), []string{"mostRecentSslCertificate"}},
		{"certificate that says nothing", `"mostRecentSslCertificate":{}`, port(nil), []string{"mostRecentSslCertificate"}},
		{"certificate by sha1 alone", `"mostRecentSslCertificate":{"sha1":"` + strings.ToUpper(sha1) + `"}`, certificate(hostport.Certificate{SHA1: sha1}), nil},
		{"certificate by fingerprint", `"mostRecentSslCertificate":{"id":"a","sha1":null,"fingerprint":"FB:96:55:15:05:f1:ed:b2:4d:d3:b3:6f:cf:fd:b7:65:83:3b:81:18"}`,
			certificate(hostport.Certificate{ID: "a", SHA1: sha1}), nil},
		{"certificate with a bad sha1", `"mostRecentSslCertificate":{"id":"a","sha1":"fb96"}`, certificate(hostport.Certificate{ID: "a"}), []string{"mostRecentSslCertificate.sha1"}},
		{"certificate whose id is a digest", `"mostRecentSslCertificate":{"id":"ZmI5NjU1MTUwNWYxZWRiMjRkZDNiMzZmY2ZmZGI3NjU4MzNiODExOA==","expirationDateTime":"2027-01-01T00:00:00Z"}`,
			certificate(hostport.Certificate{ID: "ZmI5NjU1MTUwNWYxZWRiMjRkZDNiMzZmY2ZmZGI3NjU4MzNiODExOA==", NotAfter: date(t, "2027-01-01T00:00:00Z")}), nil},
		{"serial as a number", `"mostRecentSslCertificate":{"id":"a","serialNumber":123456789012345678901234567890}`,
			certificate(hostport.Certificate{ID: "a", SerialNumber: "123456789012345678901234567890"}), nil},
		{"serial with an exponent", `"mostRecentSslCertificate":{"id":"a","serialNumber":1.1e46}`, certificate(hostport.Certificate{ID: "a"}), []string{"mostRecentSslCertificate.serialNumber"}},
		{"names in both spellings", `"mostRecentSslCertificate":{"id":"a","subject":{"alternateNames":["b.example","a.example"],"alternateName":["a.example",null,3]}}`,
			certificate(hostport.Certificate{ID: "a", Names: []string{"a.example", "b.example"}}), []string{"mostRecentSslCertificate.subject.alternateNames[]"}},
		{"address of the wrong type", `"mostRecentSslCertificate":{"id":"a","issuer":{"commonName":"CA","address":"Redmond"}}`,
			certificate(hostport.Certificate{ID: "a", Issuer: "CN=CA"}), []string{"mostRecentSslCertificate.issuer.address"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := `{"port":443,"protocol":"TCP","status":"Open"`
			if tt.fields != "" {
				text += "," + tt.fields
			}
			p, err := DecodePage([]byte(`{"value":[` + text + `}]}`))
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Ports) != 1 || len(p.Unreadable) != 0 {
				t.Fatalf("%d ports, %d unreadable", len(p.Ports), len(p.Unreadable))
			}
			if d := cmp.Diff(tt.want, p.Ports[0], withoutRaw, cmpopts.IgnoreFields(hostport.Port{}, "Malformed")); d != "" {
				t.Error(d)
			}
			var lost []string
			for _, m := range p.Ports[0].Malformed {
				lost = append(lost, m.Field)
				if m.Record != "tcp/443" || len(m.Digest) != 32 || m.Length == 0 {
					t.Errorf("malformed %+v", m)
				}
			}
			if d := cmp.Diff(tt.lost, lost); d != "" {
				t.Errorf("fields lost: %s", d)
			}
		})
	}
}

func TestStatusWords(t *testing.T) {
	for _, tt := range []struct {
		status string
		want   hostport.Status
		lost   bool
	}{
		{`"status":"open",`, hostport.Open, false},
		{`"status":"FILTERED",`, hostport.Filtered, false},
		{`"status":"unknownFutureValue",`, "unknownFutureValue", false},
		{`"status":"halfOpen",`, "halfOpen", false},
		{`"status":null,`, "", true},
		{`"status":"",`, "", true},
		{`"status":7,`, "", true},
		{`"status":"a b",`, "", true},
		{`"status":"` + strings.Repeat("x", 65) + `",`, "", true},
		{``, "", true},
	} {
		p, err := DecodePage([]byte(`{"value":[{` + tt.status + `"port":53,"protocol":"udp"}]}`))
		if err != nil || len(p.Ports) != 1 {
			t.Fatalf("%s: %v", tt.status, err)
		}
		got := p.Ports[0]
		if got.Status != tt.want {
			t.Errorf("%s: status %q, want %q", tt.status, got.Status, tt.want)
		}
		if lost := len(got.Malformed) == 1 && got.Malformed[0].Field == "status"; lost != tt.lost {
			t.Errorf("%s: malformed %v", tt.status, got.Malformed)
		}
	}
}

// A record without a readable key is counted and noted, and costs no other.
func TestUnreadableRecords(t *testing.T) {
	for _, bad := range []string{
		`null`, `7`, `"x"`, `[]`, `{}`, `{"port":443}`, `{"protocol":"tcp"}`, `{"port":null,"protocol":"tcp"}`,
		`{"port":65536,"protocol":"tcp"}`, `{"port":-1,"protocol":"tcp"}`, `{"port":443.5,"protocol":"tcp"}`,
		`{"port":"https","protocol":"tcp"}`, `{"port":443,"protocol":""}`, `{"port":443,"protocol":"a/b"}`,
		`{"port":443,"protocol":6}`, `{ "port" : 443 , "protocol" : null }`,
	} {
		p, err := DecodePage([]byte(pageOf(3, "", record(1), " "+bad, record(2))))
		if err != nil {
			t.Fatalf("%s: %v", bad, err)
		}
		if len(p.Ports) != 2 {
			t.Errorf("%s: %d ports", bad, len(p.Ports))
		}
		if d := cmp.Diff([]hostport.Malformed{malformed("", []byte(bad))}, p.Unreadable); d != "" {
			t.Errorf("%s: %s", bad, d)
		}
	}
}

func TestBadPages(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{``, "ends early"},
		{`{"value":[`, "ends early"},
		{`{"value":[` + record(1), "ends early"},
		{`<html>`, "not JSON"},
		{`{"value":[]} x`, "not JSON"},
		{`{"value":[],}`, "not JSON"},
		{`[]`, "no value array"},
		{`null`, "no value array"},
		{`{}`, "no value array"},
		{`{"value":null}`, "no value array"},
		{`{"value":{}}`, "no value array"},
		{`{"value":[],"@odata.nextLink":7}`, "link"},
		{`{"value":[],"@odata.nextLink":"` + strings.Repeat("x", limits.LinkBytes.Max+1) + `"}`, "link"},
	} {
		if _, err := DecodePage([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.40s: error %v, want one with %q", tt.text, err, tt.want)
		}
	}
}

func TestBounds(t *testing.T) {
	var banners, services []string
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 200 {
		// Neither ascending nor descending: the newest are to be kept, not the first.
		at := start.Add(time.Duration(i*71%200) * time.Hour).Format(time.RFC3339)
		banners = append(banners, fmt.Sprintf(`{"banner":"b","lastSeenDateTime":%q}`, at))
		services = append(services, fmt.Sprintf(`{"component":{"name":"s"},"lastSeenDateTime":%q}`, at))
	}
	// One current service is older than all others, and is kept all the same.
	services[100] = `{"component":{"name":"current"},"isRecent":true,"lastSeenDateTime":"2001-01-01T00:00:00Z"}`
	faults := strings.Repeat(`7,`, 99) + `7`
	text := fmt.Sprintf(`{"value":[{"port":1,"protocol":"tcp","status":"open","banners":[%s],"services":[%s]},
		{"port":2,"protocol":"tcp","status":"open","banners":[{"banner":%q}]},
		{"port":3,"protocol":"tcp","status":"open","banners":[%s]}]}`,
		strings.Join(banners, ","), strings.Join(services, ","), strings.Repeat("\u00e9", limits.BannerBytes.Max), faults)
	before := limits.BannersPerPort.Hits()
	p, err := DecodePage([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if limits.BannersPerPort.Hits() == before {
		t.Error("the bound cut but was not counted")
	}
	first := p.Ports[0]
	if len(first.Banners) != limits.BannersPerPort.Max || len(first.Services) != limits.ServicesPerPort.Max {
		t.Fatalf("%d banners, %d services", len(first.Banners), len(first.Services))
	}
	oldest := start.Add(time.Duration(200-limits.BannersPerPort.Max) * time.Hour)
	for i := range first.Banners {
		if first.Banners[i].LastSeen.Before(oldest) || first.Services[i].LastSeen.Before(oldest) && !first.Services[i].IsRecent {
			t.Errorf("an old one was kept: %v, %v", first.Banners[i], first.Services[i])
		}
	}
	if !slices.ContainsFunc(first.Services, func(s hostport.Service) bool { return s.IsRecent }) {
		t.Error("the current service was dropped")
	}
	if got := len(p.Ports[1].Banners[0].Text); got > limits.BannerBytes.Max || got < limits.BannerBytes.Max-1 {
		t.Errorf("banner of %d bytes", got)
	}
	if got := len(p.Ports[2].Malformed); got != limits.RecordFaults.Max {
		t.Errorf("%d malformed", got)
	}
}
