package snapshotfile

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/internal/hostport"
)

func port(number uint16, raw string) hostport.Port {
	return hostport.Port{PortKey: hostport.PortKey{Protocol: "tcp", Number: number}, Raw: []byte(raw)}
}

func snapshot(change func(*hostport.Snapshot)) *hostport.Snapshot {
	s := &hostport.Snapshot{
		Host: "203.0.113.7", At: time.Date(2026, 11, 23, 16, 2, 11, 120_000_000, time.FixedZone("", 3600)),
		Result: hostport.Ports, Proof: hostport.Single, Requests: []string{"8f1c"},
	}
	if change != nil {
		change(s)
	}
	return s
}

func TestLines(t *testing.T) {
	key := hostport.PortKey{Protocol: "udp", Number: 53}
	found := port(53, `{"port":53}`)
	for _, tt := range []struct {
		name string
		give *hostport.Snapshot
		want string
	}{
		{"empty", snapshot(nil),
			`{"v":1,"host":"203.0.113.7","at":"2026-11-23T15:02:11.120Z","result":"ports","proof":"single","coverage":null,"requests":["8f1c"],"ports":[],"answers":[]}`},
		{"unknown", snapshot(func(s *hostport.Snapshot) { s.Result = hostport.Unknown; s.Requests = nil }),
			`{"v":1,"host":"203.0.113.7","at":"2026-11-23T15:02:11.120Z","result":"unknown","proof":"single","coverage":null,"requests":[],"ports":[],"answers":[]}`},
		{"records as they came", snapshot(func(s *hostport.Snapshot) {
			s.Requests = []string{"a", "b\""}
			s.Ports = []hostport.Port{port(1, `{"port":1,"status":"Open","new":{"x":1.50}}`), port(2, "{ \"port\" : 2,\n\t\"port\":2 , \"banner\":\"\\u0041\xff\" }")}
		}), `{"v":1,"host":"203.0.113.7","at":"2026-11-23T15:02:11.120Z","result":"ports","proof":"single","coverage":null,"requests":["a","b\""],"ports":[{"port":1,"status":"Open","new":{"x":1.50}},{"port":2,"port":2,"banner":"\u0041` + "\xff" + `"}],"answers":[]}`},
		{"not all could be read", snapshot(func(s *hostport.Snapshot) {
			s.Proof = hostport.Unproven
			s.Malformed = []hostport.Malformed{{Digest: "5b1f", Length: 12}}
			s.Paging = hostport.Paging{Pages: 3, Count: 7, Distinct: 5, Repeated: 1, Unreadable: 1}
		}), `{"v":1,"host":"203.0.113.7","at":"2026-11-23T15:02:11.120Z","result":"ports","proof":"unproven","coverage":null,"requests":["8f1c"],"ports":[],"answers":[],` +
			`"malformed":[{"field":"","record":"","digest":"5b1f","length":12}],"paging":{"pages":3,"count":7,"distinct":5,"repeated":1,"unreadable":1}}`},
		{"answers", snapshot(func(s *hostport.Snapshot) {
			s.Answers = []hostport.Answer{
				{Ask: hostport.Ask{Kind: hostport.AskPort, Key: key, ID: "i="}, Verdict: hostport.Found, Port: &found, Requests: []string{"r1"}},
				{Ask: hostport.Ask{Kind: hostport.AskPort, Key: key, ID: "i="}, Verdict: hostport.NotFound, Requests: []string{"r2"}},
				{Ask: hostport.Ask{Kind: hostport.AskCertificate, Key: key, ID: "c="}, Verdict: hostport.Found, Certificate: &hostport.Certificate{}, Raw: []byte(`{"sha1": "fb"}`), Requests: []string{"r3"}},
				{Ask: hostport.Ask{Kind: hostport.AskList}, Verdict: hostport.Found, List: snapshot(nil)},
				{Ask: hostport.Ask{Kind: hostport.AskCertificate, Key: key, ID: "c="}, Verdict: hostport.Failed},
			}
		}), `{"v":1,"host":"203.0.113.7","at":"2026-11-23T15:02:11.120Z","result":"ports","proof":"single","coverage":null,"requests":["8f1c"],"ports":[],"answers":[` +
			`{"kind":"port","key":"udp/53","id":"i=","verdict":"found","requests":["r1"],"port":{"port":53},"certificate":null,"list":null},` +
			`{"kind":"port","key":"udp/53","id":"i=","verdict":"notFound","requests":["r2"],"port":null,"certificate":null,"list":null},` +
			`{"kind":"certificate","key":"udp/53","id":"c=","verdict":"found","requests":["r3"],"port":null,"certificate":{"sha1":"fb"},"list":null},` +
			`{"kind":"list","key":null,"id":"","verdict":"found","requests":[],"port":null,"certificate":null,"list":` +
			`{"v":1,"host":"203.0.113.7","at":"2026-11-23T15:02:11.120Z","result":"ports","proof":"single","coverage":null,"requests":["8f1c"],"ports":[],"answers":[]}},` +
			`{"kind":"certificate","key":"udp/53","id":"c=","verdict":"failed","requests":[],"port":null,"certificate":null,"list":null}]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Append([]byte("before\n"), tt.give)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff("before\n"+tt.want+"\n", string(got)); d != "" {
				t.Error(d)
			}
			if line := bytes.TrimPrefix(got, []byte("before\n")); !json.Valid(line) || bytes.Count(line, []byte("\n")) != 1 {
				t.Errorf("not one line of JSON: %q", line)
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	for name, change := range map[string]func(*hostport.Snapshot){
		"port tcp/7: its JSON was not kept":      func(s *hostport.Snapshot) { s.Ports = []hostport.Port{port(1, `{}`), port(7, "")} },
		"port tcp/7: what was kept of it is not": func(s *hostport.Snapshot) { s.Ports = []hostport.Port{port(7, `{"a":`)} },
		"certificate of tcp/443: its JSON was": func(s *hostport.Snapshot) {
			s.Answers = []hostport.Answer{{Ask: hostport.Ask{Key: hostport.PortKey{Protocol: "tcp", Number: 443}}, Certificate: &hostport.Certificate{}}}
		},
		"snapshot of 203.0.113.7: port tcp/9: its J": func(s *hostport.Snapshot) { p := port(9, ""); s.Answers = []hostport.Answer{{Port: &p}} },
	} {
		got, err := Append([]byte("kept"), snapshot(change))
		if err == nil || !strings.Contains(err.Error(), name) || string(got) != "kept" {
			t.Errorf("%q: %v, want %q", got, err, name)
		}
	}
}
