package schemas_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/portdelta/portdelta/schemas"
	"github.com/portdelta/portdelta/schemas/schematest"
)

type node = map[string]any

func example(t testing.TB, name string) node {
	t.Helper()
	data, err := os.ReadFile("examples/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var v node
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func schemaOf(name string) string {
	for _, typ := range schemas.ChangeTypes() {
		if name == string(typ) {
			return "changes"
		}
	}
	if strings.HasPrefix(name, "state.") {
		return "state"
	}
	return "lifecycle"
}

func names() []string {
	out := []string{"state.host", "state.port"}
	for _, typ := range slices.Concat(schemas.ChangeTypes(), schemas.LifecycleTypes()) {
		out = append(out, string(typ))
	}
	return out
}

// TestSchemasAreClosed: in every object of every example, one key more or one
// key less is refused; so the schemas describe neither more nor less than is sent.
func TestSchemasAreClosed(t *testing.T) {
	// Objects whose keys are names from outside.
	free := func(path string) bool { return strings.HasSuffix(path, ".facts") || strings.HasSuffix(path, ".labels") }
	for _, name := range names() {
		doc := example(t, name)
		refused := func(what string) {
			data, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			if schematest.Schema(schemaOf(name), data) == nil {
				t.Errorf("%s: %s is admitted", name, what)
			}
		}
		var walk func(path string, v any)
		walk = func(path string, v any) {
			switch v := v.(type) {
			case []any:
				for i, item := range v {
					walk(fmt.Sprintf("%s[%d]", path, i), item)
				}
			case node:
				if !free(path) {
					v["surplus"] = nil
					refused("a further key in " + path)
					delete(v, "surplus")
				}
				for _, key := range slices.Sorted(maps.Keys(v)) {
					value := v[key]
					if !free(path) && !(path == ".details" && (key == "retracts" || key == "facts")) {
						delete(v, key)
						refused("no " + path + "." + key)
						v[key] = value
					}
					walk(path+"."+key, value)
				}
			}
		}
		walk("", doc)
	}
}

func TestSchemasRefuse(t *testing.T) {
	long := strings.Repeat("x", 201)
	for _, c := range []struct {
		name, path string
		value      any
	}{
		{"port.opened", "type", "port.moved"}, {"port.opened", "type", "port.closed"}, {"port.opened", "severity", "warning"}, {"port.opened", "severity", "info"},
		{"port.opened", "id", "A3"}, {"port.opened", "host", ""}, {"port.opened", "host", "Example.com"}, {"port.opened", "port", nil}, {"port.opened", "port.number", 65536},
		{"port.opened", "port.id", ""}, {"port.opened", "port.protocol", "TCP"}, {"port.opened", "epoch", 0}, {"port.opened", "revision", 0}, {"port.opened", "seq", 0}, {"port.opened", "seq", 1.5},
		{"port.opened", "reasons", []any{}}, {"port.opened", "reasons", []any{"because"}}, {"port.opened", "reasons", []any{"new_port", "new_port"}}, {"port.opened", "reasons", nil},
		{"port.opened", "message", long}, {"port.opened", "message", ""}, {"port.opened", "confidence", "sure"},
		{"port.opened", "time.detected", "2026-11-23T15:02:11Z"}, {"port.opened", "time.detected", nil}, {"port.opened", "time.notBefore", "2026-11-23T15:02:11+01:00"}, {"port.opened", "time.notAfter", "2026-13-23T15:02:11Z"},
		{"port.opened", "before", node{}}, {"port.opened", "after", nil}, {"port.opened", "after.status", "closed"}, {"port.opened", "after.services", nil}, {"port.opened", "after.flapping", nil},
		{"port.opened", "after.certificate.sha1", "fb"}, {"port.opened", "after.certificate.validity", "old"}, {"port.opened", "after.certificate.subject", ""},
		{"port.opened", "changed", []any{"port"}}, {"port.opened", "changed", []any{"services"}}, {"port.opened", "changed", []any{}}, {"port.opened", "details", nil}, {"port.opened", "context.services", nil}, {"port.opened", "context.status", nil},
		{"port.opened", "evidence", nil}, {"port.opened", "evidence.basis", "hope"}, {"port.opened", "evidence.proof", "none"}, {"port.opened", "evidence.agreeing", 0}, {"port.opened", "cause", ""},
		{"port.closed", "after.status", "filtered"}, {"port.closed", "before", nil}, {"port.closed", "before.status", ""}, {"port.vanished", "after.status", "closed"}, {"port.status_changed", "after.status", "open"},
		{"port.discovered", "after.status", "open"}, {"port.reopened", "before.status", "open"}, {"port.reopened", "details.goneFor", -1}, {"port.reopened", "details.retracts", "x"},
		{"service.added", "before", node{}}, {"service.removed", "after", node{}}, {"service.version_changed", "details.direction", "sideways"}, {"service.added", "after.versions", nil},
		{"service.version_changed", "changed", []any{}}, {"service.version_changed", "changed", []any{"banners"}}, {"banner.changed", "details.facts", nil}, {"banner.added", "after.forms", []any{}},
		{"certificate.renewed", "details.fields", nil}, {"certificate.replaced", "after", nil}, {"host.exposed", "port", node{"protocol": "tcp", "number": 1, "id": nil}},
		{"host.exposed", "after.exposed", false}, {"host.unexposed", "context.services", []any{}}, {"host.exposed", "details.openPorts", -1},
		{"baseline.completed", "reasons", []any{"throttled"}}, {"baseline.completed", "details.answer", "maybe"}, {"baseline.completed", "host", nil},
		{"heartbeat", "host", "203.0.113.7"}, {"heartbeat", "epoch", 1}, {"host.unknown", "port", node{"protocol": "tcp", "number": 1, "id": nil}}, {"source.degraded", "details.kind", "tired"},
		{"change.suppressed", "details.rule", "mood"}, {"change.suppressed", "details.digest", ""}, {"source.degraded", "details.status", 0},
		{"state.port", "op", "d"}, {"state.port", "v", 2}, {"state.port", "port", nil}, {"state.port", "banners", nil}, {"state.host", "baseline", "done"}, {"state.host", "exposed", nil},
		{"state.host", "groups", []any{node{"protocol": "tcp", "fingerprint": "x", "ranges": []any{[]any{1}}, "count": 1}}},
	} {
		doc := example(t, c.name)
		set(t, doc, c.path, c.value)
		data, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if schematest.Schema(schemaOf(c.name), data) == nil {
			t.Errorf("%s: %s = %v is admitted", c.name, c.path, c.value)
		}
	}
}

func set(t testing.TB, doc node, path string, value any) {
	t.Helper()
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		doc = doc[key].(node)
	}
	last := keys[len(keys)-1]
	if _, ok := doc[last]; !ok {
		t.Fatalf("the example has no %s", path)
	}
	doc[last] = value
}

// TestEveryFieldIsDescribed: each property, list item and definition says what it
// is, or refers to one that does; each object that lists properties is closed.
func TestEveryFieldIsDescribed(t *testing.T) {
	for _, name := range schemas.JSONSchemas() {
		data, err := schemas.JSONSchema(name)
		if err != nil {
			t.Fatal(err)
		}
		var doc node
		if err := json.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		if doc["$schema"] != "https://json-schema.org/draft/2020-12/schema" || doc["$id"] != schemas.SchemaBase+name+".schema.json" {
			t.Errorf("%s: $schema %v, $id %v", name, doc["$schema"], doc["$id"])
		}
		var field func(path string, n node)
		field = func(path string, n node) {
			_, described := n["description"]
			_, referring := n["$ref"]
			if !described && !referring {
				t.Errorf("%s%s is not described", name, path)
			}
			if n["type"] == "object" && n["properties"] != nil && n["additionalProperties"] != false {
				t.Errorf("%s%s is open", name, path)
			}
			for _, group := range []string{"properties", "$defs"} {
				children, _ := n[group].(node)
				for key, child := range children {
					if child := child.(node); !referring { // what narrows a reference says nothing new
						field(path+"."+key, child)
					}
				}
			}
			for _, key := range []string{"items", "additionalProperties"} {
				if child, ok := n[key].(node); ok {
					field(path+"."+key, child)
				}
			}
			anyOf, _ := n["anyOf"].([]any)
			for _, option := range anyOf {
				if option := option.(node); option["type"] != "null" {
					field(path, option)
				}
			}
		}
		if doc["description"] == nil {
			doc["description"] = doc["title"]
		}
		field("", doc)
	}
	if _, err := schemas.JSONSchema("nothing"); err == nil || !strings.Contains(err.Error(), "changes") {
		t.Errorf("%v, expected an error that names the schemas there are", err)
	}
}

// TestSchemasListWhatTheCodeKnows: types and reasons stand in both, and nothing else.
func TestSchemasListWhatTheCodeKnows(t *testing.T) {
	text := func(types []schemas.Type) (out []string) {
		for _, typ := range types {
			out = append(out, string(typ))
		}
		return out
	}
	if got, want := enum(t, "changes", "properties", "type"), text(schemas.ChangeTypes()); !sameWords(got, want) {
		t.Errorf("types of change events: %v, expected %v", got, want)
	}
	if got, want := enum(t, "lifecycle", "properties", "type"), text(schemas.LifecycleTypes()); !sameWords(got, want) {
		t.Errorf("types of lifecycle events: %v, expected %v", got, want)
	}
	var reasons []string
	for _, r := range schemas.Reasons() {
		reasons = append(reasons, string(r))
	}
	got := append(enum(t, "changes", "properties", "reasons", "items"), enum(t, "lifecycle", "properties", "reasons", "items")...)
	if !slices.Equal(got, reasons) {
		t.Errorf("reasons: %v, expected %v", got, reasons)
	}
}

func sameWords(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// enum is the words of the enumeration at a path within a schema.
func enum(t testing.TB, schema string, path ...string) []string {
	t.Helper()
	data, err := schemas.JSONSchema(schema)
	if err != nil {
		t.Fatal(err)
	}
	var doc node
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	for _, key := range path {
		doc = doc[key].(node)
	}
	var out []string
	for _, word := range doc["enum"].([]any) {
		out = append(out, word.(string))
	}
	return out
}
