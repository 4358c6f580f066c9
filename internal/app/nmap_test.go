package app

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/schemas"
)

// Real scans by nmap, of servers on loopback, before and after a change to each:
// diff tells what was changed and nothing else.
func TestScansByNmap(t *testing.T) {
	nmap, err := exec.LookPath("nmap")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no nmap: apt-get install nmap")
		}
		t.Skip("no nmap: apt-get install nmap")
	}
	if testing.Short() {
		t.Skip("two scans take most of a minute")
	}
	renewed := []tls.Certificate{certificateOf(t, 1), certificateOf(t, 2)}
	inTLS := certificateOf(t, 3)
	web := func(version string) server {
		return server{answer: "HTTP/1.1 200 OK\r\nServer: nginx/" + version + "\r\nContent-Type: text/html\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"}
	}
	ssh, ftp := server{greeting: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"}, server{greeting: "220 (vsFTPd 3.0.3)\r\n"}
	secure := func(s server, cert tls.Certificate) server { s.cert = &cert; return s }
	ports := []struct {
		name     string
		old, now server // the zero server is none
		want     []string
	}{
		{"nothing", ssh, ssh, nil},
		{"version", web("1.18.0"), web("1.20.1"), []string{"service.version_changed nginx version 1.18.0 to 1.20.1"}},
		{"opened", server{}, ftp, []string{"port.reopened reopened: vsftpd 3.0.3"}},
		{"closed", ftp, server{}, []string{"port.closed closed, was open"}},
		{"swapped", ftp, web("1.20.1"), []string{"service.added service added: nginx 1.20.1", "service.removed service removed: vsftpd 3.0.3"}},
		{"into TLS", web("1.18.0"), secure(web("1.18.0"), inTLS), []string{"certificate.added certificate added: www.example.com",
			"service.added service added: nginx 1.18.0", "service.removed service removed: nginx 1.18.0"}},
		{"renewed", secure(web("1.18.0"), renewed[0]), secure(web("1.18.0"), renewed[1]), []string{"certificate.renewed certificate renewed: www.example.com"}},
	}
	// The addresses are taken once, so that both scans are of the same ports.
	var numbers []string
	byNumber := map[int]int{}
	var held []net.Listener
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, l)
		n := l.Addr().(*net.TCPAddr).Port
		byNumber[n] = i
		numbers = append(numbers, fmt.Sprint(n))
	}
	for _, l := range held {
		l.Close()
	}
	dir := t.TempDir()
	scan := func(name string, pick func(i int) server) string {
		file := filepath.Join(dir, name)
		var running []*running
		for i, n := range numbers {
			if s := pick(i); s != (server{}) {
				running = append(running, s.run(t, "127.0.0.1:"+n))
			}
		}
		out, err := exec.CommandContext(t.Context(), nmap, "-sT", "-Pn", "-n", "-T5", "-sV", "--version-light", "--script", "ssl-cert",
			"-p", strings.Join(numbers, ","), "-oX", file, "127.0.0.1").CombinedOutput()
		if err != nil {
			t.Fatalf("nmap: %v\n%s", err, out)
		}
		for _, r := range running {
			r.stop()
		}
		return file
	}
	old := scan("old.xml", func(i int) server { return ports[i].old })
	now := scan("new.xml", func(i int) server { return ports[i].now })

	for _, same := range []string{old, now} {
		if code, out := runDiff(t, same, same); code != 0 || out != "" {
			t.Errorf("%s differs from itself: code %d, %s", same, code, out)
		}
	}
	code, out := runDiff(t, old, now, "--output", "json")
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	got := make([][]string, len(ports))
	for line := range strings.Lines(out) {
		e, err := schemas.ParseEvent([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if e.Port == nil {
			t.Errorf("told of the host: %s", e.Message)
			continue
		}
		i := byNumber[e.Port.Number]
		what := strings.TrimPrefix(e.Message, fmt.Sprintf("127.0.0.1 tcp/%d ", e.Port.Number))
		got[i] = append(got[i], string(e.Type)+" "+what)
	}
	for i, p := range ports {
		slices.Sort(got[i])
		if d := cmp.Diff(p.want, got[i]); d != "" {
			t.Errorf("%s: %s", p.name, d)
		}
	}
	if t.Failed() {
		for _, file := range []string{old, now} {
			text, _ := os.ReadFile(file)
			t.Logf("%s", text)
		}
	}
}

func runDiff(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out, complaint bytes.Buffer
	code := Run(t.Context(), context.Background(), append([]string{"diff"}, args...), Stdio{In: strings.NewReader(""), Out: &out, Err: &complaint})
	if code == exitUsage {
		t.Fatal(complaint.String())
	}
	return code, out.String()
}

// server says its greeting at once, or its answer to whatever is asked.
type server struct {
	greeting, answer string
	cert             *tls.Certificate
}

type running struct {
	listener net.Listener
	done     sync.WaitGroup
}

func (s server) run(t *testing.T, address string) *running {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if s.cert != nil {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*s.cert}})
	}
	r := &running{listener: l}
	r.done.Go(func() {
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				r.done.Go(func() { s.serve(c) })
			}
		}
	})
	return r
}

func (s server) serve(c net.Conn) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second)) // nmap leaves some open
	io.WriteString(c, s.greeting)
	asked := make([]byte, 4096)
	if n, _ := c.Read(asked); n > 0 && bytes.Contains(asked[:n], []byte("HTTP/")) {
		io.WriteString(c, s.answer)
	}
}

func (r *running) stop() {
	r.listener.Close()
	r.done.Wait()
}

func certificateOf(t *testing.T, serial int64) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "www.example.com"},
		DNSNames: []string{"www.example.com"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
