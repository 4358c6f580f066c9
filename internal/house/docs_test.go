package house

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A link to a file of the repository leads somewhere.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]+)`)
	for _, name := range files(t, ".md") {
		for _, m := range link.FindAllStringSubmatch(read(t, name), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s links to %s, which does not exist", name, m[1])
			}
		}
	}
}

// fenced are the lines of a document's shell blocks.
func fenced(text string) []string {
	var lines []string
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			inside = line == "```sh"
			continue
		}
		if inside {
			lines = append(lines, line)
		}
	}
	return lines
}

// Whoever types what the documents say gets no "unknown flag".
func TestCommandsInDocuments(t *testing.T) {
	ours := regexp.MustCompile(`(?:^|\s)(?:\./portdelta|portdelta|go run \./cmd/portdelta) ([a-z][^|>#]*)`)
	target := regexp.MustCompile(`\bmake ([a-z]+)`)
	makefile := read(t, "Makefile")
	commands := 0
	for _, name := range append(files(t, ".md"), "deploy/compose.yaml") {
		lines := fenced(read(t, name))
		if strings.HasSuffix(name, ".yaml") { // commands stand in its comments, prose too
			lines = regexp.MustCompile(`go run \./cmd/portdelta .*`).FindAllString(read(t, name), -1)
		}
		for _, line := range lines {
			if m := ours.FindStringSubmatch(line); m != nil {
				commands++
				checkCommand(t, name, strings.Fields(m[1]))
			}
			if m := target.FindStringSubmatch(line); m != nil && !strings.Contains(makefile, "\n"+m[1]+":") {
				t.Errorf("%s: make %s is no target", name, m[1])
			}
		}
	}
	if commands < 10 {
		t.Errorf("only %d commands were found in the documents", commands)
	}
}

// The README's table names every command.
func TestReadmeHasEveryCommand(t *testing.T) {
	text, _ := help(t)
	_, list, _ := strings.Cut(text, "Available Commands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	readme := read(t, "README.md")
	for line := range strings.Lines(list) {
		name := strings.Fields(line)[0]
		if name != "help" && !strings.Contains(readme, "\n| `portdelta "+name) {
			t.Errorf("README.md has no row for portdelta %s", name)
		}
	}
}

// The table of packages in docs/architecture.md is the table of TestImports.
func TestArchitectureHasEveryPackage(t *testing.T) {
	rows := map[string][]string{}
	cells := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| [^|]+ \\| ([^|]+) \\|$")
	for _, m := range cells.FindAllStringSubmatch(read(t, "docs/architecture.md"), -1) {
		var may []string
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(m[2], -1) {
			may = append(may, name[1])
		}
		if m[2] == "everything" {
			may = []string{everything}
		}
		rows[m[1]] = may
	}
	for name, row := range imports {
		may, ok := rows[name]
		if !ok {
			t.Errorf("docs/architecture.md has no row for %s", name)
		} else if !slices.Equal(may, row.may) {
			t.Errorf("docs/architecture.md lets %s import %v, the test %v", name, may, row.may)
		}
	}
	if len(rows) != len(imports) {
		t.Errorf("docs/architecture.md has %d packages, the test %d", len(rows), len(imports))
	}
}

// A promise that is cited is one of the table.
func TestPromisesExist(t *testing.T) {
	cited := regexp.MustCompile(`\bP(\d+)\b`)
	table := read(t, "docs/architecture.md")
	kept := map[string]bool{}
	for _, name := range files(t, ".go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, m := range cited.FindAllString(read(t, name), -1) {
			if m != "P256" { // an elliptic curve
				kept[m] = true
			}
		}
	}
	for promise := range kept {
		if !strings.Contains(table, "\n| "+promise+" | ") {
			t.Errorf("the code cites %s, which docs/architecture.md does not have", promise)
		}
	}
	for _, m := range regexp.MustCompile(`\n\| (P\d+) \| `).FindAllStringSubmatch(table, -1) {
		if !kept[m[1]] {
			t.Errorf("docs/architecture.md promises %s, and no line of code says that it keeps it", m[1])
		}
	}
}
