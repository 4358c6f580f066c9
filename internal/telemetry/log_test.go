package telemetry

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

func TestLoggerFormats(t *testing.T) {
	for format, want := range map[string]string{
		"json":    `{"level":"info","time":"2000-01-01T00:00:00.000Z","logger":"poller","msg":"looked","hosts":3,"took":"1.5s","error":"a\nb"}` + "\n",
		"console": `2000-01-01T00:00:00.000Z  info  poller  looked  {"hosts": 3, "took": "1.5s", "error": "a\nb"}` + "\n",
	} {
		synctest.Test(t, func(t *testing.T) { // the clock of which begins there
			var out bytes.Buffer
			log, _, err := NewLogger("info", format, &out)
			if err != nil {
				t.Fatal(err)
			}
			log.Named("poller").Info("looked", zap.Int("hosts", 3), zap.Duration("took", 1500*time.Millisecond), zap.Error(errors.New("a\nb")))
			log.Debug("not this one")
			if diff := cmp.Diff(want, out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLevelIsSwitchedAtRunTime(t *testing.T) {
	var out bytes.Buffer
	log, level, err := NewLogger("error", "json", &out)
	if err != nil {
		t.Fatal(err)
	}
	child := log.Named("child")
	child.Warn("one")
	level.SetLevel(zapcore.DebugLevel)
	child.Debug("two")
	if got := out.String(); strings.Contains(got, "one") || !strings.Contains(got, "two") {
		t.Errorf("got %q", got)
	}
}

func TestLoggerWords(t *testing.T) {
	for _, level := range Levels {
		for _, format := range Formats {
			if _, _, err := NewLogger(level, format, new(bytes.Buffer)); err != nil {
				t.Errorf("%s, %s: %v", level, format, err)
			}
		}
	}
	for _, words := range [][2]string{{"", "json"}, {"INFO", "json"}, {"panic", "json"}, {"info", ""}, {"info", "logfmt"}} {
		if log, _, err := NewLogger(words[0], words[1], new(bytes.Buffer)); err == nil || log != nil {
			t.Errorf("%q are taken", words)
		}
	}
}

// limited runs steps against a Limited of one minute and returns its lines.
func limited(t *testing.T, steps func(l *Limited)) string {
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		log, _, err := NewLogger("info", "json", &out)
		if err != nil {
			t.Fatal(err)
		}
		steps(NewLimited(log, time.Minute))
	})
	return out.String()
}

func TestLimited(t *testing.T) {
	fault := errors.New("broker away")
	for _, tt := range []struct {
		name  string
		steps func(l *Limited)
		want  string
	}{
		{"one line a period, then the recovery", func(l *Limited) {
			for range 150 { // 0 s to 149 s
				l.Error("publish failed", fault, zap.Int("shard", 3))
				time.Sleep(time.Second)
			}
			l.Recovered("publishing again", zap.Int("shard", 3))
		}, `{"level":"error","time":"2000-01-01T00:00:00.000Z","msg":"publish failed","shard":3,"error":"broker away"}
{"level":"error","time":"2000-01-01T00:01:00.000Z","msg":"publish failed","shard":3,"error":"broker away","repeats":59}
{"level":"error","time":"2000-01-01T00:02:00.000Z","msg":"publish failed","shard":3,"error":"broker away","repeats":59}
{"level":"info","time":"2000-01-01T00:02:30.000Z","msg":"publishing again","shard":3,"failures":150,"lasted":"2m30s"}
`},
		{"a fault that comes and goes is limited too", func(l *Limited) {
			for range 90 { // down and up once a second
				l.Error("publish failed", fault)
				time.Sleep(500 * time.Millisecond)
				l.Recovered("publishing again")
				time.Sleep(500 * time.Millisecond)
			}
		}, `{"level":"error","time":"2000-01-01T00:00:00.000Z","msg":"publish failed","error":"broker away"}
{"level":"info","time":"2000-01-01T00:00:00.500Z","msg":"publishing again","failures":1,"lasted":"500ms"}
{"level":"error","time":"2000-01-01T00:01:00.000Z","msg":"publish failed","error":"broker away","repeats":59}
{"level":"info","time":"2000-01-01T00:01:00.500Z","msg":"publishing again","failures":1,"lasted":"500ms"}
`},
		{"a fault after a quiet time is told at once", func(l *Limited) {
			l.Error("publish failed", fault)
			l.Recovered("publishing again")
			time.Sleep(time.Hour)
			l.Error("publish failed", fault)
		}, `{"level":"error","time":"2000-01-01T00:00:00.000Z","msg":"publish failed","error":"broker away"}
{"level":"info","time":"2000-01-01T00:00:00.000Z","msg":"publishing again","failures":1,"lasted":"0s"}
{"level":"error","time":"2000-01-01T01:00:00.000Z","msg":"publish failed","error":"broker away"}
`},
		{"nothing to recover from", func(l *Limited) { l.Recovered("publishing again") }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, limited(t, tt.steps)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
