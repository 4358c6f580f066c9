// Package kafkatest runs a real Apache Kafka for tests: one KRaft process, broker
// and controller at once, on free loopback ports, its data in the test's own
// folder.
//
// It promises that the process is gone when the test ends, that Stop and Start
// keep data and address, and that a missing Java or Maven skips the test with a
// word (with CI=true it fails). It does not make a cluster: there is one replica
// of everything.
package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	readyTimeout = 90 * time.Second // on a busy machine; alone it takes 5 s
	stopTimeout  = 30 * time.Second
	logTail      = 4 << 10 // bytes of the broker's log shown when it fails
)

// Broker is one Kafka process. Its methods are for one test goroutine at a time.
type Broker struct {
	java, classpath string
	dir             string
	addr            string
	running         *exec.Cmd // nil while stopped
	exited          chan struct{}
}

// Start formats a folder and starts a broker in it, waits until it answers, and
// sees to its end when the test is over. Topics are not created by use.
func Start(t testing.TB) *Broker {
	t.Helper()
	java, classpath := tools(t)
	b := &Broker{java: java, classpath: classpath, dir: t.TempDir()}
	b.format(t)
	t.Cleanup(func() { b.end(syscall.SIGKILL) })
	b.Start(t)
	return b
}

// Addr is the bootstrap address, "127.0.0.1:port"; it stays over Stop and Start.
func (b *Broker) Addr() string { return b.addr }

// LogFile is where the broker's log goes.
func (b *Broker) LogFile() string { return filepath.Join(b.dir, "kafka.log") }

// Start starts a stopped broker on its old data and address.
func (b *Broker) Start(t testing.TB) {
	t.Helper()
	log, err := os.OpenFile(b.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close() // the process has its own copy
	cmd := b.command(context.Background(), "kafka.Kafka", filepath.Join(b.dir, "server.properties"))
	cmd.Stdout, cmd.Stderr = log, log
	endWithParent(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatalf("start Kafka: %v", err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // how it ended is of no interest; that it did, is
	}()
	b.running, b.exited = cmd, exited
	if err := b.waitReady(); err != nil {
		b.end(syscall.SIGKILL)
		t.Fatalf("Kafka did not come up: %v\n%s", err, b.tail())
	}
}

// Stop ends the broker as an administrator would.
func (b *Broker) Stop(t testing.TB) {
	t.Helper()
	if !b.end(syscall.SIGTERM) {
		t.Errorf("Kafka did not stop within %v and was killed", stopTimeout)
	}
}

// Kill ends the broker at once, as a power cut does.
func (b *Broker) Kill(t testing.TB) {
	t.Helper()
	b.end(syscall.SIGKILL)
}

// Java is a command that runs one of Kafka's own tools, such as
// org.apache.kafka.tools.consumer.ConsoleConsumer, beside the broker.
func (b *Broker) Java(ctx context.Context, class string, args ...string) *exec.Cmd {
	return b.command(ctx, class, args...)
}

func (b *Broker) command(ctx context.Context, class string, args ...string) *exec.Cmd {
	// One compiler tier and a serial collector: the process lives for seconds.
	options := []string{"-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", b.classpath, class}
	return exec.CommandContext(ctx, b.java, append(options, args...)...)
}

// end signals the process, if any, and waits for its end; false means that it
// had to be killed after all.
func (b *Broker) end(signal syscall.Signal) (asTold bool) {
	if b.running == nil {
		return true
	}
	defer func() { b.running = nil }()
	_ = b.running.Process.Signal(signal) // fails only if it is gone already
	select {
	case <-b.exited:
		return true
	case <-time.After(stopTimeout):
		_ = b.running.Process.Kill()
		<-b.exited
		return false
	}
}

func (b *Broker) format(t testing.TB) {
	t.Helper()
	port, controller := freePort(t), freePort(t)
	b.addr = fmt.Sprintf("127.0.0.1:%d", port)
	properties := strings.Join([]string{
		"process.roles=broker,controller",
		"node.id=1",
		fmt.Sprintf("controller.quorum.voters=1@127.0.0.1:%d", controller),
		fmt.Sprintf("listeners=PLAINTEXT://%s,CONTROLLER://127.0.0.1:%d", b.addr, controller),
		"controller.listener.names=CONTROLLER",
		"log.dirs=" + filepath.ToSlash(filepath.Join(b.dir, "data")),
		"auto.create.topics.enable=false",
		"group.initial.rebalance.delay.ms=0",
		// One broker: internal topics with one replica, and few partitions of them.
		"offsets.topic.replication.factor=1",
		"offsets.topic.num.partitions=1",
		"transaction.state.log.replication.factor=1",
		"transaction.state.log.min.isr=1",
		"transaction.state.log.num.partitions=1",
		"share.coordinator.state.topic.replication.factor=1",
		"share.coordinator.state.topic.min.isr=1",
		"share.coordinator.state.topic.num.partitions=1",
	}, "\n") + "\n"
	config := filepath.Join(b.dir, "server.properties")
	if err := os.WriteFile(config, []byte(properties), 0o644); err != nil {
		t.Fatal(err)
	}
	// A cluster id is a UUID in unpadded base64; any will do.
	const clusterID = "cG9ydGRlbHRhLXRlc3QtMQ"
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	out, err := b.command(ctx, "kafka.tools.StorageTool", "format", "-t", clusterID, "-c", config).CombinedOutput()
	if err != nil {
		t.Fatalf("format Kafka's storage: %v\n%s", err, out)
	}
}

// freePort returns a port nobody listens on, from below the range the system
// gives to outgoing connections: a client that keeps dialling a stopped broker
// could otherwise be given the broker's own port and connect to itself.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 20_000 + rand.IntN(10_000)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatal("no free port in 20000-29999")
	return 0
}

// waitReady returns once the broker is registered and answers for itself.
func (b *Broker) waitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		err := b.ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-b.exited:
			return errors.New("the process ended")
		case <-ctx.Done():
			return fmt.Errorf("no answer within %v: %w", readyTimeout, err)
		case <-tick.C:
		}
	}
}

func (b *Broker) ask(ctx context.Context) error {
	// A transport keeps its first error for seconds, so each try has its own.
	transport := &kafka.Transport{DialTimeout: time.Second}
	defer transport.CloseIdleConnections()
	client := kafka.Client{Addr: kafka.TCP(b.addr), Transport: transport, Timeout: 2 * time.Second}
	answer, err := client.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return err
	}
	if len(answer.Brokers) == 0 {
		return errors.New("no broker is registered yet")
	}
	return nil
}

func (b *Broker) tail() string {
	data, err := os.ReadFile(b.LogFile())
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-logTail):])
}
