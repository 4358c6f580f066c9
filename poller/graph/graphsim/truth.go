package graphsim

import (
	"fmt"
	"io"
	"sync"

	"github.com/portdelta/portdelta/internal/hostport"
)

// changeLine is a change of the world in the ground truth. From and To are, by
// What: status words; true and false for listed; a service as category, name and
// version, or null; the raw banner, or null; a certificate's SHA-1, or null.
//
// A port that appears or leaves is one listed line; what it shows at that
// moment comes with it and has no lines of its own. An upgrade is a service line
// and, where the banner shows the version, a banner line.
type changeLine struct {
	Kind     string        `json:"kind"`
	N        int64         `json:"n"`
	At       string        `json:"at"`
	Host     hostport.Host `json:"host"`
	Protocol string        `json:"protocol"`
	Port     uint16        `json:"port"`
	What     string        `json:"what"`
	From     any           `json:"from"`
	To       any           `json:"to"`
	Noise    bool          `json:"noise"`
}

type serviceTruth struct {
	Category string `json:"category"`
	Name     string `json:"name"`
	Version  string `json:"version"`
}

// answerLine is an answer in the ground truth. At is the instant whose state the
// answer shows. Complete says that it was delivered whole and tells the truth
// about the world: a page of the current list, an entity, or 404 for what is not
// there. SHA256 is that of the body as sent, before gzip.
type answerLine struct {
	Kind     string        `json:"kind"`
	N        int64         `json:"n"`
	At       string        `json:"at"`
	Request  string        `json:"request"`
	Host     hostport.Host `json:"host"`
	Path     string        `json:"path"`
	Status   int           `json:"status"`
	Complete bool          `json:"complete"`
	SHA256   string        `json:"sha256"`
}

// ledger writes the ground truth, one line a Write. A nil ledger is off.
type ledger struct {
	mu  sync.Mutex
	out io.Writer // guarded by mu, as are the rest
	n   int64
	err error // the first failed write; nothing is written after it
}

func newLedger(out io.Writer) *ledger {
	if out == nil {
		return nil
	}
	return &ledger{out: out}
}

func (l *ledger) on() bool { return l != nil }

func (l *ledger) failed() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func (l *ledger) change(line changeLine) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	line.N = l.n
	l.writeLocked(line)
}

func (l *ledger) answer(line answerLine) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	line.N = l.n
	l.writeLocked(line)
}

func (l *ledger) writeLocked(line any) {
	if l.err != nil {
		return
	}
	if _, err := l.out.Write(append(encode(line), '\n')); err != nil {
		l.err = fmt.Errorf("%w: line %d: %w", errTruth, l.n, err)
	}
}
