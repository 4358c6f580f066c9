package main

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// A product answers on a port. shows: its banner names its version; forms: how
// many configurations an operator may step through.
type product struct {
	port           uint16
	category, name string
	scan           string
	versions       []string
	shows, tls     bool
	addons         bool
	forms          int
	text           func(scene) string
}

// A scene is what one answer depends on; rng and at are the noise in it.
type scene struct {
	rng     *rand.Rand
	at      time.Time
	version string
	form    int
	traits  uint64
	host    int
}

func (s scene) hex(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(s.rng.Uint32())
	}
	return hex.EncodeToString(b)
}

var products = []product{
	{80, "Server", "nginx", "http_raw", []string{"1.18.0", "1.20.1", "1.22.1", "1.24.0", "1.25.3", "1.26.0", "1.26.2", "1.27.1"}, true, false, true, 6,
		func(s scene) string { return web(s, "nginx/"+s.version) }},
	{443, "Server", "Apache", "https", []string{"2.4.41", "2.4.46", "2.4.52", "2.4.54", "2.4.57", "2.4.58", "2.4.62", "2.4.63"}, true, true, true, 6,
		func(s scene) string { return web(s, "Apache/"+s.version+" (Ubuntu)") }},
	{8443, "Server", "Microsoft-IIS", "https", []string{"7.5", "8.0", "8.5", "10.0"}, true, true, true, 6,
		func(s scene) string { return web(s, "Microsoft-IIS/"+s.version) }},
	{8080, "Server", "Jetty", "http", []string{"9.4.43.v20210629", "9.4.48.v20220622", "9.4.53.v20231009", "10.0.18", "11.0.20", "12.0.8"}, true, false, false, 6,
		func(s scene) string { return web(s, "Jetty("+s.version+")") }},
	{22, "SSH Server", "OpenSSH", "ssh", []string{"7.6p1", "8.2p1", "8.9p1", "9.2p1", "9.6p1", "9.7p1", "9.9p1"}, true, false, false, 1,
		func(s scene) string { return "SSH-2.0-OpenSSH_" + s.version + " Ubuntu-4ubuntu0.5\r\n" }},
	{25, "Mail Server", "Postfix", "smtp", nil, false, true, false, 2, func(s scene) string {
		starttls := []string{"250-STARTTLS\r\n", ""}[s.form]
		return fmt.Sprintf("220 mx%d.example.com ESMTP Postfix (Debian/GNU) %s\r\n250-mx%d.example.com\r\n250-PIPELINING\r\n%s250 8BITMIME\r\n",
			s.host, s.at.Format(time.RFC1123Z), s.host, starttls)
	}},
	{21, "FTP Server", "ProFTPD", "ftp", []string{"1.3.5", "1.3.6", "1.3.7a", "1.3.7e", "1.3.8", "1.3.8b"}, true, false, false, 1, func(s scene) string {
		return fmt.Sprintf("220 ProFTPD %s Server (files) [::ffff:10.0.0.%d]\r\n230-You are user number %d of 50 allowed.\r\n230 Local time is now %s.\r\n",
			s.version, s.host&255, 1+s.rng.IntN(50), s.at.Format("15:04"))
	}},
	{993, "Mail Server", "Dovecot", "imap", nil, false, true, false, 1, func(s scene) string {
		return "* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ AUTH=PLAIN] Dovecot ready.\r\n"
	}},
	{110, "Mail Server", "Dovecot POP3", "pop3", nil, false, false, false, 1, func(s scene) string {
		return fmt.Sprintf("+OK Dovecot ready. <%s.%d.%s@mail>\r\n", s.hex(2), s.at.Unix(), s.hex(4))
	}},
	{3306, "Database", "MySQL", "mysql", []string{"5.7.33", "5.7.40", "5.7.44", "8.0.32", "8.0.36", "8.0.40"}, true, false, false, 1, func(s scene) string {
		body := "\x0a" + s.version + "\x00" + latin(s.rng, 4) + latin(s.rng, 8) + "\x00\u00ff\u00f7\x08\x02\x00\u00ff\u0081\x15" + strings.Repeat("\x00", 10) + latin(s.rng, 12) + "\x00mysql_native_password\x00"
		return string(rune(utf8.RuneCountInString(body))) + "\x00\x00\x00" + body
	}},
	{6379, "Database", "Redis", "redis", []string{"5.0.7", "6.0.16", "6.2.6", "7.0.12", "7.2.4", "7.4.1"}, true, false, false, 1, func(s scene) string {
		return fmt.Sprintf("$3000\r\n# Server\r\nredis_version:%s\r\nredis_mode:standalone\r\nos:Linux 5.15.0 x86_64\r\nprocess_id:%d\r\nrun_id:%s\r\nuptime_in_seconds:%d\r\nconnected_clients:%d\r\nused_memory:%d\r\n",
			s.version, s.rng.IntN(60000), s.hex(20), s.rng.IntN(9e6), s.rng.IntN(90), s.rng.IntN(9e8))
	}},
	{23, "Router", "", "telnet", nil, false, false, false, 1, func(s scene) string {
		return "\u00ff\u00fd\u0018\u00ff\u00fd\u0020\r\nUser Access Verification\r\n\r\nUsername: "
	}},
}

// tarpit is what answers on every port of a middlebox.
var tarpit = product{scan: "http", forms: 1, text: func(scene) string { return "HTTP/1.1 200 OK\r\nServer: gate\r\nConnection: close\r\n\r\n" }}

// latin is random bytes as the source gives them: a character a byte.
func latin(r *rand.Rand, n int) string {
	b := make([]rune, n)
	for i := range b {
		b[i] = rune(1 + r.IntN(255))
	}
	return string(b)
}

// web is the head of an answer: clocks, session ids, caches and request ids are
// noise; what the forms add is an operator's work.
func web(s scene, server string) string {
	lines := []string{"Date: " + s.at.Format(http.TimeFormat), "Server: " + server, "Content-Type: text/html; charset=utf-8"}
	noisy := []string{
		"Set-Cookie: JSESSIONID=" + strings.ToUpper(s.hex(16)) + "; Path=/; HttpOnly",
		"X-Request-Id: " + s.hex(16),
		fmt.Sprintf("ETag: \"%s-%s\"", s.hex(3), s.hex(4)),
		"Last-Modified: " + s.at.Add(-time.Duration(s.rng.IntN(9000))*time.Second).Format(http.TimeFormat),
		"Expires: " + s.at.Add(time.Hour).Format(http.TimeFormat),
		fmt.Sprintf("Age: %d", s.rng.IntN(900)),
		"X-Cache: " + []string{"HIT", "MISS"}[s.rng.IntN(2)] + " from cache",
		fmt.Sprintf("X-RateLimit-Remaining: %d", s.rng.IntN(5000)),
		fmt.Sprintf("Content-Length: %d", 4000+s.rng.IntN(99)),
		"CF-RAY: " + s.hex(8) + "-" + []string{"FRA", "AMS", "LHR"}[s.rng.IntN(3)],
	}
	for i, line := range noisy {
		if s.traits>>i&1 == 1 {
			lines = append(lines, line)
		}
	}
	status := "200 OK"
	for i := 1; i <= s.form; i++ {
		switch i {
		case 1:
			lines = append(lines, "Strict-Transport-Security: max-age=31536000")
		case 2:
			lines = append(lines, "X-Frame-Options: DENY")
		case 3:
			status = "401 Unauthorized"
			lines = append(lines, `WWW-Authenticate: Digest realm="admin", nonce="`+s.hex(12)+`", qop="auth"`)
		case 4:
			lines = append(lines, "Content-Security-Policy: script-src 'nonce-"+s.hex(8)+"'")
		case 5:
			status = "302 Found"
			lines = append(lines, "Location: https://login.example.net/start?client_id=web&state="+s.hex(12)+"&nonce="+s.hex(8))
		}
	}
	if s.rng.IntN(2) == 0 { // proxies reorder
		s.rng.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	}
	return "HTTP/1.1 " + status + "\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
}
