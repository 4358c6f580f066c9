package snapshotfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/portdelta/portdelta/internal/hostport"
)

func readAll(r io.Reader, host hostport.Host) ([]hostport.Snapshot, error) {
	reader, err := NewReader(r)
	if err != nil {
		return nil, err
	}
	reader.Host = host
	var out []hostport.Snapshot
	for {
		s, err := reader.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, s)
	}
}

// record is a hostPort as Graph gives it; of no host where host is "".
func record(number int, host, scan string) string {
	of := ""
	if host != "" {
		of = fmt.Sprintf(`,"host":{"id":%q}`, host)
	}
	return fmt.Sprintf(`{"id":"id%d","port":%d,"protocol":"tcp","status":"open","lastScanDateTime":%q%s}`, number, number, scan, of)
}

const (
	monday  = "2026-11-23T09:00:00Z"
	tuesday = "2026-11-24T09:00:00Z"
)

func page(context, more string, records ...string) string {
	if context != "" {
		context = fmt.Sprintf(`"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#security/threatIntelligence/hosts('%s')/ports",`, context)
	}
	return "{" + context + more + `"value":[` + strings.Join(records, ",") + `]}`
}

// What is written is read again, with everything that decides.
func TestLinesAreReadAgain(t *testing.T) {
	raw := func(s string) hostport.Port { return port(443, s) }
	whole := snapshot(func(s *hostport.Snapshot) {
		s.Coverage = hostport.Coverage{"tcp": {{First: 1, Last: 1000}, {First: 3306, Last: 3306}}, "udp": {}}
		s.Ports = []hostport.Port{raw(record(443, "", monday))}
		found := raw(record(443, "", tuesday))
		s.Answers = []hostport.Answer{
			{Ask: hostport.Ask{Kind: hostport.AskPort, Key: found.PortKey, ID: "i="}, Verdict: hostport.Found, Port: &found, Requests: []string{"r1"}},
			{Ask: hostport.Ask{Kind: hostport.AskCertificate, Key: found.PortKey, ID: "c="}, Verdict: hostport.Found, Certificate: &hostport.Certificate{},
				Raw: []byte(`{"id":"c=","sha1":"fb96551505f1edb24dd3b36fcffdb765833b8118"}`)},
			{Ask: hostport.Ask{Kind: hostport.AskList}, Verdict: hostport.Found, List: snapshot(nil)},
			{Ask: hostport.Ask{Kind: hostport.AskPort, Key: found.PortKey, ID: "i="}, Verdict: hostport.Failed},
		}
	})
	unknown := snapshot(func(s *hostport.Snapshot) { s.Result = hostport.Unknown; s.Host = "www.example.com" })
	whole.Malformed = []hostport.Malformed{{Field: "", Record: "tcp/1", Digest: "5b1f", Length: 12}}
	whole.Paging = hostport.Paging{Pages: 2, Count: 2, Distinct: 1, Unreadable: 1}
	var file []byte
	for _, s := range []*hostport.Snapshot{whole, unknown} {
		var err error
		if file, err = Append(file, s); err != nil {
			t.Fatal(err)
		}
	}
	// What else a recording holds is passed over.
	file = append(file, `{"v":1,"result":"recording"}`+"\n"+`{"v":1,"host":"h.example","at":"","result":"failed"}`+"\n"+`{"v":1,"host":"h.example","at":"","result":"tick"}`+"\n"...)
	got, err := readAll(bytes.NewReader(file), "")
	if err != nil || len(got) != 2 {
		t.Fatalf("%d snapshots, %v", len(got), err)
	}
	if d := cmp.Diff(whole.Paging, got[0].Paging) + cmp.Diff(whole.Malformed, got[0].Malformed); d != "" {
		t.Error(d)
	}
	file = file[:bytes.Index(file, []byte(`{"v":1,"result":"recording"}`))]
	var again []byte
	for i := range got {
		if again, err = Append(again, &got[i]); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(string(file), string(again)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(whole.Coverage, got[0].Coverage); d != "" {
		t.Error(d)
	}
	if p := got[0].Ports[0]; p.Status != hostport.Open || p.Number != 443 || p.LastScan.IsZero() {
		t.Errorf("the record was not read: %+v", p)
	}
	if got[0].ID() != whole.ID() {
		t.Error("another snapshot: a replay would give other ids")
	}
	if a := got[0].Answers; a[0].Port == nil || a[1].Certificate == nil || a[1].Certificate.SHA1 == "" || a[2].List == nil {
		t.Errorf("answers %+v", a)
	}
}

// Of which host an answer of Graph's is, and what it proves.
func TestGraphAnswers(t *testing.T) {
	type look struct {
		Host  hostport.Host
		Proof hostport.Proof
		Ports int
		At    string
	}
	for _, tt := range []struct {
		name, text string
		host       hostport.Host
		want       []look
	}{
		{"a list, its host in the context", page("203.0.113.7", "", record(80, "", monday), record(443, "", tuesday)), "",
			[]look{{"203.0.113.7", hostport.Single, 2, tuesday}}},
		{"the record's word is worth more", page("203.0.113.7", "", record(80, "198.51.100.1", monday)), "192.0.2.1",
			[]look{{"198.51.100.1", hostport.Single, 1, monday}}},
		{"the flag's is worth least", page("", "", record(80, "", monday)), "192.0.2.1", []look{{"192.0.2.1", hostport.Single, 1, monday}}},
		{"an address in another spelling", page("2001:DB8:0::7", "", record(80, "", monday)), "", []look{{"2001:db8::7", hostport.Single, 1, monday}}},
		{"an escaped key", page("2001%3Adb8%3A%3A7", "", record(80, "", monday)), "", []look{{"2001:db8::7", hostport.Single, 1, monday}}},
		{"an empty list", page("203.0.113.7", ""), "", []look{{"203.0.113.7", hostport.Single, 0, ""}}},
		{"a count that is met", page("203.0.113.7", `"@odata.count":1,`, record(80, "", monday)), "", []look{{"203.0.113.7", hostport.Single, 1, monday}}},
		{"a count that is not", page("203.0.113.7", `"@odata.count":2,`, record(80, "", monday)), "", []look{{"203.0.113.7", hostport.Unproven, 1, monday}}},
		{"a first page alone", page("203.0.113.7", `"@odata.nextLink":"https://x/2",`, record(80, "", monday)), "",
			[]look{{"203.0.113.7", hostport.Unproven, 1, monday}}},
		{"pages one behind the other", page("203.0.113.7", `"@odata.count":2,"@odata.nextLink":"https://x/2",`, record(80, "", monday)) + "\n\n" +
			page("203.0.113.7", `"@odata.count":2,`, record(443, "", monday)), "", []look{{"203.0.113.7", hostport.Counted, 2, monday}}},
		{"a page of one host before the list of another", page("203.0.113.7", `"@odata.nextLink":"https://x/2",`, record(80, "", monday)) +
			page("203.0.113.8", "", record(443, "", monday)), "",
			[]look{{"203.0.113.7", hostport.Unproven, 1, monday}, {"203.0.113.8", hostport.Single, 1, monday}}},
		{"several hosts in one list", page("", `"@odata.count":3,`, record(80, "203.0.113.7", monday), record(80, "203.0.113.8", monday), record(443, "203.0.113.7", monday)), "",
			[]look{{"203.0.113.7", hostport.Single, 2, monday}, {"203.0.113.8", hostport.Single, 1, monday}}},
		{"several hosts, and not all of them", page("", `"@odata.count":4,`, record(80, "203.0.113.7", monday), record(80, "203.0.113.8", monday)), "",
			[]look{{"203.0.113.7", hostport.Unproven, 1, monday}, {"203.0.113.8", hostport.Unproven, 1, monday}}},
		{"one port", record(80, "203.0.113.7", monday), "", []look{{"203.0.113.7", hostport.Unproven, 1, monday}}},
		{"one port, wrapped", `{"value":` + record(80, "", monday) + `}`, "203.0.113.7", []look{{"203.0.113.7", hostport.Unproven, 1, monday}}},
		{"an array of answers", "[" + page("203.0.113.7", "", record(80, "", monday)) + "," + record(80, "203.0.113.8", monday) + "]", "",
			[]look{{"203.0.113.7", hostport.Single, 1, monday}, {"203.0.113.8", hostport.Unproven, 1, monday}}},
		{"a date that is yet to come", page("203.0.113.7", "", record(80, "", "2999-01-01T00:00:00Z"), record(81, "", monday)), "",
			[]look{{"203.0.113.7", hostport.Single, 2, monday}}},
		{"a byte order mark", "\ufeff" + page("203.0.113.7", "", record(80, "", monday)), "", []look{{"203.0.113.7", hostport.Single, 1, monday}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list, err := readAll(strings.NewReader(tt.text), tt.host)
			if err != nil {
				t.Fatal(err)
			}
			var got []look
			for _, s := range list {
				at := ""
				if !s.At.IsZero() {
					at = s.At.Format(time.RFC3339)
				}
				got = append(got, look{s.Host, s.Proof, len(s.Ports), at})
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// A file that cannot be read whole is an error that names the place, never a
// shorter file (P1).
func TestBadFiles(t *testing.T) {
	line := `{"v":1,"host":"203.0.113.7","at":"` + monday + `","result":"ports","proof":"single","coverage":null,"requests":[],"ports":[],"answers":[]}`
	change := func(old, new string) string { return line + "\n" + strings.Replace(line, old, new, 1) }
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "it is empty"},
		{"blank", " \n\n", "it is empty"},
		{"no JSON", "hello", "value 1, from byte 0"},
		{"a number", "7", "neither a snapshot nor"},
		{"cut within a line", line + "\n" + line[:40], "value 2, from byte 144 on: the file ends within it"},
		{"cut after an array's element", "[" + line, "ends within"},
		{"another version", change(`"v":1`, `"v":2`), "version 2"},
		{"no host", change(`"203.0.113.7"`, `"a b"`), "neither an address nor a name"},
		{"no time", change(monday, "yesterday"), "RFC 3339"},
		{"another result", change(`"result":"ports"`, `"result":"x"`), "neither ports nor unknown"},
		{"another proof", change(`"single"`, `"sure"`), "none of single"},
		{"ports are none", change(`"ports":[]`, `"ports":7`), "the ports of a snapshot line"},
		{"a member of another type", change(`"requests":[]`, `"requests":7`), "wrong type"},
		{"a coverage turned round", change(`"coverage":null`, `"coverage":{"tcp":[[2,1]]}`), "ends before it begins"},
		{"an error of Graph's", `{"error":{"code":"x","message":"y"}}`, "an error of Graph's"},
		{"neither", `{"hello":1}`, "neither a snapshot line nor"},
		{"a record of no host", page("", "", record(80, "", monday)), "does not say of which host"},
		{"an empty list of no host", page("", ""), "does not say of which host"},
		{"a host that is none", page("a b", "", record(80, "", monday)), "neither an address nor a name"},
		{"UTF-16", "\xff\xfe{\x00", "UTF-16"},
		{"gzip cut short", packed(t, line)[:40], "unexpected EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readAll(strings.NewReader(tt.text), "")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	if _, err := readAll(strings.NewReader(line[:40]), ""); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file cut short is told as %v", err)
	}
	if _, err := readAll(strings.NewReader(page("", "")), ""); !errors.Is(err, ErrNoHost) {
		t.Errorf("a host that is missing is told as %v", err)
	}
	broken := errors.New("disk")
	if _, err := readAll(io.MultiReader(strings.NewReader(line+"\n"), iotest.ErrReader(broken)), ""); !errors.Is(err, broken) {
		t.Errorf("a disk's error is told as %v", err)
	}
}

func packed(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Compression is told by content and changes nothing.
func TestCompressed(t *testing.T) {
	text := strings.Repeat(page("203.0.113.7", "", record(80, "", monday))+"\n", 1000)
	want, err := readAll(strings.NewReader(text), "")
	if err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{"gzip": packed(t, text), "two gzip members": packed(t, text[:1000]) + packed(t, text[1000:]),
		"zstd": string(z.EncodeAll([]byte(text), nil))} {
		got, err := readAll(iotest.HalfReader(strings.NewReader(file)), "")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// FuzzReader: no file makes the reader panic, loop or return what it cannot write
// again, and an error quotes nothing of the file.
func FuzzReader(f *testing.F) {
	whole := snapshot(func(s *hostport.Snapshot) {
		s.Ports = []hostport.Port{port(443, record(443, "", monday))}
		s.Answers = []hostport.Answer{{Ask: hostport.Ask{Kind: hostport.AskList}, Verdict: hostport.Found, List: snapshot(nil)}}
		s.Coverage = hostport.Coverage{"tcp": {{First: 1, Last: 9}}}
	})
	line, err := Append(nil, whole)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add([]byte("[" + string(line) + "," + record(1, "a.example", monday) + "]"))
	f.Add([]byte(page("203.0.113.7", `"@odata.nextLink":"x",`, record(80, "", monday)) + page("203.0.113.7", "", `{"port":7}`)))
	f.Add([]byte(packed(f, string(line))))
	f.Add([]byte("\xff\xfe{}"))
	f.Add([]byte(`{"value":{"port":1,"protocol":"tcp","host":{"id":"::1"}}}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		list, err := readAll(bytes.NewReader(file), "192.0.2.1")
		if err != nil && strings.ContainsAny(err.Error(), "\x1b\x00\n") {
			t.Errorf("raw text in %q", err)
		}
		for i := range list {
			written, err := Append(nil, &list[i])
			if err != nil {
				t.Fatal(err)
			}
			again, err := readAll(bytes.NewReader(written), "")
			if err != nil || len(again) != 1 || len(again[0].Ports) != len(list[i].Ports) {
				t.Fatalf("%q is read as %v, %v", written, again, err)
			}
		}
	})
}
