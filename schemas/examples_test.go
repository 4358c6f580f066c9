package schemas_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/portdelta/portdelta/schemas"
	"github.com/portdelta/portdelta/schemas/schematest"
)

var update = flag.Bool("update", false, "write schemas/examples anew")

// TestExamples: for every type one example, which is what the codec writes today
// and what the schemas admit.
func TestExamples(t *testing.T) {
	want := map[string][]byte{}
	for _, r := range schemas.Story(t) {
		schematest.Validate(t, r)
		var head struct{ Type, Status string }
		if err := json.Unmarshal(r.Value, &head); err != nil {
			t.Fatal(err)
		}
		name := head.Type
		switch {
		case r.Topic == schemas.State && head.Status == "":
			name = "state.host"
		case r.Topic == schemas.State:
			name = "state.port"
		}
		// Of a type told twice, the first.
		if _, told := want[name+".json"]; !told {
			want[name+".json"] = append(r.Value, '\n')
		}
	}
	for _, typ := range slices.Concat(schemas.ChangeTypes(), schemas.LifecycleTypes()) {
		if want[string(typ)+".json"] == nil {
			t.Errorf("no example of %s", typ)
		}
	}
	if *update {
		for name, data := range want {
			if err := os.WriteFile(filepath.Join("examples", name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := filepath.Glob("examples/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		files[i] = filepath.Base(f)
		got, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want[files[i]]) {
			t.Errorf("%s differs from what is encoded: go test ./schemas -run TestExamples -update\n%s", f, want[files[i]])
		}
	}
	if got, want := strings.Join(files, " "), strings.Join(slices.Sorted(maps.Keys(want)), " "); got != want {
		t.Errorf("examples are %s, expected %s", got, want)
	}
}

// TestWalkIsOfContract: whatever history is told, the schemas admit every record.
func TestWalkIsOfContract(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		for _, r := range schemas.Walk(rt, t) {
			if err := schematest.Check(r); err != nil {
				rt.Fatalf("%v\n%s", err, r.Value)
			}
		}
	})
}

// TestContractExampleIsAdmitted: the change event that the contract shows passes.
func TestContractExampleIsAdmitted(t *testing.T) {
	for name, schema := range map[string]string{"change": "changes", "state.port": "state", "state.host": "state"} {
		data, err := os.ReadFile("testdata/contract/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if err := schematest.Schema(schema, data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
