package detect

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/diff/banner/fingerprint"
	"github.com/portdelta/portdelta/internal/limits"
)

const apacheHead = "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 09:00:00 GMT\r\nServer: Apache/2.4.41 (Ubuntu)\r\n" +
	"Set-Cookie: PHPSESSID=4f1c2d3e5a6b; path=/; HttpOnly\r\nExpires: Thu, 19 Nov 1981 08:52:00 GMT\r\nCache-Control: no-store, no-cache\r\n" +
	"Pragma: no-cache\r\nX-Frame-Options: SAMEORIGIN\r\nVary: Accept-Encoding\r\nContent-Length: 1234\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n"

// A memo changes nothing but the time it takes, whoever asks at once.
func TestNormalizerIsNormalize(t *testing.T) {
	n := NewNormalizer(nil, "")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 500 {
				text, port := fmt.Sprintf("220 ProFTPD 1.3.%d Server ready", i%50), 20+i%2
				if diff := cmp.Diff(banner.Normalize(text, "ftp", port), n.Normalize(text, "ftp", port)); diff != "" {
					t.Errorf("%q: %s", text, diff)
				}
			}
		})
	}
	all.Wait()
	if len(n.young) != 50 {
		t.Errorf("%d forms are remembered of 50 different questions", len(n.young))
	}
}

// P11: what is remembered stays within its bounds, and what is asked for again survives.
func TestNormalizerIsBounded(t *testing.T) {
	n, asks := NewNormalizer(nil, ""), 0
	n.further = func(fingerprint.Field, string) (fingerprint.Match, bool) {
		asks++
		return fingerprint.Match{}, false
	}
	const banners = 300
	long := strings.Repeat("x ", 30<<10)
	for i := range banners {
		n.Normalize("kept", "ftp", 0)
		n.Normalize(fmt.Sprint(i, long), "ftp", 0)
		if n.bytes > limits.MemoBytes.Max/2 || len(n.young)+len(n.old) > limits.MemoForms.Max {
			t.Fatalf("after %d: %d bytes, %d and %d forms", i, n.bytes, len(n.young), len(n.old))
		}
	}
	if asks != banners+1 || n.old == nil {
		t.Errorf("%d normalisations of %d different banners", asks, banners+1)
	}
}

func TestRulesVersionNamesFurtherRules(t *testing.T) {
	if a, b := NewNormalizer(nil, "").RulesVersion(), NewNormalizer(nil, "other").RulesVersion(); a == b || len(a) != 32 {
		t.Errorf("rules versions %s and %s", a, b)
	}
}

func BenchmarkNormalize(b *testing.B) {
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			banner.Normalize(apacheHead, "http", 80)
		}
	})
	b.Run("memo", func(b *testing.B) {
		n := NewNormalizer(nil, "")
		b.ReportAllocs()
		for b.Loop() {
			n.Normalize(apacheHead, "http", 80)
		}
	})
}
