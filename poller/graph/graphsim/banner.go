package graphsim

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// A scene is all that a banner depends on. Only at and nonce are volatile: two
// scenes equal in the rest give banners that say the same.
type scene struct {
	domain  string // the host's name, "h7.example.com"
	address string // the host as it is looked up
	version string
	form    int
	traits  uint64 // fixed for the port: which headers it sends
	at      time.Time
	nonce   uint64
}

// The names that greetings go through, a form each. They are words: a counter
// could be taken for a volatile number.
var (
	mailNames = []string{"mail", "mx", "relay", "gateway", "smtp", "edge", "inbound", "post", "courier", "exchange"}
	siteNames = []string{"", "Archive", "Mirror", "Uploads", "Releases", "Backups", "Partners", "Press", "Pictures"}
	imapWords = []string{"", "NAMESPACE", "QUOTA", "SORT", "THREAD=REFERENCES", "ESEARCH", "CONDSTORE", "QRESYNC", "NOTIFY", "LOGINDISABLED"}
)

// web makes a web server whose Server header is token with its version put in.
func web(name, token string, versions ...string) *product {
	return &product{
		category: "Server", name: name, versions: versions, scanProtocol: "http_raw",
		forms: unbounded, noisy: true, addons: true,
		banner: func(s scene) string { return webBanner(s, fmt.Sprintf(token, s.version)) },
	}
}

// webBanner is the head of an answer to GET /. The forms add one security
// header after the other, demand a password, drop that again (a change worth
// telling) and then redirect, each time elsewhere.
func webBanner(s scene, server string) string {
	status := "200 OK"
	switch {
	case s.form == 5:
		status = "401 Unauthorized"
	case s.form >= 7:
		status = "302 Found"
	}
	var b strings.Builder
	header := func(name, value string) { b.WriteString(name + ": " + value + "\r\n") }
	b.WriteString("HTTP/1.1 " + status + "\r\n")
	header("Date", s.at.Format(http.TimeFormat))
	header("Server", server)
	header("Content-Type", "text/html; charset=utf-8")
	if s.traits&1 != 0 {
		header("ETag", fmt.Sprintf(`"%x-%x"`, s.nonce>>40, s.nonce&0xffffffffff))
		header("Last-Modified", s.at.Add(-time.Duration(s.nonce%86_400)*time.Second).Format(http.TimeFormat))
	}
	if s.traits&2 != 0 {
		header("Set-Cookie", fmt.Sprintf("session=%016x%016x; Path=/; HttpOnly", s.nonce, mix(s.nonce)))
	}
	if s.traits&4 != 0 {
		header("X-Request-Id", fmt.Sprintf("%016x%016x", mix(s.nonce, 1), mix(s.nonce, 2)))
	}
	if s.traits&8 != 0 {
		header("Cache-Control", "private, max-age=600")
		header("Expires", s.at.Add(10*time.Minute).Format(http.TimeFormat))
	}
	if s.form >= 1 {
		header("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	if s.form >= 2 {
		header("X-Content-Type-Options", "nosniff")
	}
	if s.form >= 3 {
		header("Content-Security-Policy", "default-src 'self'")
	}
	if s.form >= 4 {
		header("X-Frame-Options", "DENY")
	}
	if s.form == 5 {
		header("WWW-Authenticate", `Basic realm="Administration"`)
	}
	if s.form >= 6 {
		header("Referrer-Policy", "no-referrer")
	}
	if s.form >= 7 {
		header("Location", fmt.Sprintf("https://www.%s/portal/v%d/", s.domain, s.form))
	}
	b.WriteString("\r\n")
	return b.String()
}

func openSSHBanner(s scene) string {
	return fmt.Sprintf("SSH-2.0-OpenSSH_%s Ubuntu-4ubuntu0.%d\r\n", s.version, s.form+1)
}

func dropbearBanner(s scene) string { return "SSH-2.0-dropbear_" + s.version + "\r\n" }

func eximBanner(s scene) string {
	return fmt.Sprintf("220 %s.%s ESMTP Exim %s %s\r\n", mailNames[s.form], s.domain, s.version, s.at.Format(time.RFC1123Z))
}

func sendmailBanner(s scene) string {
	return fmt.Sprintf("220 %s.%s ESMTP Sendmail %s/%s; %s\r\n",
		mailNames[s.form], s.domain, s.version, s.version, s.at.Format(time.RFC1123Z))
}

func vsftpdBanner(s scene) string {
	if s.form == 0 {
		return "220 (vsFTPd " + s.version + ")\r\n"
	}
	return fmt.Sprintf("220-Welcome to %s\r\n220 (vsFTPd %s)\r\n", siteNames[s.form], s.version)
}

func proftpdBanner(s scene) string {
	site := "Debian"
	if s.form > 0 {
		site = siteNames[s.form]
	}
	return fmt.Sprintf("220 ProFTPD %s Server (%s) [%s]\r\n", s.version, site, s.address)
}

func imapCapabilities(form int) string {
	return "[CAPABILITY IMAP4rev1 SASL-IR ID ENABLE IDLE LITERAL+ STARTTLS AUTH=PLAIN" + strings.Join(imapWords[:form+1], " ") + "]"
}

func cyrusBanner(s scene) string {
	return fmt.Sprintf("* OK %s mail.%s Cyrus IMAP %s server ready\r\n", imapCapabilities(s.form), s.domain, s.version)
}

func dovecotIMAPBanner(s scene) string {
	return "* OK " + imapCapabilities(s.form) + " Dovecot (Ubuntu) ready.\r\n"
}

func dovecotPOPBanner(scene) string { return "+OK Dovecot (Ubuntu) ready.\r\n" }

// mysqlBanner is an initial handshake packet, protocol 10, bytes as U+0000 to
// U+00FF. Thread id and salt stand still: their masking is not for a canonical
// form of line greetings, and noise keeps to what that masks.
func mysqlBanner(s scene) string {
	payload := "\n" + s.version + "-0ubuntu0.20.04.1\x00" + "\x1f\x00\x00\x00" + "portdelt\x00" +
		"\u00ff\u00f7\b\x02\x00\x0f\u0080\x15" + strings.Repeat("\x00", 10) + "simulatedsal\x00" + "mysql_native_password\x00"
	return string(rune(len([]rune(payload)))) + "\x00\x00\x00" + payload
}

// redisBanner demands a password at first; its second form answers INFO to
// anybody.
func redisBanner(s scene) string {
	if s.form == 0 {
		return "-NOAUTH Authentication required.\r\n"
	}
	info := "# Server\r\nredis_version:" + s.version + "\r\nredis_mode:standalone\r\nos:Linux 5.4.0-80-generic x86_64\r\narch_bits:64\r\n"
	return fmt.Sprintf("$%d\r\n%s\r\n", len(info), info)
}
