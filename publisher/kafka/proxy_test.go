package kafka

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
)

// proxy stands between a client and one broker and spoils one request of a kind:
// it cuts the connection before the broker gets it, or after it has acted on it,
// or keeps the answer to itself. The broker is told to call itself by the proxy's
// address, so that clients come back to it.
type proxy struct {
	addr string
	self net.Addr

	mu     sync.Mutex // guards what follows
	target string
	key    int16
	before bool // cut
	hold   bool
	armed  bool
	conns  []net.Conn
}

func newProxy(t *testing.T) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String(), self: l.Addr()}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.mu.Lock()
		for _, c := range p.conns {
			_ = c.Close()
		}
		p.mu.Unlock()
		running.Wait()
	})
	return p
}

// listen is for kfake.ListenFn.
func (p *proxy) listen(network, _ string) (net.Listener, error) {
	l, err := net.Listen(network, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.target = l.Addr().String()
	p.mu.Unlock()
	return advertised{l, p.self}, nil
}

// advertised is a listener that calls itself by another address.
type advertised struct {
	net.Listener
	as net.Addr
}

func (a advertised) Addr() net.Addr { return a.as }

// cut arms the proxy for the next request with that key.
func (p *proxy) cut(key int16, before bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key, p.before, p.hold, p.armed = key, before, false, true
}

// keep arms the proxy for the next request with that key: it is not answered.
func (p *proxy) keep(key int16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key, p.before, p.hold, p.armed = key, false, true, true
}

func (p *proxy) serve(client net.Conn) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	broker, err := net.Dial("tcp", target)
	if err != nil {
		_ = client.Close()
		return
	}
	p.mu.Lock()
	p.conns = append(p.conns, client, broker)
	p.mu.Unlock()
	defer client.Close()
	defer broker.Close()
	for {
		request, err := frame(client)
		if err != nil || len(request) < 2 {
			return
		}
		key := int16(binary.BigEndian.Uint16(request))
		p.mu.Lock()
		hit := p.armed && key == p.key
		before, hold := p.before, p.hold
		if hit {
			p.armed = false
		}
		p.mu.Unlock()
		if hit && before {
			return
		}
		if writeFrame(broker, request) != nil {
			return
		}
		answer, err := frame(broker)
		if err != nil || hit && !hold {
			return
		}
		if hit {
			continue
		}
		if writeFrame(client, answer) != nil {
			return
		}
	}
}

func frame(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint32(size[:]))
	_, err := io.ReadFull(r, b)
	return b, err
}

func writeFrame(w io.Writer, b []byte) error {
	_, err := w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))
	return err
}
