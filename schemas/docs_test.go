package schemas_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/portdelta/portdelta/schemas"
)

// TestDocs: docs/events.md names every type, reason with its sentence, rule and
// header there is, and its example is the real one.
func TestDocs(t *testing.T) {
	data, err := os.ReadFile("../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(data)
	expect := func(text string) {
		if !strings.Contains(doc, text) {
			t.Errorf("docs/events.md lacks %s", text)
		}
	}
	for _, typ := range append(schemas.ChangeTypes(), schemas.LifecycleTypes()...) {
		expect("| `" + string(typ) + "` |")
	}
	for _, r := range schemas.Reasons() {
		expect("| `" + string(r) + "` | " + r.Sentence() + " |")
	}
	for _, rule := range enum(t, "lifecycle", "$defs", "suppressed", "properties", "rule") {
		expect("| `" + rule + "` |")
	}
	for _, r := range schemas.Story(t)[:1] {
		for _, h := range r.Headers {
			expect("| `" + h.Key + "` |")
		}
		expect(string(r.Value))
	}
	example, err := os.ReadFile("examples/port.opened.json")
	if err != nil {
		t.Fatal(err)
	}
	expect(string(bytes.TrimSpace(example)))
}
