package graphsim

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Serve listens, moves the world, and ends with its context; requests may come
// in any number at once.
func TestServe(t *testing.T) {
	var out bytes.Buffer
	world, err := NewWorld(WorldOptions{Hosts: 8, Seed: 1, Speed: 1e6, Truth: &out})
	if err != nil {
		t.Fatal(err)
	}
	server, err := NewServer(world, Options{Faults: Faults{Stale: 0.2, Hide: 0.2, BadDate: 0.2, Truncate: 0.2, Shift: 0.2}})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, listener) }()

	base := BaseURL(listener.Addr())
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 60 {
				h := world.Hosts()[(worker+i)%8]
				answer, err := client.Get(base + strings.TrimPrefix(portsPath(h), "/v1.0") + full)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, answer.Body) // some are cut, as asked for
				answer.Body.Close()
			}
		})
	}
	group.Wait()
	client.CloseIdleConnections()
	cancel()
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	answers, n := 0, int64(0)
	for text := range bytes.Lines(out.Bytes()) {
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			t.Fatal(err)
		}
		if n++; l.N != n {
			t.Fatalf("n %d after %d lines", l.N, n)
		}
		if l.Kind == "answer" {
			answers++
		}
	}
	if answers != 8*60 || n <= int64(answers) {
		t.Errorf("%d answers in %d lines", answers, n)
	}
	if _, err := net.DialTimeout("tcp", listener.Addr().String(), time.Second); err == nil {
		t.Error("still listening")
	}
}

func TestServerFailsWithTheTruth(t *testing.T) {
	world, err := NewWorld(WorldOptions{Hosts: 1, Speed: 1e6, Truth: brokenWriter{}})
	if err != nil {
		t.Fatal(err)
	}
	server, err := NewServer(world, Options{})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	served := make(chan error, 1)
	go func() { served <- server.Serve(t.Context(), listener) }()
	answer, err := client.Get("http://" + listener.Addr().String() + portsPath(world.Hosts()[0]))
	if err == nil {
		answer.Body.Close()
	}
	if err := <-served; err == nil || !strings.Contains(err.Error(), "ground truth is incomplete") {
		t.Errorf("Serve: %v", err)
	}
}

// Links are read from outside, though signed.
func FuzzLink(f *testing.F) {
	codec := newLinkCodec(1)
	f.Add(codec.encode(link{Host: 3, Offset: 4, Size: 5, Loop: loopPing}))
	f.Add("AAAA")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if l, err := codec.decode(s); err == nil {
			if again, err := codec.decode(codec.encode(l)); err != nil || again != l {
				t.Errorf("%+v became %+v, %v", l, again, err)
			}
		}
	})
}

func FuzzRequest(f *testing.F) {
	for _, target := range []string{
		portsPath("203.0.113.1") + full, root + "hostPorts/MjAzLjAuMTEzLjEkJDgw", root + "sslCertificates/x", "/", "/v1.0//", "//x?$top=1", "/v1.0/%2f?$skiptoken=%00",
	} {
		f.Add(target)
	}
	world, err := NewWorld(WorldOptions{Hosts: 3, Seed: 1})
	if err != nil {
		f.Fatal(err)
	}
	server, err := NewServer(world, Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || u.Host != "" {
			return
		}
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, &http.Request{Method: http.MethodGet, URL: u, Host: "127.0.0.1", Header: http.Header{}})
		if !slices.Contains([]int{200, 400, 404}, answer.Code) || !json.Valid(answer.Body.Bytes()) {
			t.Errorf("%q: %d %s", target, answer.Code, answer.Body)
		}
	})
}

func TestBaseURL(t *testing.T) {
	addr := &net.TCPAddr{IP: net.ParseIP("::1"), Port: 80}
	if got := BaseURL(addr); got != "http://[::1]:80/v1.0" {
		t.Errorf("BaseURL: %s", got)
	}
	if Unknown()[0].IsAddr() == Unknown()[1].IsAddr() {
		t.Error("the unknown hosts are an address and a name")
	}
}
