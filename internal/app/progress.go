package app

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// progress shows how far long work has come, on one line of a terminal; anywhere
// else it shows nothing. It is for one goroutine.
type progress struct {
	w     io.Writer // nil: nobody looks
	next  time.Time
	shown bool
}

// progressEvery is how often the line changes.
const progressEvery = 200 * time.Millisecond

func (e *env) progress() *progress {
	p := &progress{next: time.Now().Add(progressEvery)}
	if f, ok := e.Err.(*os.File); ok && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd())) {
		p.w = f
	}
	return p
}

// tell shows the line that say makes, which is called only if it is time for one.
func (p *progress) tell(say func() string) {
	if p.w == nil {
		return
	}
	if now := time.Now(); now.After(p.next) {
		p.next, p.shown = now.Add(progressEvery), true
		fmt.Fprintf(p.w, "\r\x1b[K%s", say())
	}
}

// clear takes the line away, for results that may go to the same terminal.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
