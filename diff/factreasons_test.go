package diff_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/diff/banner"
)

// TestFactReasons: what changed in a banner is said in words, and how grave it is
// follows from what changed.
func TestFactReasons(t *testing.T) {
	const ok, unauthorized = "HTTP/1.1 200 OK\r\n", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"cam\"\r\n"
	const ehlo = "220 m ESMTP Postfix\r\n250-m\r\n250-SIZE 1\r\n"
	for _, c := range []struct {
		name, scan, old, new string
		want                 []diff.Reason
	}{
		{"login asked for no more", "http", unauthorized + "\r\n", ok + "\r\n", []diff.Reason{diff.SecurityFact, diff.AuthRemoved}},
		{"login asked for", "http", ok + "\r\n", unauthorized + "\r\n", []diff.Reason{diff.SecurityFact}},
		{"login by a page instead", "http", unauthorized + "\r\n", "HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n", []diff.Reason{diff.SecurityFact}},
		{"page gone", "http", ok + "\r\n", "HTTP/1.1 404 Not Found\r\n\r\n", nil},
		{"host of a redirect", "http", "HTTP/1.1 302 Found\r\nLocation: https://a.example/\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: https://b.example/\r\n\r\n", []diff.Reason{diff.RoutingFact, diff.RedirectHost}},
		{"redirect leaves TLS", "http", "HTTP/1.1 302 Found\r\nLocation: https://a.example/\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: http://a.example/\r\n\r\n", []diff.Reason{diff.RoutingFact, diff.ProtectionLost}},
		{"HSTS gone", "http", ok + "Strict-Transport-Security: max-age=1\r\n\r\n", ok + "\r\n", []diff.Reason{diff.SecurityFact, diff.ProtectionLost}},
		{"HSTS new", "http", ok + "\r\n", ok + "Strict-Transport-Security: max-age=1\r\n\r\n", []diff.Reason{diff.SecurityFact}},
		{"directive gone", "http", ok + "Content-Security-Policy: default-src 'self'; object-src 'none'\r\n\r\n", ok + "Content-Security-Policy: default-src 'self'\r\n\r\n", []diff.Reason{diff.SecurityFact, diff.ProtectionLost}},
		{"flag of a cookie gone", "http", ok + "Set-Cookie: a=1; Secure; HttpOnly\r\n\r\n", ok + "Set-Cookie: a=1; HttpOnly\r\n\r\n", []diff.Reason{diff.SecurityFact, diff.ProtectionLost}},
		{"cookie new", "http", ok + "\r\n", ok + "Set-Cookie: a=1; Secure; HttpOnly\r\n\r\n", nil},
		{"version up", "http", ok + "Server: nginx/1.18.0\r\n\r\n", ok + "Server: nginx/1.20.1\r\n\r\n", []diff.Reason{diff.VersionUp}},
		{"version down", "http", ok + "Server: nginx/1.20.1\r\n\r\n", ok + "Server: nginx/1.18.0\r\n\r\n", []diff.Reason{diff.VersionDown}},
		{"version hidden", "http", ok + "Server: nginx/1.20.1\r\n\r\n", ok + "Server: nginx\r\n\r\n", nil},
		{"product", "http", ok + "Server: nginx/1.20.1\r\n\r\n", ok + "Server: Caddy\r\n\r\n", []diff.Reason{diff.ProductChanged}},
		{"STARTTLS gone", "smtp", ehlo + "250 STARTTLS\r\n", ehlo + "250 HELP\r\n", []diff.Reason{diff.SecurityFact, diff.CapabilityLost}},
		{"mechanism gone", "smtp", ehlo + "250 AUTH CRAM-MD5 PLAIN\r\n", ehlo + "250 AUTH PLAIN\r\n", []diff.Reason{diff.SecurityFact, diff.CapabilityLost}},
		{"mechanism new", "smtp", ehlo + "250 AUTH PLAIN\r\n", ehlo + "250 AUTH PLAIN LOGIN\r\n", []diff.Reason{diff.SecurityFact}},
		{"STARTTLS of IMAP gone", "imap", "* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] x", "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] x", []diff.Reason{diff.SecurityFact, diff.CapabilityLost}},
		{"IMAP lets everybody in", "imap", "* OK x ready", "* PREAUTH x ready", []diff.Reason{diff.SecurityFact, diff.AuthRemoved}},
		{"FTP lets everybody in", "ftp", "220 (vsFTPd 3.0.3)\r\n530 Please login\r\n", "220 (vsFTPd 3.0.3)\r\n230 Login successful\r\n", []diff.Reason{diff.SecurityFact, diff.AuthRemoved}},
		{"Redis lets everybody in", "redis", "-NOAUTH Authentication required.\r\n", "+PONG\r\n", []diff.Reason{diff.SecurityFact, diff.AuthRemoved}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := diff.JudgeBanners(banner.Normalize(c.old, c.scan, 0), banner.Normalize(c.new, c.scan, 0))
			if d := cmp.Diff(append([]diff.Reason{diff.NewForm}, c.want...), v.Reasons); d != "" {
				t.Errorf("%s\n%v", d, v.Facts)
			}
		})
	}
}
