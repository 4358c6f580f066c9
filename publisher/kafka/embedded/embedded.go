// Package embedded is a Kafka broker inside the process, for the demo and for one
// machine without a Kafka: franz-go's kfake on a loopback address, its data in a
// folder.
//
// It promises that any Kafka client can use it at the address it listens on, that
// an acknowledged batch was synced to disk, so that it is there after kill -9 and
// a new Start on the same folder, and that one process uses a folder at a time.
// It does not replicate, does not authenticate (hence loopback only), and does
// not answer for a power cut: kfake syncs its files but not the folders that name
// them, and overlooks a sync the disk refuses. It is no broker for what must not
// be lost.
package embedded

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/zap"

	"github.com/portdelta/portdelta/internal/limits"
)

// Options are the broker's place on disk and on the network.
type Options struct {
	Path   string      // its folder, made if it does not exist
	Listen string      // host:port of a loopback address; port 0 takes a free one
	Logger *zap.Logger // not nil; hears what kfake complains of
}

// Broker is a running broker.
type Broker struct {
	cluster *kfake.Cluster
	lock    io.Closer
	addr    string
}

// Start opens the folder and listens. What an earlier broker of that folder
// acknowledged is there again. It has no topics of its own; clients create them.
func Start(options Options) (*Broker, error) {
	if err := checkLoopback(options.Listen); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(options.Path, 0o700); err != nil {
		return nil, fmt.Errorf("embedded Kafka: %w", err)
	}
	// The kernel frees the lock with the process, however that ends.
	lock, err := vfs.Default.Lock(filepath.Join(options.Path, "LOCK"))
	if err != nil {
		return nil, fmt.Errorf("embedded Kafka: folder %s is in use by another process, or not ours to write: %w", options.Path, err)
	}
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.ClusterID("portdelta-embedded"),
		kfake.DataDir(filepath.Join(options.Path, "data")),
		kfake.SyncWrites(),
		kfake.ListenFn(func(network, _ string) (net.Listener, error) { return listen(network, options.Listen) }),
		kfake.WithLogger(logger{options.Logger}),
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("embedded Kafka on %s in %s: %w", options.Listen, options.Path, err), lock.Close())
	}
	return &Broker{cluster: cluster, lock: lock, addr: cluster.ListenAddrs()[0]}, nil
}

// Addr is the address clients use, host:port with the port that was taken.
func (b *Broker) Addr() string { return b.addr }

// Close ends the broker; clients see their connections close. It may be called once.
func (b *Broker) Close() error {
	b.cluster.Close()
	return b.lock.Close()
}

// listen takes the place of kfake's own choice of address; it is also what kfake
// tells clients to connect to. The name localhost may mean anything on a machine,
// so what counts is the address that came of it.
func listen(network, address string) (net.Listener, error) {
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	if at, ok := l.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("%s is no loopback address", l.Addr()), l.Close())
	}
	return l, nil
}

// checkLoopback refuses what others could reach: the broker lets anybody in.
func checkLoopback(listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("embedded Kafka: %q is not host:port: %w", listen, err)
	}
	if host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("embedded Kafka must listen on a loopback address such as 127.0.0.1:9092, not %q: it has no access control", listen)
}

// logger passes kfake's complaints on; what clients do is of no interest.
type logger struct{ log *zap.Logger }

func (l logger) Logf(level kfake.LogLevel, format string, args ...any) {
	switch level {
	case kfake.LogLevelError, kfake.LogLevelWarn:
		text := fmt.Sprintf(format, args...) // may quote what a client sent
		l.log.Warn("embedded Kafka complains", zap.String("text", text[:min(len(text), limits.ErrorBytes.Max)]))
	}
}
