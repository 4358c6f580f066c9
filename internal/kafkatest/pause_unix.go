//go:build unix

package kafkatest

import (
	"syscall"
	"testing"
)

// Pause stops the process in its tracks: connections stay open, nothing answers.
func (b *Broker) Pause(t testing.TB) {
	t.Helper()
	b.signal(t, syscall.SIGSTOP)
}

// Resume lets a paused process go on.
func (b *Broker) Resume(t testing.TB) {
	t.Helper()
	b.signal(t, syscall.SIGCONT)
}

func (b *Broker) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if b.running == nil {
		t.Fatal("the broker is stopped")
	}
	if err := b.running.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}
