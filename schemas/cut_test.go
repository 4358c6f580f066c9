package schemas_test

import (
	"errors"
	"testing"

	"github.com/portdelta/portdelta/schemas"
	"github.com/portdelta/portdelta/schemas/schematest"
)

// A cut event keeps what a reader counts by, is admitted by the schema, and does
// not pass for a whole one.
func TestCutRecord(t *testing.T) {
	cut := 0
	for _, r := range schemas.Story(t) {
		got, err := schemas.CutRecord(r, "too_large")
		if r.Topic != schemas.Changes {
			if err == nil {
				t.Errorf("a record on %s was cut", r.Topic)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		cut++
		schematest.Validate(t, got)
		whole, err := schemas.ParseEvent(r.Value)
		event, err2 := schemas.ParseEvent(got.Value)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if event.ID != whole.ID || event.Seq != whole.Seq || event.Epoch != whole.Epoch || event.Type != whole.Type || event.Severity != whole.Severity || !event.IsCut() || whole.IsCut() {
			t.Errorf("%s was cut to %s", r.Value, got.Value)
		}
		if _, err := schemas.CutRecord(got, "too_large"); err == nil {
			t.Error("a cut event was cut again")
		}
		fold := schemas.NewHostFold(event.Host)
		if err := fold.Apply(event); err == nil {
			t.Errorf("a reader's fold took a cut %s for a whole one", event.Type)
		}
	}
	if cut == 0 {
		t.Fatal("the story has no change event")
	}
}
