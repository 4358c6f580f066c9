package embedded_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/portdelta/portdelta/publisher/kafka/embedded"
)

// childFolder makes the test binary a broker on that folder until it is killed
// or its standard input ends.
const childFolder = "PORTDELTA_TEST_EMBEDDED_FOLDER"

func TestMain(m *testing.M) {
	if folder := os.Getenv(childFolder); folder != "" {
		broker, err := embedded.Start(embedded.Options{Path: folder, Listen: "127.0.0.1:0", Logger: zap.NewNop()})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(broker.Addr())
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the parent, if that does not kill us
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func start(t *testing.T, folder, listen string) *embedded.Broker {
	t.Helper()
	broker, err := embedded.Start(embedded.Options{Path: folder, Listen: listen, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	return broker
}

func client(t *testing.T, addr string, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append(options, kgo.SeedBrokers(addr), kgo.DefaultProduceTopic("t"))...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func createTopic(t *testing.T, addr string) {
	t.Helper()
	c := client(t, addr)
	defer c.Close()
	request := kmsg.NewPtrCreateTopicsRequest()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = "t", 1, 1
	request.Topics = append(request.Topics, topic)
	if _, err := request.RequestWith(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func produce(t *testing.T, addr string, values ...string) {
	t.Helper()
	c := client(t, addr)
	defer c.Close()
	for _, v := range values {
		if err := c.ProduceSync(t.Context(), kgo.StringRecord(v)).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func expect(t *testing.T, addr string, want ...string) {
	t.Helper()
	c := client(t, addr, kgo.ConsumeTopics("t"))
	defer c.Close()
	var got []string
	for len(got) < len(want) {
		fetches := c.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) { got = append(got, string(r.Value)) })
	}
	if !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
}

func TestDataSurvivesRestartOnTheSamePort(t *testing.T) {
	folder := t.TempDir()
	broker := start(t, folder, "127.0.0.1:0")
	addr := broker.Addr()
	createTopic(t, addr)
	produce(t, addr, "a", "b")
	if err := broker.Close(); err != nil {
		t.Fatal(err)
	}
	broker = start(t, folder, addr)
	defer broker.Close()
	if broker.Addr() != addr {
		t.Fatalf("address is %s, want %s", broker.Addr(), addr)
	}
	produce(t, addr, "c")
	expect(t, addr, "a", "b", "c")
}

func TestAcknowledgedDataSurvivesKill(t *testing.T) {
	folder := t.TempDir()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childFolder+"="+folder)
	child.Stderr = os.Stderr
	if _, err := child.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	kill := func() {
		if !ended {
			ended = true
			_ = child.Process.Kill()
			_ = child.Wait() // "signal: killed" is what was wanted
		}
	}
	defer kill()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	addr := strings.TrimSpace(line)
	createTopic(t, addr)
	produce(t, addr, "a", "b", "c")

	if _, err := embedded.Start(embedded.Options{Path: folder, Listen: "127.0.0.1:0", Logger: zap.NewNop()}); err == nil {
		t.Fatal("a second process opened the folder")
	}
	kill()
	broker := start(t, folder, addr)
	defer broker.Close()
	produce(t, addr, "d")
	expect(t, addr, "a", "b", "c", "d")
}

func TestRefused(t *testing.T) {
	folder := t.TempDir()
	broker := start(t, folder, "127.0.0.1:0")
	defer broker.Close()
	for name, options := range map[string]embedded.Options{
		"every address":  {Path: t.TempDir(), Listen: "0.0.0.0:0"},
		"no host":        {Path: t.TempDir(), Listen: ":0"},
		"not loopback":   {Path: t.TempDir(), Listen: "192.0.2.1:9092"},
		"a name":         {Path: t.TempDir(), Listen: "kafka.example.com:9092"},
		"no port":        {Path: t.TempDir(), Listen: "127.0.0.1"},
		"folder in use":  {Path: folder, Listen: "127.0.0.1:0"},
		"port in use":    {Path: t.TempDir(), Listen: broker.Addr()},
		"not a folder":   {Path: os.Args[0], Listen: "127.0.0.1:0"},
		"below a folder": {Path: os.Args[0] + "/x", Listen: "127.0.0.1:0"},
	} {
		t.Run(name, func(t *testing.T) {
			options.Logger = zap.NewNop()
			if b, err := embedded.Start(options); err == nil {
				b.Close()
				t.Error("started")
			}
		})
	}
}

func TestIPv6(t *testing.T) {
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skipf("no IPv6 loopback here: %v", err)
	} else {
		l.Close()
	}
	broker := start(t, t.TempDir(), "[::1]:0")
	defer broker.Close()
	createTopic(t, broker.Addr())
	produce(t, broker.Addr(), "a")
	expect(t, broker.Addr(), "a")
}
