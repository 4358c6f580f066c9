//go:build unix

// Sessions with the built command, one a file of testdata/script: what a person
// types, what comes back on stdout and stderr, and the exit code. The commands
// the scripts have beyond testscript's own:
//
//	exit CODE PROGRAM ARG...    run it, and demand exactly this exit code
//	start NAME PROGRAM ARG...   run it in the background, into NAME.out and NAME.err
//	await FILE REGEXP [VAR]     wait for a match, and keep its first group
//	signal NAME WORD...         INT, TERM, KILL, STOP or CONT, in this order
//	ends NAME CODE              wait for its end, and demand this exit code
//	get STATUS URL              ask until this status comes, and print the body
//	put URL BODY                and demand success
//	listen VAR                  take an address, so that others find it in use
//	fill FOLDER ENTRIES         demand so many entries in a folder
//	damage GLOB                 overwrite the middle of the largest of the files
//	broker VAR                  a Kafka broker on loopback
//	topic ADDR NAME PARTITIONS CLEANUP
//	produce ADDR TOPIC FILE     a record a line: its key, a blank, its value
//
// Nothing sleeps: what takes time is asked for until a deadline.
package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long anything awaited may take on a busy machine.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"portdelta": main,
		// The same as a user whom files of mode 0600 keep out, also where the
		// tests run as root.
		"portdelta-stranger": func() {
			if err := becomeStranger(); err != nil {
				panic(err)
			}
			main()
		},
		"can-be-stranger": func() {
			if becomeStranger() != nil {
				os.Exit(1)
			}
		},
	})
}

func becomeStranger() error {
	if os.Getuid() != 0 {
		return nil
	}
	const nobody = 65534
	return errors.Join(syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody))
}

func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Deadline:            time.Now().Add(4 * patience), // for a command that hangs
		Setup: func(env *testscript.Env) error {
			env.Values["processes"] = processes{}
			// A stranger must reach the folder to be kept out of what is in it.
			return os.Chmod(filepath.Dir(env.WorkDir), 0o711)
		},
		Condition: func(condition string) (bool, error) {
			if condition == "stranger" {
				return exec.Command("can-be-stranger").Run() == nil, nil
			}
			return false, errors.New("unknown condition")
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit": exit, "start": start, "await": await, "signal": signalTo, "ends": ends,
			"get": get, "put": put, "listen": listen, "fill": fill, "damage": damage,
			"broker": broker, "topic": topic, "produce": produce,
		},
	})
}

// take checks the form of a command of ours.
func take(ts *testscript.TestScript, neg bool, args []string, least, most int, form string) {
	if neg || len(args) < least || len(args) > most {
		ts.Fatalf("usage: %s", form)
	}
}

func number(ts *testscript.TestScript, s string) int {
	n, err := strconv.Atoi(s)
	ts.Check(err)
	return n
}

func listen(ts *testscript.TestScript, neg bool, args []string) {
	take(ts, neg, args, 1, 1, "listen VAR")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], l.Addr().String())
}

func fill(ts *testscript.TestScript, neg bool, args []string) {
	take(ts, neg, args, 2, 2, "fill FOLDER ENTRIES")
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(entries) != number(ts, args[1]) {
		ts.Fatalf("%s has %d entries: %v", args[0], len(entries), entries)
	}
}

// damage turns bytes in the middle of a file over, as a bad disk does.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	take(ts, neg, args, 1, 1, "damage GLOB")
	files, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	var largest string
	var data []byte
	for _, file := range files {
		content, err := os.ReadFile(file)
		ts.Check(err)
		if len(content) > len(data) {
			largest, data = file, content
		}
	}
	if len(data) == 0 {
		ts.Fatalf("nothing to damage is called %s", args[0])
	}
	for i := len(data) / 2; i < min(len(data), len(data)/2+16); i++ {
		data[i] ^= 0xff
	}
	ts.Check(os.WriteFile(largest, data, 0o600))
}

// words says what a script may call a signal.
var words = map[string]syscall.Signal{
	"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT,
}

func signalTo(ts *testscript.TestScript, neg bool, args []string) {
	take(ts, neg, args, 2, 9, "signal NAME WORD...")
	p := find(ts, args[0])
	for _, word := range args[1:] {
		s, ok := words[strings.ToUpper(word)]
		if !ok {
			ts.Fatalf("%s is no signal", word)
		}
		ts.Check(p.cmd.Process.Signal(s))
	}
}
