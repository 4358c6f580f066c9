package control

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// folder is a short one: that of t.TempDir may not fit into a socket address.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "control")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// serve runs a server on the folder; the function it returns ends it.
func serve(t *testing.T, dir string) (end func()) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/echo", func(w http.ResponseWriter, r *http.Request) {
		Answer(w, map[string]string{"said": r.URL.Query().Get("say")})
	})
	mux.HandleFunc("GET /v1/no", func(w http.ResponseWriter, _ *http.Request) {
		Refuse(w, http.StatusNotFound, errors.New("nothing held"))
	})
	s, err := Listen(dir, mux)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestAskAndAnswer(t *testing.T) {
	dir := folder(t)
	end := serve(t, dir)
	info, err := os.Stat(filepath.Join(dir, Name))
	if err != nil || info.Mode().Perm() != 0o600 || info.Mode().Type() != os.ModeSocket {
		t.Errorf("socket: %v %v, want one of mode 0600", info.Mode(), err)
	}
	c, err := Dial(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Said string }
	if err := c.Get(t.Context(), "/v1/echo", url.Values{"say": {"a b&c\x00"}}, &got); err != nil || got.Said != "a b&c\x00" {
		t.Errorf("echo: %q, %v", got.Said, err)
	}
	var no *Refusal
	if err := c.Get(t.Context(), "/v1/no", nil, &got); !errors.As(err, &no) || no.Status != 404 || no.Message != "nothing held" {
		t.Errorf("refused: %v", err)
	}
	if err := c.Get(t.Context(), "/v1/later", nil, &got); !errors.As(err, &no) || !strings.Contains(no.Message, "another version") {
		t.Errorf("a path nobody serves: %v", err)
	}
	if _, err := Listen(dir, nil); err == nil || !strings.Contains(err.Error(), "another process answers") {
		t.Errorf("a second one on the folder: %v", err)
	}
	end()
	if _, err := Dial(t.Context(), dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("after the end: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// What a killed process left neither answers nor stands in the way.
func TestDeadSocketIsReplaced(t *testing.T) {
	dir := folder(t)
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, Name), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(t.Context(), dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("dial: %v", err)
	}
	end := serve(t, dir)
	defer end()
	if _, err := Dial(t.Context(), dir); err != nil {
		t.Errorf("after the next start: %v", err)
	}
}

func TestLongPathIsTold(t *testing.T) {
	dir := filepath.Join(folder(t), strings.Repeat("long/", 30))
	if _, err := Listen(dir, nil); !errors.Is(err, ErrPath) {
		t.Errorf("listen: %v", err)
	}
	if _, err := Dial(t.Context(), dir); !errors.Is(err, ErrPath) {
		t.Errorf("dial: %v", err)
	}
}

// A deep folder that can be named from where the process stands is not too long.
func TestDeepFolderByItsShortName(t *testing.T) {
	dir := filepath.Join(folder(t), strings.Repeat("long/", 30))
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	end := serve(t, "data")
	defer end()
	if _, err := Dial(t.Context(), "data"); err != nil {
		t.Error(err)
	}
}
