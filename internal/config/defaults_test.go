package config

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDefaultsLoad holds the file of `config defaults` against Default: valid as
// it stands, and nothing in it but the defaults and one example address.
func TestDefaultsLoad(t *testing.T) {
	got, err := parse("defaults.yaml", Defaults(), noEnv, noHost)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Kafka.BootstrapServers = []string{"127.0.0.1:9092"}
	if diff := cmp.Diff(&want, got, equateEmpty); diff != "" {
		t.Error(diff)
	}
}

// An empty list in a file is as good as none.
var equateEmpty = cmp.Transformer("list", func(s []string) string { return strings.Join(s, "\n") })

func TestDefaultsNameEveryKey(t *testing.T) {
	file := string(Defaults())
	for _, k := range keys(noHost) {
		parts := strings.Split(k.path, ".")
		leaf := parts[len(parts)-1]
		if strings.HasPrefix(k.path, "kafka.embedded.") {
			embedded := DefaultEmbedded()
			want := "# embedded: {path: " + embedded.Path + ", listen: \"" + embedded.Listen + "\"}"
			if !strings.Contains(file, want) {
				t.Errorf("%s: the file lacks %s", k.path, want)
			}
			continue
		}
		found := false
		for line := range strings.Lines(file) {
			line = strings.TrimPrefix(strings.TrimSpace(line), "# ")
			found = found || strings.HasPrefix(line, leaf+": ")
		}
		if !found {
			t.Errorf("%s: no line of the file begins with %s:", k.path, leaf)
		}
	}
}

func TestDefaultsAreACopy(t *testing.T) {
	Defaults()[0] = 'x'
	if Defaults()[0] != '#' {
		t.Error("a caller's change reached the file")
	}
}

// TestDocs checks the columns of docs/configuration.md that a program can know:
// key, type, default and variable of each row; the meaning is for people.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]string)
	for line := range strings.Lines(string(page)) {
		if cells := strings.SplitN(line, "|", 6); strings.HasPrefix(line, "| `") && len(cells) == 6 {
			rows[strings.Trim(cells[1], " `")] = line
		}
	}
	for _, k := range keys(noHost) {
		cfg := Default()
		value := "`" + k.show(&cfg) + "`"
		if k.path == "kafka.bootstrap_servers" || k.show(&cfg) == "" {
			value = "none"
		}
		want := "| `" + k.path + "` | " + string(k.kind) + " | " + value + " | `" + k.env() + "` | "
		if !strings.HasPrefix(rows[k.path], want) {
			t.Errorf("docs/configuration.md has\n\t%q, want it to begin with\n\t%q", rows[k.path], want)
		} else if len(rows[k.path]) < len(want)+len("a few words |") {
			t.Errorf("docs/configuration.md does not say what %s means", k.path)
		}
		delete(rows, k.path)
	}
	for path := range rows {
		t.Errorf("docs/configuration.md has a row for %s, which is no key", path)
	}
}

func TestKeysAndVariablesAreUnique(t *testing.T) {
	paths, variables := make(map[string]bool), make(map[string]bool)
	for _, k := range keys(noHost) {
		if paths[k.path] || variables[k.env()] {
			t.Errorf("%s or %s stands twice", k.path, k.env())
		}
		paths[k.path], variables[k.env()] = true, true
	}
}

// TestShownValuesAreTaken is a law of the table: what a key shows, it takes.
func TestShownValuesAreTaken(t *testing.T) {
	for _, k := range keys(noHost) {
		if k.kind == list {
			continue
		}
		cfg := Default()
		shown := k.show(&cfg)
		if err := k.put(&cfg, 0, shown); err != nil {
			t.Errorf("%s: its default %q is refused: %v", k.path, shown, err)
		}
		if again := k.show(&cfg); again != shown {
			t.Errorf("%s: %q became %q", k.path, shown, again)
		}
	}
}
