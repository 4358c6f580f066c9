// Package schematest checks records against the published contract: the embedded
// JSON Schemas, and what no schema can say (headers that repeat the data, ids,
// severities, key and time of the record). Tests of every package that makes or
// reads records use it; it keeps the validator out of the binary.
//
// It does not check that events continue each other: that is schemas.HostFold.
package schematest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portdelta/portdelta/schemas"
)

// Validate fails the test, and lets it go on, where the record is not as the
// contract says.
func Validate(t testing.TB, r schemas.Record) {
	t.Helper()
	if err := Check(r); err != nil {
		t.Errorf("record on %s with key %q: %v\n%s", r.Topic, r.Key, err, r.Value)
	}
}

// Check returns what is wrong with a record, or nil. The partition is not looked
// at: it depends on how many there are.
func Check(r schemas.Record) error {
	if r.Time.Nanosecond()%int(time.Millisecond) != 0 {
		return errors.New("its time is finer than a Kafka timestamp")
	}
	switch r.Topic {
	case schemas.Changes:
		return checkChange(r)
	case schemas.Lifecycles:
		return checkLifecycle(r)
	case schemas.State:
		return checkState(r)
	}
	return fmt.Errorf("topic %q is not public", r.Topic)
}

// Schema validates a value against one of the embedded schemas by its name.
func Schema(name string, value []byte) error {
	all, err := compiled()
	if err != nil {
		return err
	}
	schema, ok := all[name]
	if !ok {
		return fmt.Errorf("no schema %q", name)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

var compiled = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	for _, name := range schemas.JSONSchemas() {
		data, err := schemas.JSONSchema(name)
		if err != nil {
			return nil, err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
		if err := c.AddResource(location(name), doc); err != nil {
			return nil, err
		}
	}
	out := map[string]*jsonschema.Schema{}
	for _, name := range schemas.JSONSchemas() {
		schema, err := c.Compile(location(name))
		if err != nil {
			return nil, err
		}
		out[name] = schema
	}
	return out, nil
})

func location(name string) string { return schemas.SchemaBase + name + ".schema.json" }

func checkChange(r schemas.Record) error {
	if err := Schema("changes", r.Value); err != nil {
		return err
	}
	e, err := schemas.ParseEvent(r.Value)
	if err != nil {
		return err
	}
	// Sealed anew and encoded anew it must be the same record, header by header.
	again := *e
	if want := schemas.SeverityOf(e.Type, e.Port, e.Reasons); e.Severity != want {
		return fmt.Errorf("severity %v, expected %v", e.Severity, want)
	}
	if e.IsCut() { // its id is of values that do not stand in it
		if e.ID != header(r, "ce_id") || e.Host != r.Key {
			return errors.New("a cut event that is not its record's")
		}
		return nil
	}
	if err := again.Seal(header(r, "ce_source")); err != nil {
		return err
	}
	want, err := again.Record(header(r, "ce_source"), 1)
	return errors.Join(err, same(r, want))
}

func checkLifecycle(r schemas.Record) error {
	if err := Schema("lifecycle", r.Value); err != nil {
		return err
	}
	l, err := schemas.ParseLifecycle(r.Value)
	if err != nil {
		return err
	}
	if want := schemas.SeverityOf(l.Type, l.Port, l.Reasons); l.Severity != want {
		return fmt.Errorf("severity %v, expected %v", l.Severity, want)
	}
	again := *l
	if err := again.Seal(header(r, "ce_source")); err != nil {
		return err
	}
	want, err := again.Record(header(r, "ce_source"), 1)
	return errors.Join(err, same(r, want))
}

func checkState(r schemas.Record) error {
	if len(r.Headers) != 1 || header(r, "content-type") != "application/json" {
		return fmt.Errorf("headers %v, expected content-type alone", r.Headers)
	}
	if r.Value == nil {
		return nil
	}
	if err := Schema("state", r.Value); err != nil {
		return err
	}
	var head schemas.StateHead
	if err := json.Unmarshal(r.Value, &head); err != nil {
		return err
	}
	if want := schemas.StateKey(head.Host, head.Port); r.Key != want {
		return fmt.Errorf("key %q, its value says %q", r.Key, want)
	}
	if len(r.Value) > schemas.MaxStateBytes {
		return fmt.Errorf("%d bytes, more than %d", len(r.Value), schemas.MaxStateBytes)
	}
	return nil
}

// same compares a record with the one its own data would make.
func same(got, want schemas.Record) error {
	switch {
	case !bytes.Equal(got.Value, want.Value):
		return fmt.Errorf("its bytes are not those of its encoding: %s", want.Value)
	case got.Key != want.Key:
		return fmt.Errorf("key %q, its data says %q", got.Key, want.Key)
	case !got.Time.Equal(want.Time):
		return fmt.Errorf("time %v, its data says %v", got.Time, want.Time)
	case fmt.Sprint(got.Headers) != fmt.Sprint(want.Headers):
		return fmt.Errorf("headers %v, its data says %v", got.Headers, want.Headers)
	}
	return nil
}

func header(r schemas.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return h.Value
		}
	}
	return ""
}
