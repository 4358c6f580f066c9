package schemas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestParseUndoesEncode: every lawful event, whatever its texts, comes back as it went.
func TestParseUndoesEncode(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newTeller(t)
		for range rapid.IntRange(1, 8).Draw(rt, "moves") {
			randomMove(rt, w)
		}
		for _, e := range w.events {
			e.Message = rapid.String().Draw(rt, "message")
			e.Context.Labels = rapid.MapOf(rapid.String(), rapid.String()).Draw(rt, "labels")
			e.Time.NotBefore = new(time.Unix(rapid.Int64Range(0, 1<<36).Draw(rt, "s"), rapid.Int64Range(0, 999_999_999).Draw(rt, "ns")))
			once, err := e.Encode()
			if err != nil {
				rt.Fatal(err)
			}
			read, err := ParseEvent(once)
			if err != nil {
				rt.Fatal(err)
			}
			twice, err := read.Encode()
			if err != nil {
				rt.Fatal(err)
			}
			if !bytes.Equal(once, twice) {
				rt.Fatal(cmp.Diff(string(once), string(twice)))
			}
			if err := read.Seal(testSource); err != nil || read.ID != e.ID {
				rt.Fatalf("id %s became %s (%v)", e.ID, read.ID, err)
			}
		}
	})
}

func FuzzParseEvent(f *testing.F) {
	f.Add(contractLine(f, "change"))
	w := newTeller(f)
	tellStory(w)
	for _, e := range w.events {
		data, err := e.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"before":null,"details":null,"port":{"number":1},"severity":"high","time":{"detected":"2026-11-23T15:02:11+01:00"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := ParseEvent(data)
		if err != nil {
			return
		}
		once, err := e.Encode()
		if err != nil {
			return // too long once lists and nulls are written out
		}
		read, err := ParseEvent(once)
		if err != nil {
			t.Fatalf("%v: %s", err, once)
		}
		if twice, err := read.Encode(); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s became %s (%v)", once, twice, err)
		}
		_ = NewHostFold(e.Host).Apply(e) // whatever it says, it must not panic
	})
}

func FuzzParseState(f *testing.F) {
	f.Add(contractLine(f, "state.port"))
	f.Add(contractLine(f, "state.host"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := ParsePortState(data); err == nil {
			if once, err := s.Encode(); err == nil {
				if again, err := ParsePortState(once); err != nil || !sameJSON(s, again) {
					t.Fatalf("%s (%v)", once, err)
				}
			}
			_ = NewHostFold(s.Host).Load(StateKey(s.Host, s.Port), data)
		}
		if s, err := ParseHostState(data); err == nil {
			_ = NewHostFold(s.Host).Load(s.Host, data)
		}
	})
}

func TestTextTravelsAsItIs(t *testing.T) {
	e, err := ParseEvent(contractLine(t, "change"))
	if err != nil {
		t.Fatal(err)
	}
	e.Message = "<a href=\"x\">&amp;\u202e\u00e9"
	data, err := e.Encode()
	if err != nil || !bytes.Contains(data, []byte(`"message":"<a href=\"x\">&amp;`+"\u202e\u00e9\"")) {
		t.Fatalf("%s (%v)", data, err)
	}
	for name, spoil := range map[string]func(e *Event){
		"message": func(e *Event) { e.Message = "\xff" },
		"after":   func(e *Event) { e.After = json.RawMessage("\"\xff\"") },
		"label":   func(e *Event) { e.Context.Labels = map[string]string{"\xff": ""} },
		"version": func(e *Event) { e.Context.Services = []Service{{Versions: []string{"\xff"}}} },
		"request": func(e *Event) { e.Evidence = &Evidence{Requests: []string{"\xff"}} },
	} {
		bad := *e
		spoil(&bad)
		if _, err := bad.Encode(); err == nil || !strings.Contains(err.Error(), "UTF-8") {
			t.Errorf("%s that is not UTF-8: %v", name, err)
		}
	}
	if _, err := ParseEvent([]byte("{\"message\":\"\xff\"}")); err == nil {
		t.Error("read text that is not UTF-8")
	}
}

func TestTimes(t *testing.T) {
	zone := time.FixedZone("", 3600)
	times := Times{
		NotBefore: new(time.Date(2026, 11, 23, 10, 0, 0, 0, zone)),
		NotAfter:  new(time.Date(2026, 11, 23, 16, 0, 0, 123_400_000, zone)),
		Detected:  time.Date(2026, 11, 23, 16, 2, 11, 120_999_999, zone),
	}
	got, err := Raw(times)
	if want := `{"notBefore":"2026-11-23T09:00:00Z","notAfter":"2026-11-23T15:00:00.1234Z","detected":"2026-11-23T15:02:11.120Z"}`; err != nil || string(got) != want {
		t.Errorf("%s, expected %s (%v)", got, want, err)
	}
	got, err = Raw(Times{Detected: time.Unix(0, 0)})
	if want := `{"notBefore":null,"notAfter":null,"detected":"1970-01-01T00:00:00.000Z"}`; err != nil || string(got) != want {
		t.Errorf("%s, expected %s (%v)", got, want, err)
	}
	far := time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, bad := range []Times{{Detected: far}, {NotAfter: &far}} {
		if _, err := Raw(bad); err == nil {
			t.Error("a year that RFC 3339 cannot write was encoded")
		}
	}
}

func TestSizeIsRefusedByName(t *testing.T) {
	e, err := ParseEvent(contractLine(t, "change"))
	if err != nil {
		t.Fatal(err)
	}
	e.Details = json.RawMessage(fmt.Sprintf("{%q:%q}", "x", strings.Repeat("x", MaxEventBytes)))
	if err := e.Seal(testSource); err != nil {
		t.Fatal(err)
	}
	if _, err = e.Record(testSource, 12); err == nil || !strings.Contains(err.Error(), "port.opened") {
		t.Fatalf("%v, expected an error that names the event", err)
	}
}

func TestRecords(t *testing.T) {
	e, err := ParseEvent(contractLine(t, "change"))
	if err != nil {
		t.Fatal(err)
	}
	source := Source("default", "graph")
	if _, err := e.Record(source, 12); err == nil {
		t.Error("an event with another id than its own was sent")
	}
	if err := e.Seal(source); err != nil {
		t.Fatal(err)
	}
	got, err := e.Record(source, 12)
	if err != nil {
		t.Fatal(err)
	}
	value, _ := e.Encode()
	want := Record{
		Topic: Changes, Partition: Partition("203.0.113.7", 12), Key: "203.0.113.7", Value: value, Time: e.Time.Detected,
		Headers: []Header{
			{"ce_specversion", "1.0"}, {"ce_id", e.ID}, {"ce_source", "/portdelta/default/graph"}, {"ce_type", "portdelta.port.opened.v1"},
			{"ce_time", "2026-11-23T15:02:11.120Z"}, {"ce_subject", "203.0.113.7/tcp/8443"}, {"ce_partitionkey", "203.0.113.7"},
			{"ce_hostseq", "00000000000000000042"}, {"content-type", "application/json"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := e.Record(Source("other", "graph"), 12); err == nil {
		t.Error("an event sealed for another source was sent")
	}
}

func TestLifecycleRecords(t *testing.T) {
	for _, l := range lifecycleStory(t) {
		r, err := l.Record(testSource, 12)
		if err != nil {
			t.Fatal(err)
		}
		key, partition, subject := "203.0.113.7", Partition("203.0.113.7", 12), "203.0.113.7"
		if l.Host == nil {
			key, partition, subject = "0", 0, "process"
		}
		if l.Type.ofShard() {
			key, partition, subject = "3", 3, "shard/3"
		}
		if l.Port != nil {
			subject += "/tcp/443"
		}
		headers := map[string]string{}
		for _, h := range r.Headers {
			headers[h.Key] = h.Value
		}
		_, hasSeq := headers["ce_hostseq"]
		if r.Topic != Lifecycles || r.Key != key || r.Partition != partition || headers["ce_partitionkey"] != key || headers["ce_subject"] != subject || hasSeq {
			t.Errorf("%s: key %q, partition %d, headers %v", l.Type, r.Key, r.Partition, r.Headers)
		}
		l.Time.Detected = l.Time.Detected.Add(time.Second)
		if _, err := l.Record(testSource, 12); err == nil {
			t.Errorf("%s: changed after it was sealed, and sent", l.Type)
		}
	}
}

func TestStateRecords(t *testing.T) {
	at := time.Date(2026, 11, 23, 15, 2, 11, 120_999_999, time.UTC)
	key := &PortKey{"tcp", 443}
	head := StateHead{Op: OpBaseline, Host: "2001:db8::7", Epoch: 1, Revision: 1}
	host, err := HostStateOf(head, HostBody{Baseline: BaselineEmpty}).Record(12, at)
	if err != nil {
		t.Fatal(err)
	}
	head.Port = key
	port, err := PortStateOf(head, Port{Status: StatusClosed}).Record(12, at)
	if err != nil {
		t.Fatal(err)
	}
	gone := Tombstone("2001:db8::7", key, 12, at)
	for want, r := range map[string]Record{
		`2001:db8::7 = {"v":1,"op":"r","host":"2001:db8::7","port":null,"epoch":1,"revision":1,"afterSeq":0,"baseline":"empty","exposed":false,"groups":[]}`:                                                                   host,
		`2001:db8::7|tcp|443 = {"v":1,"op":"r","host":"2001:db8::7","port":{"protocol":"tcp","number":443},"epoch":1,"revision":1,"afterSeq":0,"status":"closed","services":[],"banners":[],"certificate":null,"flapping":[]}`: port,
		`2001:db8::7|tcp|443 = `: gone,
	} {
		if got := r.Key + " = " + string(r.Value); got != want {
			t.Errorf("%s, expected %s", got, want)
		}
		if r.Topic != State || r.Partition != Partition("2001:db8::7", 12) || !r.Time.Equal(at.Truncate(time.Millisecond)) || len(r.Headers) != 1 {
			t.Errorf("%+v", r)
		}
	}
	if gone.Value != nil {
		t.Error("a tombstone has a value")
	}
	long := Port{Status: StatusOpen, Services: []Service{{Name: strings.Repeat("x", MaxStateBytes)}}}
	if _, err := PortStateOf(head, long).Record(12, at); err == nil || !strings.Contains(err.Error(), "2001:db8::7|tcp|443") {
		t.Errorf("%v, expected an error that names the record", err)
	}
}

func TestBoundRequests(t *testing.T) {
	var ids []string
	for i := range MaxRequests + 5 {
		ids = append(ids, fmt.Sprint(i))
	}
	if got := BoundRequests(ids[:MaxRequests]); len(got) != MaxRequests {
		t.Errorf("%d, expected all", len(got))
	}
	got := BoundRequests(ids)
	if len(got) != MaxRequests || got[0] != "0" || got[MaxRequests-1] != ids[len(ids)-1] || ids[MaxRequests-1] != fmt.Sprint(MaxRequests-1) {
		t.Errorf("%v", got)
	}
}
