package house

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pure are the packages that decide: the same input gives the same bytes, on
// every machine and at every time (P7).
var pure = []string{"diff", "diff/banner", "diff/banner/fingerprint"}

// outside are packages of the standard library with which pure code would see or
// touch something that is not its input.
var outside = []string{"context", "crypto/rand", "expvar", "io/ioutil", "log", "log/slog", "math/rand", "math/rand/v2", "net", "net/http",
	"os", "os/exec", "os/signal", "path/filepath", "runtime", "sync", "sync/atomic", "syscall", "testing/synctest"}

// clock are the names of package time that read or wait for the clock.
var clock = []string{"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until", "Local"}

func TestPure(t *testing.T) {
	seen := 0
	for _, s := range sources(t) {
		if s.test() || !slices.Contains(pure, s.folder()) {
			continue
		}
		seen++
		for _, path := range outside {
			if s.local(path) != "" {
				t.Errorf("%s imports %s: diff has no I/O, log, metric, clock or goroutine, so that a recording gives the same events again (P7)", s.name, path)
			}
		}
		s.uses("time", func(name string, n ast.Node) {
			if slices.Contains(clock, name) {
				t.Errorf("%s:%d uses time.%s: time comes into diff as data (P7)", s.name, s.line(n), name)
			}
		})
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n.(type) {
			case *ast.GoStmt, *ast.SelectStmt, *ast.ChanType:
				t.Errorf("%s:%d has a goroutine or a channel: what diff gives must not depend on who runs first (P7)", s.name, s.line(n))
			}
			return true
		})
	}
	if seen == 0 {
		t.Fatal("no file of a pure package was read")
	}
}

// kafka-go's Reader hands out the records of aborted transactions, whatever its
// isolation level (segmentio/kafka-go#1332): not even a test may use it.
func TestNoKafkaReader(t *testing.T) {
	seen := 0
	for _, s := range sources(t) {
		s.uses("github.com/segmentio/kafka-go", func(name string, n ast.Node) {
			seen++
			if slices.Contains([]string{"Reader", "NewReader", "ReaderConfig"}, name) {
				t.Errorf("%s:%d uses kafka-go's %s, which shows records of aborted transactions: use publisher/kafka's Tail", s.name, s.line(n), name)
			}
		})
	}
	if seen == 0 {
		t.Fatal("no use of kafka-go was found")
	}
}

func TestPackageComments(t *testing.T) {
	comments := map[string]int{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		n := comments[s.folder()]
		if s.file.Doc != nil {
			n++
			begin := "Package " + s.file.Name.Name + " "
			if s.file.Name.Name == "main" {
				begin = "Command "
			}
			if !strings.HasPrefix(s.file.Doc.Text(), begin) {
				t.Errorf("%s: a package comment begins with %q", s.name, begin)
			}
		}
		comments[s.folder()] = n
	}
	for folder, n := range comments {
		if n != 1 {
			t.Errorf("%s has %d package comments and needs one: what it does, what it promises and what not", folder, n)
		}
	}
}

// A file holds one concept; main holds none.
func TestFileLength(t *testing.T) {
	const most, mostOfMain = 400, 40
	for _, name := range files(t, ".go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		bound := most
		if name == "cmd/portdelta/main.go" {
			bound = mostOfMain
		}
		if n := strings.Count(read(t, name), "\n"); n > bound {
			t.Errorf("%s has %d lines, more than %d: split it by concept", name, n, bound)
		}
	}
}

// What is not done is an issue, not a comment.
func TestNoMarks(t *testing.T) {
	marks := regexp.MustCompile(`\b(` + "TO" + "DO|FIX" + "ME|XX" + "X|HA" + "CK" + `)\b`)
	for _, name := range files(t, ".go", ".md", ".yaml", ".conf", "Makefile", "Containerfile", ".ci/run", ".ci/vulnerabilities") {
		for i, line := range strings.Split(read(t, name), "\n") {
			if mark := marks.FindString(line); mark != "" {
				t.Errorf("%s:%d says %s: do it, or open an issue", name, i+1, mark)
			}
		}
	}
}
