//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/rogpeppe/go-internal/testscript"
)

// exit runs a program to its end. Whatever its answer, it speaks plainly.
func exit(ts *testscript.TestScript, neg bool, args []string) {
	take(ts, neg, args, 2, 99, "exit CODE PROGRAM ARG...")
	code := exitCode(ts, ts.Exec(args[1], args[2:]...))
	if want := number(ts, args[0]); code != want {
		ts.Fatalf("exit code %d, expected %d", code, want)
	}
	checkPlain(ts, "stdout", ts.ReadFile("stdout"))
	said := ts.ReadFile("stderr")
	checkPlain(ts, "stderr", said)
	if code >= 2 && !strings.Contains("\n"+said, "\nportdelta: ") {
		ts.Fatalf("exit code %d without a word of why", code)
	}
}

func exitCode(ts *testscript.TestScript, err error) int {
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return ended.ExitCode()
	}
	ts.Check(err)
	return 0
}

// checkPlain refuses what no terminal should get: controls, escapes, characters
// that hide or turn text around, and the trace of a panic.
func checkPlain(ts *testscript.TestScript, name, text string) {
	for i, r := range text {
		if r != '\n' && r != '\t' && !unicode.IsGraphic(r) || r == unicode.ReplacementChar {
			ts.Fatalf("%s: raw %U after %q", name, r, text[max(0, i-40):i])
		}
	}
	if strings.Contains(text, "goroutine ") {
		ts.Fatalf("%s holds a stack trace", name)
	}
}

// processes are those started by one script, by name.
type processes map[string]*process

type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed at its end
	err  error         // of Wait
}

func find(ts *testscript.TestScript, name string) *process {
	p := ts.Value("processes").(processes)[name]
	if p == nil {
		ts.Fatalf("no process %s was started", name)
	}
	return p
}

func start(ts *testscript.TestScript, neg bool, args []string) {
	take(ts, neg, args, 2, 99, "start NAME PROGRAM ARG...")
	name := args[0]
	p := &process{cmd: exec.Command(args[1], args[2:]...), done: make(chan struct{})}
	p.cmd.Dir = ts.MkAbs(".")
	ts.Check(ts.Exec("env", "-0")) // as the script has set it by now
	p.cmd.Env = strings.Split(strings.TrimSuffix(ts.ReadFile("stdout"), "\x00"), "\x00")
	var err error
	file := func(name string) *os.File {
		f, e := os.Create(ts.MkAbs(name))
		err = errors.Join(err, e)
		return f
	}
	out, errs := file(name+".out"), file(name+".err")
	ts.Check(err)
	p.cmd.Stdout, p.cmd.Stderr = out, errs
	ts.Check(p.cmd.Start())
	go func() {
		p.err = errors.Join(p.cmd.Wait(), out.Close(), errs.Close())
		close(p.done)
	}()
	ts.Defer(func() {
		_ = p.cmd.Process.Kill() // it may have ended already
		<-p.done
	})
	ts.Value("processes").(processes)[name] = p
}

func ends(ts *testscript.TestScript, neg bool, args []string) {
	take(ts, neg, args, 2, 2, "ends NAME CODE")
	p := find(ts, args[0])
	select {
	case <-p.done:
	case <-time.After(patience):
		ts.Fatalf("%s did not end\n%s", args[0], report(ts, args[0]))
	}
	if code, want := p.cmd.ProcessState.ExitCode(), number(ts, args[1]); code != want {
		ts.Fatalf("%s: exit code %d, expected %d\n%s", args[0], code, want, report(ts, args[0]))
	}
}

// report is what a background process has said on stderr.
func report(ts *testscript.TestScript, name string) string {
	data, err := os.ReadFile(ts.MkAbs(name + ".err"))
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-4000):])
}

// until asks again and again, and returns once the answer is yes or an error.
func until(ask func() (bool, error)) error {
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for ; time.Now().Before(deadline); <-tick.C {
		if yes, err := ask(); yes || err != nil {
			return err
		}
	}
	return fmt.Errorf("not within %s", patience)
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	take(ts, neg, args, 2, 3, "await FILE REGEXP [VAR]")
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	name, _, _ := strings.Cut(args[0], ".")
	p := find(ts, name)
	err = until(func() (bool, error) {
		ended := false
		select {
		case <-p.done:
			ended = true
		default:
		}
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		if err != nil {
			return false, err
		}
		match := pattern.FindSubmatch(data)
		switch {
		case match == nil && ended:
			return false, errors.New("and the process has ended")
		case match == nil:
			return false, nil
		case len(args) == 3:
			ts.Setenv(args[2], string(match[1]))
		}
		return true, nil
	})
	if err != nil {
		ts.Fatalf("%s: no match for %s: %v\n%s", args[0], args[1], err, report(ts, name))
	}
}

func put(ts *testscript.TestScript, neg bool, args []string) {
	take(ts, neg, args, 2, 2, "put URL BODY")
	req, err := http.NewRequest(http.MethodPut, args[0], strings.NewReader(args[1]))
	ts.Check(err)
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	ts.Check(resp.Body.Close())
	if resp.StatusCode/100 != 2 {
		ts.Fatalf("%s: %s", args[0], resp.Status)
	}
}

func get(ts *testscript.TestScript, neg bool, args []string) {
	take(ts, neg, args, 2, 2, "get STATUS URL")
	want, last := number(ts, args[0]), ""
	err := until(func() (bool, error) {
		resp, err := http.Get(args[1])
		if err != nil {
			last = err.Error()
			return false, nil
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if last = fmt.Sprintf("%s: %s", resp.Status, body); err != nil || resp.StatusCode != want {
			return false, nil
		}
		_, err = ts.Stdout().Write(body)
		return true, err
	})
	if err != nil {
		ts.Fatalf("%s: no status %d: %v; last %s", args[1], want, err, last)
	}
}
