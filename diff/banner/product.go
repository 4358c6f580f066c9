package banner

import "strings"

// splitProduct takes the first product of a Server or X-Powered-By field:
// "nginx/1.20.1 (Ubuntu)", "monit 5.6", "Jetty(9.4.43.v20210629)", "Microsoft-IIS/10.0".
func splitProduct(s string) (name, version string) {
	first, _, _ := strings.Cut(s, " ")
	if product, v, ok := strings.Cut(first, "/"); ok && product != "" {
		return strings.Trim(product, "("), versionAt(v)
	}
	// Words up to one that begins with a version, or the whole up to a comment.
	for i := 0; i < len(s); i++ {
		if c := s[i]; c == ' ' || c == '(' {
			if v := versionAt(strings.TrimLeft(s[i:], " (")); v != "" && i > 0 {
				return strings.TrimRight(s[:i], " ("), v
			}
		}
		if s[i] == ',' || s[i] == ';' {
			s = s[:i]
		}
	}
	if i := strings.IndexByte(s, '('); i > 0 {
		s = s[:i]
	}
	return strings.Trim(s, " "), ""
}

// splitSoftware takes the software part of an SSH identification:
// OpenSSH_8.2p1, dropbear_2020.81, Cisco-1.25, mod_sftp/0.9.9.
func splitSoftware(s string) (name, version string) {
	for i := len(s) - 2; i > 0; i-- {
		if c := s[i]; (c == '_' || c == '-' || c == '/') && isDigit(s[i+1]) {
			name, version = s[:i], s[i+1:]
			// A hyphen may also stand within the version: OpenSSH_7.4p1-hpn14v5.
			if j := strings.IndexAny(name, "_/"); j > 0 && j+1 < len(name) && isDigit(name[j+1]) {
				return name[:j], s[j+1:]
			}
			return name, version
		}
	}
	return s, ""
}

// versionAt is the version s begins with: figures, or v and figures; "" if none.
func versionAt(s string) string {
	start := 0
	if len(s) > 1 && (s[0] == 'v' || s[0] == 'V') {
		start = 1
	}
	if start == len(s) || !isDigit(s[start]) {
		return ""
	}
	end := start
	for end < len(s) && (alnum(s[end]) || strings.IndexByte(".+_~-", s[end]) >= 0) {
		end++
	}
	return strings.TrimRight(s[start:end], ".-_")
}

// products are the servers whose greetings name them; the longer name first
// where one begins another. What a whole database knows is a later matter.
var products = []string{"Postfix", "Exim", "Sendmail", "Microsoft ESMTP MAIL Service", "Microsoft Exchange", "MailEnable", "hMailServer",
	"OpenSMTPD", "Haraka", "Zimbra", "MDaemon", "Kerio Connect", "CommuniGate Pro", "Lotus Domino", "Domino", "Axigen", "Dovecot",
	"Courier-IMAP", "Courier", "Cyrus IMAP", "Cyrus POP3", "Qpopper", "UW IMAP", "vsFTPd", "ProFTPD", "Pure-FTPd", "PureFTPd",
	"FileZilla Server", "Microsoft FTP Service", "Serv-U", "wuftpd", "NcFTPd", "tnftpd", "bftpd", "zFTPServer", "Gene6",
	"InterNetNews", "INN", "MikroTik"}

var lowerProducts = func() []string {
	out := make([]string, len(products))
	for i, p := range products {
		out[i] = asciiLower(p)
	}
	return out
}()

// knownProduct finds the first listed product in a greeting, and the version
// that stands behind it.
func knownProduct(s string) (name, version string) {
	lower := asciiLower(s)
	at := len(s)
	for k, p := range products {
		i := strings.Index(lower, lowerProducts[k])
		if i < 0 || i >= at || i > 0 && isLetter(s[i-1]) {
			continue
		}
		if end := i + len(p); end < len(s) && (isLetter(s[end]) || s[end] == '.') {
			continue // postfix.example.com is a host
		}
		name, at = p, i
	}
	if name == "" {
		return "", ""
	}
	return name, versionBehind(s[at+len(name):])
}

// versionBehind skips what stands between a name and its version.
func versionBehind(s string) string {
	for range 4 {
		s = strings.TrimLeft(s, " (:,/-_")
		if v := versionAt(s); v != "" {
			return v
		}
		word, rest, _ := strings.Cut(s, " ")
		switch asciiLower(strings.TrimRight(word, ":,")) {
		case "version", "server", "release", "ftp", "imap4", "pop3", "imap4rev1", "ftp-server":
			s = rest
		default:
			return ""
		}
	}
	return ""
}
