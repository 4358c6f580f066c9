package banner_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/portdelta/portdelta/diff/banner"
)

// head is an HTTP head as a server of one configuration writes it: stable fields,
// and templates whose holes are filled anew with every answer.
type head struct {
	status string
	stable []string
	noise  []string
}

var noiseTemplates = []string{
	"Date: %[1]s", "Last-Modified: %[1]s", "Expires: %[1]s", `ETag: "%[2]s"`, "Age: %[3]d", "Content-Length: %[3]d",
	"X-Request-Id: %[4]s", "CF-RAY: %[2]s-FRA", "X-Served-By: cache-%[3]d", "X-Runtime: 0.%[3]d", "X-RateLimit-Remaining: %[3]d",
	"Set-Cookie: sid=%[2]s; Path=/; HttpOnly", "Set-Cookie: ASPSESSIONID%[5]s=%[2]s; Secure", "X-Trace: %[4]s", "X-Seen: %[1]s",
	"X-Epoch: %[6]d", "X-Id: %[2]s", "Content-Security-Policy: script-src 'nonce-%[2]s'", `WWW-Authenticate: Digest realm="x", nonce="%[2]s"`,
	"Location: https://login.example.com/a?state=%[2]s&client_id=c&ts=%[6]d",
}

var stableFields = []string{"Server: nginx/1.20.1", "X-Powered-By: PHP/7.4.3", "X-Frame-Options: DENY", "Vary: Accept, Cookie",
	"Strict-Transport-Security: max-age=31536000; includeSubDomains", "X-Generator: Drupal 9 (https://www.drupal.org)",
	"Content-Type: text/html; charset=UTF-8", "Allow: GET, HEAD", "X-Custom: abc", "Connection: close"}

func drawHead(t *rapid.T) head {
	return head{
		status: rapid.SampledFrom([]string{"HTTP/1.1 200 OK", "HTTP/1.1 302 Found", "HTTP/1.0 401 Unauthorized", "HTTP/2 404"}).Draw(t, "status"),
		stable: rapid.SliceOfDistinct(rapid.SampledFrom(stableFields), rapid.ID).Draw(t, "stable"),
		noise:  rapid.SliceOfDistinct(rapid.SampledFrom(noiseTemplates), rapid.ID).Draw(t, "noise"),
	}
}

// write fills the holes and shuffles the order, case and line ends, which mean nothing.
func (h head) write(seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 1))
	const hex = "0123456789abcdef"
	fields := slices.Clone(h.stable)
	for _, n := range h.noise {
		id := make([]byte, 32)
		for i := range id {
			id[i] = hex[r.IntN(16)]
		}
		date := fmt.Sprintf("%s, %02d %s 20%02d %02d:%02d:%02d GMT", []string{"Mon", "Tue", "Sun"}[r.IntN(3)], 1+r.IntN(28),
			[]string{"Jan", "May", "Dec"}[r.IntN(3)], 10+r.IntN(30), r.IntN(24), r.IntN(60), r.IntN(60))
		uuid := fmt.Sprintf("%s-%s-%s-%s-%s", id[:8], id[8:12], id[12:16], id[16:20], id[20:])
		letters := strings.Map(func(c rune) rune { return 'A' + c%26 }, string(id[:8]))
		// The verbs are indexed: which holes a template has does not matter.
		f := fmt.Sprintf(n, date, id, r.IntN(1000), uuid, letters, 1_600_000_000+r.IntN(200_000_000))
		f, _, _ = strings.Cut(f, "%!(EXTRA")
		fields = append(fields, f)
	}
	r.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	for i, f := range fields {
		name, value, _ := strings.Cut(f, ":")
		switch r.IntN(3) {
		case 0:
			name = strings.ToUpper(name)
		case 1:
			name, value = strings.ToLower(name), value+" "
		}
		fields[i] = name + ":" + value
	}
	end := []string{"\r\n", "\n"}[r.IntN(2)]
	return h.status + end + strings.Join(fields, end) + end + end
}

func TestNoiseKeepsTheDigest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHead(t)
		one, two := h.write(rapid.Uint64().Draw(t, "seed one")), h.write(rapid.Uint64().Draw(t, "seed two"))
		a, b := banner.Normalize(one, "http", 443), banner.Normalize(two, "http_raw", 8443)
		if a.Digest != b.Digest {
			t.Fatalf("noise made a change:\n%q\n%q\n%s\n---\n%s", one, two, a.Text, b.Text)
		}
		if c := banner.Compare(a, b); len(c) != 0 {
			t.Fatalf("equal digests, different facts: %v", c)
		}
	})
}

func TestVersionsChangeTheDigest(t *testing.T) {
	templates := []string{
		"HTTP/1.1 200 OK\r\nServer: nginx/%s\r\nDate: x\r\n\r\n", "HTTP/1.1 200 OK\r\nServer: Foo %s\r\n\r\n", "HTTP/1.1 200 OK\r\nX-Powered-By: PHP/%s\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX-Foo-Version: %s\r\n\r\n", "HTTP/1.1 200 OK\r\nX-Unknown: foo/%s\r\n\r\n", "HTTP/1.1 200 OK\r\nX-Unknown: foo v%s (bar)\r\n\r\n",
		"SSH-2.0-OpenSSH_%s", "SSH-2.0-dropbear_%s\r\n", "220 m ESMTP Exim %s Tue, 05 Jan 2024 10:00:00 +0100", "220 (vsFTPd %s)", "220 m FTP server (Version wu-%s(1))",
		"* OK m Cyrus IMAP4 v%s server ready", "+OK m Cyrus POP3 v%s ready <1.2@m>", "VERSION %s", "redis_version:%s\r\n", "Product-%s login:", "FreeBSD-%s login:",
	}
	parts := rapid.SliceOfN(rapid.IntRange(0, 30_000_000), 1, 4)
	version := rapid.Custom(func(t *rapid.T) string {
		var words []string
		for _, n := range parts.Draw(t, "parts") {
			words = append(words, fmt.Sprint(n))
		}
		return strings.Join(words, ".") + rapid.SampledFrom([]string{"", "p1", "-ubuntu0.13", "rc2", ".v20210629", "_3"}).Draw(t, "suffix")
	})
	rapid.Check(t, func(t *rapid.T) {
		template := rapid.SampledFrom(templates).Draw(t, "template")
		one, two := version.Draw(t, "one"), version.Draw(t, "two")
		a, b := banner.Normalize(fmt.Sprintf(template, one), "", 0), banner.Normalize(fmt.Sprintf(template, two), "", 0)
		if (a.Digest == b.Digest) != (one == two) {
			t.Fatalf("%q and %q in %q:\n%s\n%s", one, two, template, a.Text, b.Text)
		}
	})
}

// TestCutAnywhere cuts every sample at every byte. With the sign of a cut it is
// the answer it was cut from; without, it is that answer only by its digest.
func TestCutAnywhere(t *testing.T) {
	for _, text := range samples(t) {
		whole := banner.Normalize(text, "", 0)
		// Where the protocol can be told from what is left.
		known := min(len(text), len(strings.SplitN(text, "\n", 2)[0])+2)
		for n := range len(text) {
			bare := banner.Normalize(text[:n], "", 0)
			checkForm(t, text[:n], bare)
			if bare.Protocol == whole.Protocol && bare.Digest != whole.Digest && !whole.Cut && !strings.HasSuffix(text[:n], "...") && banner.SameButCut(bare, whole) {
				t.Errorf("%q cut to %d bytes without a sign is taken for the whole:\n%s", text, n, bare.Text)
			}
			cut := banner.Normalize(text[:n]+"...", whole.Protocol, 0)
			checkForm(t, text[:n], cut)
			if n >= known && !banner.SameButCut(cut, whole) && !strings.HasSuffix(text[:n], ".") {
				t.Errorf("%q cut to %d bytes is another answer:\n%s\n---\n%s", text, n, cut.Text, whole.Text)
			}
		}
	}
}

func samples(tb testing.TB) []string {
	var out []string
	for _, p := range loadPairs(tb) {
		out = append(out, p.Old)
	}
	return out
}

// checkForm holds what every form promises.
func checkForm(tb testing.TB, text string, f banner.Form) {
	tb.Helper()
	if f.Protocol == "" || len(f.Protocol) > 32 || len(f.Digest) != 32 {
		tb.Fatalf("%q: protocol %q, digest %q", text, f.Protocol, f.Digest)
	}
	checkSafe(tb, text, f.Text, true)
	for rest := f.Text; ; {
		_, after, found := strings.Cut(rest, "⟨")
		if !found {
			break
		}
		name, after, closed := strings.Cut(after, "⟩")
		if !closed || !slices.Contains([]string{"date", "time", "epoch", "id", "stamp", "addr", "n", "span", "value", "cut", "+"}, name) {
			tb.Fatalf("%q gave a mask that is none of ours: %q", text, rest)
		}
		rest = after
	}
	// Escaping and masking grow a text at most six and three times.
	if len(f.Text) > 8*len(text)+64 {
		tb.Fatalf("%d bytes became %d", len(text), len(f.Text))
	}
	if len(f.Facts) > 128 || len(f.Product) > 64 || len(f.Version) > 64 {
		tb.Fatalf("%q: %d facts, product %q, version %q", text, len(f.Facts), f.Product, f.Version)
	}
	checkSafe(tb, text, f.Product+f.Version, false)
	for i, fact := range f.Facts {
		if i > 0 && f.Facts[i-1].Path >= fact.Path {
			tb.Fatalf("%q: fact %q after %q", text, fact.Path, f.Facts[i-1].Path)
		}
		if fact.Value == "" || len(fact.Value) > 256 || len(fact.Path) > 512 || !strings.HasPrefix(fact.Path, f.Protocol+".") {
			tb.Fatalf("%q: fact %q = %q", text, fact.Path, fact.Value)
		}
		checkSafe(tb, text, fact.Path+fact.Value, false)
	}
}

func checkSafe(tb testing.TB, text, s string, lines bool) {
	tb.Helper()
	if !utf8.ValidString(s) {
		tb.Fatalf("%q gave %q, which is not UTF-8", text, s)
	}
	for _, r := range s {
		if r < ' ' && (r != '\n' || !lines) || r >= 0x7f && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e ||
			r >= 0x2060 && r <= 0x206f || r == 0xfeff || r >= 0xe0000 && r < 0xe1000 {
			tb.Fatalf("%q gave %q with %U", text, s, r)
		}
	}
}
