package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	// All that the binary is built from. Without it the go command, which does not
	// see what the tests build, would show the cached result of an older binary.
	_ "github.com/portdelta/portdelta/internal/app"
)

// process is one run of the binary. Its output goes to files, so that a kill
// loses none of it.
type process struct {
	cmd      *exec.Cmd
	out, err string // files
	exited   chan struct{}
}

// build makes the binary the tests drive.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "portdelta")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "github.com/portdelta/portdelta/cmd/portdelta").CombinedOutput()
	if err != nil {
		t.Fatalf("build portdelta: %v\n%s", err, out)
	}
	return binary
}

// launch starts the binary; it is killed when the test ends. name is that of
// its output files in dir.
func launch(t *testing.T, binary, dir, name string, args ...string) *process {
	t.Helper()
	return launchWith(t, nil, binary, dir, name, args...)
}

// launchWith is launch with further variables of the environment.
func launchWith(t *testing.T, env []string, binary, dir, name string, args ...string) *process {
	t.Helper()
	p := &process{
		cmd: exec.Command(binary, args...), exited: make(chan struct{}),
		out: filepath.Join(dir, name+".out"), err: filepath.Join(dir, name+".err"),
	}
	p.cmd.Dir, p.cmd.Env = dir, append(os.Environ(), env...)
	stdout, err := os.Create(p.out)
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close() // the process has its own copies
	stderr, err := os.Create(p.err)
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	p.cmd.Stdout, p.cmd.Stderr = stdout, stderr
	endWithParent(p.cmd)
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start portdelta %s: %v", args[0], err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // its state is read from cmd
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the end of %s's log:\n%s", name, tail(p.err, 3<<10))
		}
	})
	return p
}

// kill is kill -9, and waits for the end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only if it is gone already
	<-p.exited
}

func (p *process) signal(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatalf("signal %v: %v", signal, err)
	}
}

// exit waits for the process to end by itself and returns its exit code.
func (p *process) exit(t *testing.T, within time.Duration) int {
	t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(within):
		t.Fatalf("portdelta did not end within %v", within)
		return 0
	}
}

func (p *process) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// run runs a command that ends by itself and must succeed.
func run(t *testing.T, binary, dir, name string, args ...string) {
	t.Helper()
	p := launch(t, binary, dir, name, args...)
	if code := p.exit(t, time.Minute); code != 0 {
		t.Fatalf("portdelta %s: exit code %d", strings.Join(args, " "), code)
	}
}

// eventually waits until ok returns nil, and fails the test with its last error
// when that takes too long. These are other processes: there is nothing to wait
// on but their word.
func eventually(t *testing.T, what string, within time.Duration, ok func() error) {
	t.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ok()
		if err == nil {
			return
		}
		select {
		case <-deadline.C:
			t.Fatalf("%s: not within %v: %v", what, within, err)
		case <-t.Context().Done():
			t.Fatalf("%s: the test ended: %v", what, err)
		case <-tick.C:
		}
	}
}

// pass lets time go by while something is on.
func pass(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
		t.Fatal("the test ended")
	}
}

// errWaiting is for conditions that have nothing to add.
var errWaiting = errors.New("not yet")

func tail(file string, size int) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(data[max(0, len(data)-size):])
}
