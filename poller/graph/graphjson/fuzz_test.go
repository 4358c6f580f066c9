package graphjson

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/portdelta/portdelta/internal/limits"
)

// FuzzDecodePage holds the decoder to its law: it never panics, everything it
// returns is within its bounds, every record is either read or noted, and what it
// keeps of a record gives the same record again.
func FuzzDecodePage(f *testing.F) {
	for _, name := range []string{"list-hostports.json", "get-hostport.json", "get-sslcertificate.json"} {
		f.Add(sample(f, name))
	}
	f.Add([]byte(benchPage(3)))
	f.Add([]byte(pageOf(2, nextPage, record(1), `{"port":"x"}`, record(1))))
	f.Add([]byte("{\"value\":[{\"PORT\":\"7\",\"protocol\":\"a\xff\",\"banners\":[null,{\"banner\":\"\xff\\ud800\"}]}]}"))
	f.Add([]byte(`{"value":[{"port":1,"protocol":"tcp","mostRecentSslCertificate":{"sha1":7,"subject":{"alternateName":{}}}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		DecodePort(text)
		DecodeCertificate(text)
		DecodeError(text)
		p, err := DecodePage(text)
		if err != nil {
			if len(p.Ports)+len(p.Unreadable) > 0 {
				t.Error("records beside an error")
			}
			if !utf8.ValidString(err.Error()) || len(err.Error()) > limits.ErrorBytes.Max {
				t.Errorf("error %q", err)
			}
			return
		}
		for i := range p.Ports {
			port := &p.Ports[i]
			switch {
			case port.Protocol == "", len(port.Protocol) > limits.WordBytes.Max,
				len(port.Status) > limits.WordBytes.Max,
				len(port.Banners) > limits.BannersPerPort.Max,
				len(port.Services) > limits.ServicesPerPort.Max,
				len(port.Malformed) > limits.RecordFaults.Max:
				t.Fatalf("out of bounds: %+v", port)
			}
			for _, b := range port.Banners {
				if len(b.Text) > limits.BannerBytes.Max {
					t.Fatalf("banner of %d bytes", len(b.Text))
				}
			}
			if !jsontext.Value(port.Raw).IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) {
				t.Fatalf("raw record is not JSON: %q", port.Raw)
			}
			again, ok := newDocument(port.Raw).port()
			if !ok || again.PortKey != port.PortKey || again.Status != port.Status || len(again.Malformed) != len(port.Malformed) {
				t.Fatalf("%+v read again is %+v", port, again)
			}
		}
	})
}

// benchPage is a page as the service gives it: some banners and services a port,
// a certificate on every other.
func benchPage(ports int) string {
	r := rand.New(rand.NewPCG(1, 2))
	date := func() string {
		return fmt.Sprintf("2026-%02d-%02dT%02d:%02d:%02d.%03dZ", 1+r.IntN(11), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1000))
	}
	var records []string
	for i := range ports {
		var banners, services []string
		for range 3 {
			banners = append(banners, fmt.Sprintf(`{"banner":"HTTP/1.1 200 OK\r\nServer: nginx/1.20.%d\r\nDate: %s\r\nContent-Type: text/html; charset=UTF-8\r\nSet-Cookie: id=%d; Path=/\r\nX-Frame-Options: DENY\r\n\r\n","firstSeenDateTime":%q,"lastSeenDateTime":%q,"scanProtocol":"http_raw","timesObserved":%d}`,
				r.IntN(9), date(), r.Uint64(), date(), date(), r.IntN(5000)))
			services = append(services, fmt.Sprintf(`{"firstSeenDateTime":%q,"lastSeenDateTime":%q,"isRecent":%t,"component":{"id":"c%d","name":"nginx","version":"1.20.%d","category":"Server"}}`,
				date(), date(), r.IntN(2) == 0, r.Uint64(), r.IntN(9)))
		}
		certificate := "null"
		if i%2 == 0 {
			certificate = `{"id":"ZmI5NjU1MTUwNWYxZWRiMjRkZDNiMzZmY2ZmZGI3NjU4MzNiODExOA==","sha1":"fb96551505f1edb24dd3b36fcffdb765833b8118","issueDateTime":"2026-01-01T00:00:00Z","expirationDateTime":"2026-12-01T00:00:00Z","serialNumber":"1137389559885717770175191329273386705719099773","subject":{"commonName":"www.example.com","address":{"city":null,"countryOrRegion":"US"},"alternateNames":["www.example.com","example.com"]},"issuer":{"commonName":"Example CA"}}`
		}
		records = append(records, fmt.Sprintf(`{"@odata.type":"#microsoft.graph.security.hostPort","id":"id%d","port":%d,"firstSeenDateTime":%q,"lastSeenDateTime":%q,"lastScanDateTime":%q,"timesObserved":%d,"status":"open","protocol":"tcp","banners":[%s],"services":[%s],"mostRecentSslCertificate":%s,"host":{"id":"203.0.113.7"}}`,
			i, i+1, date(), date(), date(), r.IntN(5000), strings.Join(banners, ","), strings.Join(services, ","), certificate))
	}
	return pageOf(ports, "", records...)
}

// BenchmarkDecodePage decodes a page of 100 ports.
func BenchmarkDecodePage(b *testing.B) {
	text := []byte(benchPage(100))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		p, err := DecodePage(text)
		if err != nil || len(p.Ports) != 100 {
			b.Fatal(len(p.Ports), err)
		}
	}
}
