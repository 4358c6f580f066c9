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
