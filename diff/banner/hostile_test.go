package banner_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/internal/limits"
)

// TestHostileIsBounded gives each parser what it likes least at full length. The
// time is generous: what it must catch is the square of the length.
func TestHostileIsBounded(t *testing.T) {
	fill := func(prefix, unit string) string {
		return prefix + strings.Repeat(unit, limits.BannerBytes.Max/len(unit)+1)
	}
	const ok = "HTTP/1.1 200 OK\r\n"
	var fields strings.Builder
	fields.WriteString(ok)
	for i := range 10_000 {
		fmt.Fprintf(&fields, "X-%d: %d\r\n", i, i)
	}
	cases := map[string]string{
		"10,000 fields": fields.String(), "one byte too many": strings.Repeat("a", limits.BannerBytes.Max+1), "NULs": fill("", "\x00"),
		"not UTF-8": fill("", "\xff"), "bidirectional": fill("220 ", "\u202e"), "our brackets": fill("220 ", "⟨date⟩"), "escapes": fill("", `\x1b`),
		"folded": fill(ok+"A: b", "\r\n c"), "folded empty": fill(ok+"A: b", "\n "), "no colon": fill(ok, "x\n"), "colons": fill(ok, ":"), "cookies": fill(ok, "Set-Cookie: a=b;;;\n"),
		"one long cookie": fill(ok+"Set-Cookie: ", "a;"), "challenges": fill(ok+"WWW-Authenticate: ", "a, "), "equals": fill(ok+"WWW-Authenticate: ", "="),
		"quotes": fill(ok+"WWW-Authenticate: a b=", `"\"`), "parameters": fill(ok+"WWW-Authenticate: Basic ", "realm=a,"), "policy": fill(ok+"Content-Security-Policy: ", "a b;"), "policy words": fill(ok+"Content-Security-Policy: ", "b 'nonce-' "),
		"query": fill(ok+"Location: /?", "a=%3F&"), "nested": fill(ok+"Location: /?a=", "?a="), "percent": fill(ok+"Location: ", "%3F"), "brackets": fill(ok+"Location: https://", "["),
		"titles": fill(ok+"\r\n", "<title"), "open title": fill(ok+"\r\n<title>", "a "), "hyphens": fill("220 ", "a-"), "hex and hyphens": fill("220 ", "0123456789abcdef-"), "base64": fill("220 ", "aB3"),
		"stamps": fill("+OK ", "<"), "stamps with at": fill("+OK ", "<@"), "parentheses": fill("220 ", "("), "dates": fill("220 ", "Tue, 1 Jan 2024 "), "broken dates": fill("220 ", "Tue, Jan "), "times": fill("220 ", "12:34:56"), "numbers": fill("220 ", "1704448800 "),
		"addresses": fill("554 from ", "1.2.3.4 "), "colon addresses": fill("554 from ", "::"), "users": fill("220 ", "1 user "), "capabilities": fill("* OK [CAPABILITY ", "A "), "lists": fill("* OK ", "[CAPABILITY A] "), "replies": fill("220 ESMTP\n", "250-A\n"),
		"features": fill("220 FTP\n211-a\n", " b\n"), "info": fill("redis_version:1\n", "role:a\n"), "stats": fill("STAT ", "version 1\nSTAT "), "ssh": fill("SSH-2.0-", "_1-"), "server": fill(ok+"Server: ", "a ("), "server words": fill(ok+"Server: ", "a "),
		"objects in objects": fill("", `{"a":`), "arrays in arrays": fill(ok+"\r\n", "["), "keys": fill("{", `"version":1,`), "one long string": fill(`{"a":"`, "1704448800 "),
		"open strings": fill("", `{"`), "backslashes": fill(`{"a":"`, `\\`), "numbers in JSON": fill("[", "1,"), "chunks": fill(ok+"Transfer-Encoding: chunked\r\n\r\n", "1\r\n"),
		"meta tags": fill(ok+"\r\n", "<meta name=generator content=a>"), "meta without end": fill(ok+"\r\n", "<meta "), "attributes": fill(ok+"\r\n<meta ", "name=content="), "products": fill(ok+"\r\n<p>", "a/1.1 "),
		"products without end": fill(ok+"\r\n<p>", "a/1-"), "scripts": fill(ok+"\r\n", "<script>"), "versions in a script": fill(ok+"\r\n<", `"version":"1`), "elements": fill(ok+"\r\n<?xml?>", "<code>"),
		"sessions in a path": fill(ok+"Location: ", "/(S(a))"), "open sessions": fill(ok+"Location: ", "/(S("), "hops": fill(ok+"Via: ", "1.1 a (b), "), "token": fill(ok+"WWW-Authenticate: NTLM ", "TlRM"), "cookie names": fill(ok+"Set-Cookie: ", "a1b2c3d4_"),
		"spans": fill("up ", "1 day, "), "sessions": fill("* OK ", "a1b2c3d4e5 "), "parts of a name": fill(ok+"Set-Cookie: ", "a1B_"), "parts of a path": fill(ok+"Location: ", "/a1b2c3d4e5f6"), "ids called so": fill("220 ", "id 1a2b3c "), "shares": fill("220 ", "1.5% "), "URLs": fill("554 from https://", "/1.2.3.4"), "session description": fill("RTSP/1.0 200 OK\r\n\r\n", "a=tool:1\r\n"),
		"spaces": fill("220 ", " "), "empty lines": fill("", "\n"), "words": fill("220 ", "esmtp."), "mysql": fill("J\x00\x00\x00\x0a5", "a"),
	}
	for name, text := range cases {
		for _, scan := range []string{"", "ftp", strings.Repeat("\x1b[A", 1000)} {
			start := time.Now()
			f := banner.Normalize(text, scan, 0)
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("%s took %v", name, took)
			}
			checkForm(t, text, f)
			if len(text) > limits.BannerBytes.Max && !f.Cut && f.Protocol != "http" && f.Protocol != "ssh" {
				t.Errorf("%s: %d bytes were not cut", name, len(text))
			}
			if !banner.SameButCut(f, f) || len(banner.Compare(f, f)) != 0 {
				t.Errorf("%s differs from itself", name)
			}
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, p := range loadPairs(f) {
		f.Add(p.Old, p.ScanProtocol, p.New)
	}
	f.Fuzz(func(t *testing.T, text, scan, other string) {
		a, b := banner.Normalize(text, scan, 25), banner.Normalize(other, scan, 0)
		checkForm(t, text, a)
		checkForm(t, other, b)
		if again := banner.Normalize(text, scan, 25); again.Digest != a.Digest || len(banner.Compare(a, again)) != 0 {
			t.Fatalf("%q has two forms", text)
		}
		if banner.SameButCut(a, b) != banner.SameButCut(b, a) {
			t.Fatalf("%q and %q: sameness has a direction", text, other)
		}
		for _, c := range banner.Compare(a, b) {
			if c.Before == nil && c.After == nil {
				t.Fatalf("%q and %q: fact %s changed from nothing to nothing", text, other, c.Path)
			}
		}
	})
}

// FuzzHead, FuzzBody and FuzzReplies put what is drawn where the parser of a field,
// of a body or of a reply meets it, so that the fuzzer need not find the way there.
func FuzzHead(f *testing.F) {
	for _, s := range loadScenes(f) {
		head, _, _ := strings.Cut(draw(s.text, 0), "\r\n\r\n")
		for line := range strings.SplitSeq(head, "\r\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				f.Add(name, value)
			}
		}
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		for _, protocol := range []string{"HTTP/1.1", "SIP/2.0", "RTSP/1.0"} {
			checkForms(t, protocol+" 401 x\r\n"+name+": "+value+"\r\n\r\n")
		}
	})
}

func FuzzBody(f *testing.F) {
	for _, s := range loadScenes(f) {
		if _, body, ok := strings.Cut(draw(s.text, 0), "\r\n\r\n"); ok && body != "" {
			f.Add(body)
		}
	}
	f.Fuzz(func(t *testing.T, body string) {
		checkForms(t, "HTTP/1.1 200 OK\r\n\r\n"+body)
		checkForms(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+body)
		checkForms(t, "{"+body)
		checkForms(t, "RTSP/1.0 200 OK\r\n\r\n"+body)
	})
}

func FuzzReplies(f *testing.F) {
	for _, s := range loadScenes(f) {
		if text := draw(s.text, 0); !strings.HasPrefix(text, "HTTP") {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, before := range []string{"", "220 ESMTP\r\n250-", "220 FTP\r\n211-", "* OK [CAPABILITY ", "+OK\r\n+OK\r\n", "200 NNTP\r\n101 \r\n"} {
			checkForms(t, before+text)
		}
	})
}

// checkForms checks the form of a text, and that of what a cut leaves.
func checkForms(t *testing.T, text string) {
	f := banner.Normalize(text, "", 0)
	checkForm(t, text, f)
	cut := banner.Normalize(text[:len(text)/2]+"...", "", 0)
	checkForm(t, text[:len(text)/2]+"...", cut)
	if !banner.SameButCut(f, f) || banner.SameButCut(f, cut) != banner.SameButCut(cut, f) {
		t.Fatalf("%q: sameness has a direction", text)
	}
}

func BenchmarkNormalizeHTTP(b *testing.B) {
	const text = "HTTP/1.1 302 Found\r\nDate: Tue, 05 Jan 2024 10:00:00 GMT\r\nServer: Apache/2.4.41 (Ubuntu)\r\nSet-Cookie: PHPSESSID=vt2ag6n7t6ngvlg8adk4860h46; path=/; HttpOnly; Secure\r\n" +
		"Expires: Thu, 19 Nov 1981 08:52:00 GMT\r\nCache-Control: no-store, no-cache, must-revalidate\r\nPragma: no-cache\r\nLocation: https://login.example.com/auth?client_id=web&state=8f3a2c\r\n" +
		"Strict-Transport-Security: max-age=31536000; includeSubDomains\r\nX-Frame-Options: SAMEORIGIN\r\nX-Request-Id: 38ef0bea-a4c3-4f41-9ac3-73d7622f3131\r\nContent-Length: 0\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n"
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		banner.Normalize(text, "http_raw", 443)
	}
}

func BenchmarkNormalizeGreeting(b *testing.B) {
	for b.Loop() {
		banner.Normalize("220 mx.example.com ESMTP Exim 4.94.2 Tue, 05 Jan 2024 10:00:00 +0100\r\n", "smtp", 25)
	}
}
