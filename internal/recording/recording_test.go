package recording

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/internal/hostport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var monday = time.Date(2026, 11, 23, 15, 2, 11, 120_000_000, time.UTC)

// look is a snapshot with some text that does not compress away.
func look(n int) detect.Input {
	raw := fmt.Sprintf(`{"port":%d,"protocol":"tcp","status":"open","lastScanDateTime":"2026-11-23T15:00:00Z","x":"%x"}`, 1+n%65535, n*n*n*2654435761)
	key := hostport.PortKey{Protocol: "tcp", Number: uint16(1 + n%65535)}
	s := &hostport.Snapshot{Host: "203.0.113.7", At: monday.Add(time.Duration(n) * time.Second), Result: hostport.Ports, Proof: hostport.Single,
		Requests: []string{fmt.Sprint("r", n)}, Ports: []hostport.Port{{PortKey: key, Raw: []byte(raw)}}}
	return detect.Input{Host: s.Host, At: s.At, Snapshot: s}
}

func create(t *testing.T, o Options) *Writer {
	t.Helper()
	if o.OnFault == nil {
		o.OnFault = func(err error) { t.Errorf("the recording ended: %v", err) }
	}
	w, err := Create(o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// read returns every input and the number of heads.
func read(t *testing.T, path string, onTear func(string, int)) (inputs []detect.Input, heads int) {
	t.Helper()
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	r.OnTear = onTear
	defer r.Close()
	for {
		in, head, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return inputs, heads
		case err != nil:
			t.Fatalf("after %d inputs: %v", len(inputs), err)
		case head != nil:
			if head.Source != "/portdelta/t/graph" || head.Shards != 3 || string(head.Detect) != `{"a":1}` {
				t.Errorf("head %+v", head)
			}
			heads++
		default:
			inputs = append(inputs, in)
		}
	}
}

func head() Head { return Head{Source: "/portdelta/t/graph", Shards: 3, Detect: []byte(`{"a":1}`)} }

func TestAllInputsAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	written := []detect.Input{
		look(1),
		{Host: "2001:db8::7", At: monday, Failure: &diff.Failure{At: monday, Failures: 5, Since: monday.Add(-time.Hour - time.Nanosecond), MaxAge: 90 * time.Minute, Class: hostport.Throttled}},
		{Host: "2001:db8::7", At: monday, Failure: &diff.Failure{At: monday, Failures: 6, Since: monday, LastGood: monday.Add(-time.Nanosecond), MaxAge: time.Hour, Class: hostport.Unreadable}},
		{Host: "www.example.com", At: monday},
		look(2),
	}
	w := create(t, Options{Folder: dir, Head: head()})
	for _, in := range written[:2] {
		w.Record(in)
	}
	w.Close()
	w.Record(look(9)) // too late, and harmless
	w = create(t, Options{Folder: dir, Head: head()})
	for _, in := range written[2:] {
		w.Record(in)
	}
	w.Close()
	got, heads := read(t, dir, nil)
	if heads != 2 || len(got) != len(written) {
		t.Fatalf("%d heads, %d inputs", heads, len(got))
	}
	for i := range got {
		if s := got[i].Snapshot; s != nil {
			if s.ID() != written[i].Snapshot.ID() || string(s.Ports[0].Raw) != string(written[i].Snapshot.Ports[0].Raw) {
				t.Errorf("input %d: %+v", i, s)
			}
			got[i].Snapshot = written[i].Snapshot
		}
	}
	if d := cmp.Diff(written, got, cmpopts.IgnoreUnexported(detect.Input{})); d != "" {
		t.Error(d)
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 2 || names[0].Name() != "looks-00000001.ndjson.zst" {
		t.Errorf("files %v, %v", names, err)
	}
}

// A folder that would exceed its bound loses its oldest files, and says so; files
// that are not ours stay.
func TestFolderIsBounded(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), bytes.Repeat([]byte("x"), 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	var dropped []string
	w := create(t, Options{Folder: dir, Head: head(), Bytes: 64 << 10, OnDrop: func(name string) { dropped = append(dropped, name) }})
	n := 0
	for len(dropped) < 3 {
		if n++; n > 1_000_000 {
			t.Fatal("nothing is dropped")
		}
		w.Record(look(n))
		if n%100 == 0 {
			w.mu.Lock()
			w.flushLocked()
			w.mu.Unlock()
		}
	}
	w.Close()
	if dropped[0] != "looks-00000001.ndjson.zst" || dropped[2] != "looks-00000003.ndjson.zst" {
		t.Errorf("dropped %v", dropped)
	}
	left, err := listFiles(dir)
	if err != nil || left.bytes() > 64<<10 || len(left.list) < 2 {
		t.Errorf("left %+v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "notes.txt")); err != nil {
		t.Error(err)
	}
	got, _ := read(t, filepath.Join(dir, left.last().name), nil)
	if len(got) == 0 || !got[len(got)-1].At.Equal(look(n).At) {
		t.Errorf("the newest look is not the last of the newest file")
	}
}

// Whatever a crash leaves of the last frame, what stands before it is read.
func TestTornFile(t *testing.T) {
	dir := t.TempDir()
	w := create(t, Options{Folder: dir, Head: head()})
	for n := range 3000 {
		w.Record(look(n))
		if n == 1000 {
			w.mu.Lock()
			w.flushLocked()
			w.mu.Unlock()
		}
	}
	w.Close()
	name := filepath.Join(dir, "looks-00000001.ndjson.zst")
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	most := 0
	for cut := 0; cut <= len(whole); cut += 1 + len(whole)/31 {
		if err := os.WriteFile(name, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		tears := 0
		got, _ := read(t, dir, func(torn string, _ int) {
			if tears++; torn != "looks-00000001.ndjson.zst" {
				t.Errorf("torn: %s", torn)
			}
		})
		for i := range got {
			if !got[i].At.Equal(look(i).At) {
				t.Fatalf("cut at %d: input %d is of %v", cut, i, got[i].At)
			}
		}
		if len(got) < most {
			t.Errorf("cut at %d: %d inputs, %d with less of the file", cut, len(got), most)
		}
		most = len(got)
	}
	if most < 1000 {
		t.Errorf("%d inputs before the tear", most)
	}
}

// A disk that fails ends the recording once; what comes after is counted, and no
// step hears of it.
func TestDiskFault(t *testing.T) {
	dir := t.TempDir()
	reg := prometheus.NewRegistry()
	faults := 0
	w := create(t, Options{Folder: dir, Registerer: reg, OnFault: func(err error) {
		if faults++; !strings.HasPrefix(err.Error(), "recording: ") {
			t.Errorf("fault %q", err)
		}
	}})
	w.Record(look(1))
	w.out.Close() // every write fails from here on
	for range 3 {
		w.mu.Lock()
		w.flushLocked()
		w.mu.Unlock()
		w.Record(look(2))
	}
	w.Close()
	if faults != 1 {
		t.Errorf("%d faults were told", faults)
	}
	if n := testutil.ToFloat64(w.metrics.lost); n != 4 {
		t.Errorf("%v inputs counted as lost, want 4", n)
	}
}

// A snapshot that does not carry its JSON cannot be recorded; a recording without
// it would tell another history.
func TestInputThatCannotBeRecorded(t *testing.T) {
	faults := 0
	w := create(t, Options{Folder: t.TempDir(), OnFault: func(error) { faults++ }})
	bare := look(1)
	bare.Snapshot.Ports[0].Raw = nil
	w.Record(bare)
	w.Record(look(2))
	w.Close()
	if faults != 1 {
		t.Errorf("%d faults", faults)
	}
}

func TestFilesOfAPerson(t *testing.T) {
	dir := t.TempDir()
	line := `{"v":1,"host":"203.0.113.7","at":"2026-11-23T15:02:11Z","result":"ports","proof":"single","coverage":null,"requests":[],"ports":[],"answers":[]}`
	for name, text := range map[string]string{"b.ndjson": line + "\n\n" + line, "a.jsonl": line + "\n", ".hidden": "nonsense"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := read(t, dir, func(name string, _ int) { t.Errorf("torn: %s", name) }); len(got) != 3 {
		t.Errorf("%d looks, want 3", len(got))
	}
	for text, want := range map[string]string{
		"evil \x1b[2J\n":                 "line 1: a snapshot line",
		line + "\n" + `{"v":2}` + "\n":   "line 2: a snapshot line of version 2",
		`{"v":1,"result":"tick"}` + "\n": "line 1: a line of a recording with a member that is missing",
	} {
		bad := filepath.Join(t.TempDir(), "bad.ndjson")
		if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(bad)
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, _, err = r.Next()
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Whatever a line holds, it is read or refused, its text is quoted by no error, and
// what is read is written and read again as the same.
func FuzzLine(f *testing.F) {
	for _, in := range []detect.Input{look(1), {Host: "www.example.com", At: monday},
		{Host: "2001:db8::7", At: monday, Failure: &diff.Failure{At: monday, Failures: 5, Since: monday, LastGood: monday, MaxAge: time.Hour, Class: hostport.Throttled}}} {
		line, err := appendInput(nil, in)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line)
	}
	f.Add([]byte(`{"v":1,"result":"recording","source":"/portdelta/t/graph","detect":{"VanishAfter":1}}`))
	f.Add([]byte(`{"v":1,"host":"h.example","at":"2026-11-23T15:02:11Z","result":"failed","failure":null}`))
	f.Add([]byte(`{"v":1,"host":"\u001b[2J","at":"9999-12-31T23:59:59Z","result":"tick"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		in, head, err := parseLine(text)
		if err != nil {
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("raw text in %q", err)
			}
			return
		}
		if head != nil {
			return
		}
		again, err := appendInput(nil, in)
		if err != nil {
			t.Fatalf("%q: written again: %v", text, err)
		}
		back, _, err := parseLine(again)
		if err != nil {
			t.Fatalf("%q: read again: %v", again, err)
		}
		twice, err := appendInput(nil, back)
		if err != nil || !bytes.Equal(again, twice) {
			t.Errorf("%q became %q, %v", again, twice, err)
		}
	})
}
