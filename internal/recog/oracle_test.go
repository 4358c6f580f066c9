package recog

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// oracle is the folder of a real Recog database, which is no part of the repository.
func oracle(t testing.TB) string {
	root := os.Getenv("PORTDELTA_ORACLES")
	if root == "" {
		t.Skip("PORTDELTA_ORACLES is not set: Recog's own examples were not tried")
	}
	return filepath.Join(root, "recog")
}

// forEachExample calls fn for every example of every database of the folder.
func forEachExample(t *testing.T, dir string, fn func(f file, i int, e example, text string)) {
	names, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no databases in %s: %v", dir, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, faults := decodeWith(filepath.Base(name), data, true)
		for _, fault := range faults {
			t.Error(fault)
		}
		for i, examples := range f.examples {
			for _, e := range examples {
				text := e.Text
				if held := e.attr("_filename"); held != "" {
					raw, err := os.ReadFile(filepath.Join(dir, strings.TrimSuffix(filepath.Base(name), ".xml"), held))
					if err != nil {
						t.Logf("%s: example %s is not at hand", name, held)
						continue
					}
					text = string(raw)
				}
				if e.attr("_encoding") == "base64" {
					raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
					if err != nil {
						t.Errorf("%s: %v", name, err)
						continue
					}
					text = string(raw)
				}
				fn(f, i, e, text)
			}
		}
	}
}

func (e example) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// Every example of every database matches as its author says: the fingerprint it
// belongs to, and all that it says.
func TestRecogExamples(t *testing.T) {
	examples, attributes := 0, 0
	forEachExample(t, oracle(t), func(f file, i int, e example, text string) {
		examples++
		p, says := first(f.prints, text)
		if p != f.prints[i] {
			t.Errorf("%s:%d: another fingerprint, or none, matches its example %q", f.prints[i].file, f.prints[i].line, text)
			return
		}
		for _, a := range e.Attrs {
			if strings.HasPrefix(a.Name.Local, "_") {
				continue
			}
			attributes++
			if says[a.Name.Local] != a.Value {
				t.Errorf("%s:%d: %s of %q is %q, not %q", p.file, p.line, a.Name.Local, text, says[a.Name.Local], a.Value)
			}
		}
	})
	if examples < 4000 {
		t.Errorf("only %d examples", examples)
	}
	t.Logf("%d examples with %d attributes match as their authors say", examples, attributes)
}
