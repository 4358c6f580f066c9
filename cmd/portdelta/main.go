// Command portdelta watches exposed ports and tells every change on Kafka.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/portdelta/portdelta/internal/app"
)

func main() {
	// The first signal asks to stop, the second to stop at once.
	stop, stopped := context.WithCancel(context.Background())
	hurry, hurried := context.WithCancel(context.Background())
	// A reader that went away is met as an error of the write, so that what is
	// open is closed and temporary folders are removed.
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		stopped()
		<-signals
		hurried()
	}()
	os.Exit(app.Run(stop, hurry, os.Args[1:], app.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
