package schematest_test

import (
	"bytes"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/portdelta/portdelta/schemas"
	"github.com/portdelta/portdelta/schemas/schematest"
)

func opened(t *testing.T) *schemas.Event {
	data, err := os.ReadFile("../examples/port.opened.json")
	if err != nil {
		t.Fatal(err)
	}
	e, err := schemas.ParseEvent(data)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestCheckRefuses(t *testing.T) {
	e := opened(t)
	good, err := e.Record(schemas.Source("default", "graph"), 12)
	if err != nil {
		t.Fatal(err)
	}
	if err := schematest.Check(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(r *schemas.Record){
		"another key":      func(r *schemas.Record) { r.Key = "198.51.100.1" },
		"another time":     func(r *schemas.Record) { r.Time = r.Time.Add(time.Millisecond) },
		"a time too fine":  func(r *schemas.Record) { r.Time = r.Time.Add(time.Nanosecond) },
		"another topic":    func(r *schemas.Record) { r.Topic = schemas.Lifecycles },
		"a private topic":  func(r *schemas.Record) { r.Topic = "engine" },
		"a header less":    func(r *schemas.Record) { r.Headers = r.Headers[1:] },
		"another source":   func(r *schemas.Record) { r.Headers[2].Value = "/portdelta/other/graph" },
		"another subject":  func(r *schemas.Record) { r.Headers[5].Value = "203.0.113.7" },
		"another seq":      func(r *schemas.Record) { r.Headers[7].Value = "00000000000000000043" },
		"spaces":           func(r *schemas.Record) { r.Value = append([]byte(" "), r.Value...) },
		"another severity": func(r *schemas.Record) { r.Value = bytes.Replace(r.Value, []byte(`"medium"`), []byte(`"high"`), 1) },
		"another after": func(r *schemas.Record) {
			r.Value = bytes.Replace(r.Value, []byte(`"cut":false`), []byte(`"cut":true`), 1)
		},
		"an event with a prefix": func(r *schemas.Record) { r.Value = append([]byte{0}, r.Value...) },
	} {
		bad := good
		bad.Headers = slices.Clone(good.Headers)
		spoil(&bad)
		if schematest.Check(bad) == nil {
			t.Errorf("%s is admitted", name)
		}
	}
}

func TestCheckState(t *testing.T) {
	at := time.UnixMilli(1795451662000)
	head := schemas.StateHead{Op: schemas.OpCreated, Host: "2001:db8::7", Epoch: 1, Revision: 1}
	r, err := schemas.HostStateOf(head, schemas.HostBody{Baseline: schemas.BaselineEmpty}).Record(12, at)
	if err != nil {
		t.Fatal(err)
	}
	schematest.Validate(t, r)
	schematest.Validate(t, schemas.Tombstone("2001:db8::7", nil, 12, at))
	other := r
	other.Key = "2001:db8::8"
	if schematest.Check(other) == nil {
		t.Error("a record under another key is admitted")
	}
	other = r
	other.Headers = nil
	if schematest.Check(other) == nil {
		t.Error("a record without its header is admitted")
	}
}
