package schemas

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// contractLine is one of the contract's own examples, byte for byte.
func contractLine(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/contract/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(data, []byte("\n"))
}

// TestContractExamples: what the contract shows, our codec writes.
func TestContractExamples(t *testing.T) {
	again := map[string]func([]byte) ([]byte, error){
		"change": func(b []byte) ([]byte, error) {
			e, err := ParseEvent(b)
			if err != nil {
				return nil, err
			}
			return e.Encode()
		},
		"state.port": func(b []byte) ([]byte, error) {
			s, err := ParsePortState(b)
			if err != nil {
				return nil, err
			}
			return s.Encode()
		},
		"state.host": func(b []byte) ([]byte, error) {
			s, err := ParseHostState(b)
			if err != nil {
				return nil, err
			}
			return s.Encode()
		},
	}
	lifecycle := func(b []byte) ([]byte, error) {
		l, err := ParseLifecycle(b)
		if err != nil {
			return nil, err
		}
		return l.Encode()
	}
	again["lifecycle.baseline"], again["lifecycle.checkpoint"], again["lifecycle.degraded"] = lifecycle, lifecycle, lifecycle
	for name, encode := range again {
		want := contractLine(t, name)
		got, err := encode(want)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestContractDetails: the details types write the contract's keys in its order.
func TestContractDetails(t *testing.T) {
	l, err := ParseLifecycle(contractLine(t, "lifecycle.baseline"))
	if err != nil {
		t.Fatal(err)
	}
	at := l.Time.Detected
	for want, v := range map[string]any{
		string(l.Details): BaselineDetails{Answer: BaselineComplete, Ports: BaselinePorts{Open: 3, Closed: 2, Filtered: 1}, Services: 4, Banners: 3, Certificates: 1, Validity: BaselineValidity{Expiring: 1}},
		`{"kind":"throttled","since":"2026-11-23T15:02:11.120Z","status":429,"retryAfter":120,"failed":37}`: DegradedDetails{"throttled", Millis(at), new(429), new(int64(120)), 37},
		`{"kind":"throttled","lasted":9}`: RecoveredDetails{"throttled", 9},
		`{"proof":"unproven","pages":2,"count":null,"distinct":3,"repeated":4,"unreadable":5}`: IncompleteDetails{"unproven", 2, nil, 3, 4, 5},
		`{"field":null,"record":"tcp/443","digest":"d","length":1}`:                            MalformedDetails{nil, new("tcp/443"), "d", 1},
		`{"answers":2,"since":"2026-11-23T15:02:11.120Z"}`:                                     UnknownDetails{2, Millis(at)},
		`{"failures":5,"since":"2026-11-23T15:02:11.120Z","class":"unavailable"}`:              UnreachableDetails{5, Millis(at), "unavailable"},
		`{"rule":"bound","count":1,"facet":"services","digest":null}`:                          SuppressedDetails{Rule: "bound", Count: 1, Facet: FacetServices},
		`{"from":"open","to":"closed"}`:                                                        StatusDetails{From: StatusOpen, To: StatusClosed},
		`{"from":"vanished","to":"closed","retracts":"a"}`:                                     StatusDetails{StatusVanished, StatusClosed, new("a")},
		`{"retracts":null,"goneFor":60}`:                                                       ReopenedDetails{nil, new(int64(60))},
		`{"from":null,"to":"1.20.1","direction":"unknown"}`:                                    VersionDetails{nil, new("1.20.1"), DirectionUnknown},
		`{"from":"1.18.0","to":"1.20.1","direction":"up"}`:                                     VersionDetails{new("1.18.0"), new("1.20.1"), Up},
		`{"facts":[{"path":"http.status","class":"security","before":"401","after":"200"}]}`:   BannerDetails{Facts: []FactChange{{"http.status", "security", new("401"), new("200")}}},
		`{"facts":[]}`:                        BannerDetails{},
		`{"fields":["issuer"],"daysLeft":12}`: CertificateDetails{Fields: []string{"issuer"}, DaysLeft: new(12)},
		`{"transitions":4,"scans":10}`:        FlapDetails{4, 10},
		`{"flapping":["status"]}`:             FlappingValue{[]string{FacetStatus}},
		`{"groups":[{"protocol":"tcp","fingerprint":"..","ranges":[[1,1023]],"count":1023}]}`: GroupsValue{[]Group{{"tcp", "..", [][2]int{{1, 1023}}, 1023}}},
		`{"added":2,"removed":1,"total":51}`:                                                  ScopeDetails{2, 1, 51},
		`{"openPorts":1}`:                                                                     ExposedDetails{1},
		`{"status":"closed"}`:                                                                 StatusValue{StatusClosed},
		`{"exposed":false}`:                                                                   ExposedValue{},
		`{"protocol":"tcp","number":1,"id":null}`:                                             PortRef{Protocol: "tcp", Number: 1},
		`{}`:                              AddedDetails{},
		`{"members":["a","b"],"count":2}`: SetDetails{Members: []string{"a", "b"}, Count: 2},
		`{"days":14}`:                     TimerDetails{14},
		`null`:                            (*Certificate)(nil),
	} {
		got, err := Raw(v)
		if err != nil || string(got) != want {
			t.Errorf("%T: %s, expected %s (%v)", v, got, want, err)
		}
	}
}

// TestStateIsFunctionOfTold: the contract's port event and its port record belong
// together in all the record keeps.
func TestStateIsFunctionOfTold(t *testing.T) {
	e, err := ParseEvent(contractLine(t, "change"))
	if err != nil {
		t.Fatal(err)
	}
	var p Port
	if err := decode("after", e.After, &p); err != nil {
		t.Fatal(err)
	}
	want, err := ParsePortState(contractLine(t, "state.port"))
	if err != nil {
		t.Fatal(err)
	}
	got := PortStateOf(want.StateHead, p)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}
