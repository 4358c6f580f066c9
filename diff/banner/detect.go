package banner

import "strings"

// detect names the protocol: by what the text says, then by the source's word
// for its own scan (which took FTP for telnet in the source's own documents),
// then by the port. Names are those of the IANA service registry.
func detect(src source, scanProtocol string, port int) string {
	hint, raw := protocolName(scanProtocol), src.raw
	if p := byPrefix(raw); p != "" {
		return p
	}
	if p := byReply(raw, hint, port); p != "" {
		return p
	}
	if p := byWords(raw, hint); p != "" {
		return p
	}
	first, _ := src.octets(64)
	if p := byOctets(first); p != "" {
		return p
	}
	if hint != "unknown" {
		return hint
	}
	if p := portProtocols[port]; p != "" {
		return p
	}
	if looksJSON(raw) {
		return "http" // an answer without its head
	}
	return "unknown"
}

func byPrefix(raw string) string {
	for _, p := range []struct{ prefix, protocol string }{
		{"HTTP/", "http"}, {"SSH-", "ssh"}, {"SIP/", "sip"}, {"RTSP/", "rtsp"}, {"RFB ", "rfb"},
		{"* OK", "imap"}, {"* BYE", "imap"}, {"* PREAUTH", "imap"}, {"@RSYNCD:", "rsync"},
		{"+PONG", "redis"}, {"-NOAUTH ", "redis"}, {"-DENIED ", "redis"}, {"-MISCONF ", "redis"}, {"-WRONGPASS ", "redis"},
		{"-LOADING ", "redis"}, {"-NOPERM ", "redis"}, {"-MASTERDOWN ", "redis"}, {"-BUSY ", "redis"},
		{"# Server\n", "redis"}, {"STAT ", "memcache"}, {"VERSION ", "memcache"},
	} {
		if strings.HasPrefix(raw, p.prefix) {
			return p.protocol
		}
	}
	start := asciiLower(strings.TrimLeft(raw[:min(len(raw), 64)], " \n\t"))
	if strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html") {
		return "http" // an answer without a head, as HTTP/0.9 gave
	}
	return ""
}

// byWords finds the dumps that name their server somewhere, near the beginning
// unless it is a field's name.
func byWords(raw, hint string) string {
	start := raw[:min(len(raw), 4096)]
	for _, w := range []struct{ words, protocol string }{
		{"redis_version:", "redis"}, {"valkey_version:", "redis"}, {"Zookeeper version:", "zookeeper"}, {"zookeeper.version", "zookeeper"},
		{"zk_version", "zookeeper"}, {"maxWireVersion", "mongodb"}, {"maxBsonObjectSize", "mongodb"}, {`"ismaster"`, "mongodb"}, {"MongoDB Server Information", "mongodb"}, {"$SYS/broker", "mqtt"},
		{"MQTT Connection Code", "mqtt"}, {"supportedLDAPVersion", "ldap"}, {"version=\"ntpd", "ntp"}, {"NTLM Info", "ms-wbt-server"},
		{"Remote Desktop Protocol", "ms-wbt-server"}, {"namingContexts:", "ldap"},
	} {
		if strings.Contains(start, w.words) && (hint != "http" || w.protocol == "redis") {
			return w.protocol
		}
	}
	return ""
}

// byReply tells the protocols apart whose greetings begin alike.
func byReply(raw, hint string, port int) string {
	line, _, _ := strings.Cut(raw[:min(len(raw), 4096)], "\n")
	lower := asciiLower(line)
	switch {
	case strings.HasPrefix(line, "+OK"):
		if hint == "redis" {
			return "redis"
		}
		return "pop3"
	case strings.HasPrefix(line, "-ERR"):
		if hint == "redis" || strings.Contains(lower, "unknown command") || strings.Contains(lower, "wrong number of arguments") {
			return "redis"
		}
		return "pop3"
	case len(line) > 1 && (line[0] == '$' || line[0] == '*') && isDigits(strings.TrimSpace(line[1:])):
		return "redis" // a bulk string or an array (RESP)
	}
	code, sep := replyCode(line)
	if code == "" {
		return ""
	}
	// The first line may be a site's own words: look at the whole greeting.
	words := asciiLower(raw[:min(len(raw), 4096)])
	switch code[0] {
	case '2', '4', '5':
		switch {
		case hasWord(words, "nntp"), hasWord(words, "nnrp"), hasWord(words, "internetnews"), code == "201":
			return "nntp"
		case hasWord(words, "esmtp"), hasWord(words, "smtp"), hasWord(words, "gsmtp"):
			return "smtp"
		case strings.Contains(words, "ftp"):
			return "ftp"
		}
		for _, w := range []string{"mail", "postfix", "exim", "sendmail", "mx", "spam", "blocked", "rejected", "rbl"} {
			if hasWord(words, w) {
				return "smtp"
			}
		}
		if hint == "smtp" || hint == "ftp" || hint == "nntp" {
			return hint
		}
		if p := portProtocols[port]; p == "smtp" || p == "ftp" || p == "nntp" {
			return p
		}
		// 220 is the greeting of both; 554 refuses mail (RFC 5321 section 3.1).
		if code == "554" {
			return "smtp"
		}
		if sep && (code == "220" || code == "421" || code == "530") {
			return "ftp"
		}
	}
	return ""
}

func byOctets(b []byte) string {
	switch {
	case len(b) >= 3 && b[0] == 0xFF && b[1] >= 0xFB && b[1] <= 0xFE:
		return "telnet" // IAC WILL, WONT, DO, DONT (RFC 854)
	case len(b) >= 9 && string(b[:9]) == "\x05\x00\x00\x00\x0b\x08\x05\x1a\x00":
		return "mysqlx" // its first notice
	case len(b) >= 6 && b[3] == 0 && b[4] == 0x0A && isDigit(b[5]) && (len(b) < 8 || versionByte(b[6]) && versionByte(b[7])),
		len(b) >= 7 && b[3] == 0 && b[4] == 0xFF && b[6] >= 3 && b[6] < ' ' && allText(b[7:]):
		return "mysql" // the first packet: a handshake of version 10, or an error
	case isPostgres(b):
		return "postgresql"
	case len(b) >= 3 && (b[0] == 0x16 || b[0] == 0x15) && b[1] == 3 && b[2] <= 4:
		return "tls" // a handshake or alert record
	case len(b) >= 4 && b[0] == 3 && b[1] == 0 && b[2] == 0:
		return "ms-wbt-server" // TPKT (RFC 1006)
	case isMongo(b):
		return "mongodb"
	case isAMQP(b), len(b) >= 8 && string(b[:4]) == "AMQP" && b[4] < ' ':
		return "amqp"
	case len(b) > 16 && (string(b[8:13]) == "STAT " || string(b[8:16]) == "VERSION "):
		return "memcache" // behind the frame's head, over UDP
	case isSMB(b):
		return "microsoft-ds"
	case isLDAP(b):
		return "ldap"
	case isSNMP(b), len(b) > 8 && strings.Contains(string(b[:min(len(b), 24)]), "\x04\x06public"):
		return "snmp"
	case isTDS(b):
		return "ms-sql-s"
	case len(b) >= 4 && b[0] == 0x20 && b[1] == 2 && b[2] <= 1 && b[3] <= 5:
		return "mqtt" // CONNACK
	case len(b) > 20 && strings.Contains(asciiLower(string(b)), "\x07version\x04bind"):
		return "domain"
	}
	return ""
}

func versionByte(c byte) bool { return isDigit(c) || c == '.' }

// aliases are words of sources for what IANA names otherwise. A protocol inside
// TLS has the key of the protocol: what answers is what matters.
var aliases = map[string]string{
	"https": "http", "http_raw": "http", "http-raw": "http", "http_proxy": "http", "http-alt": "http", "www": "http",
	"https_raw": "http", "smtps": "smtp", "submission": "smtp", "submissions": "smtp", "esmtp": "smtp", "imaps": "imap", "imap4": "imap",
	"pop": "pop3", "pop3s": "pop3", "ftps": "ftp", "telnets": "telnet", "nntps": "nntp", "sips": "sip", "rtsps": "rtsp",
	"postgres": "postgresql", "mariadb": "mysql", "memcached": "memcache", "vnc": "rfb", "rdp": "ms-wbt-server",
	"elasticsearch": "http", "opensearch": "http", "kibana": "http", "docker": "http", "kubernetes": "http", "k8s": "http", "etcd": "http", "consul": "http",
	"ssl": "tls", "mssql": "ms-sql-s", "sqlserver": "ms-sql-s", "dns": "domain", "dns-tcp": "domain", "dns-udp": "domain", "ldaps": "ldap", "mongo": "mongodb",
	"mongod": "mongodb", "mqtts": "mqtt", "secure-mqtt": "mqtt", "amqps": "amqp", "rabbitmq": "amqp", "smb": "microsoft-ds", "snmpv3": "snmp",
	"ms-term-serv": "ms-wbt-server", "termsrv": "ms-wbt-server", "terminal": "ms-wbt-server", "pgsql": "postgresql",
	"zk": "zookeeper", "mysql-x": "mysqlx", "rediss": "redis", "valkey": "redis",
}

// portProtocols are the ports where a greeting or a bare text is worth a guess.
var portProtocols = map[int]string{
	21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 80: "http", 110: "pop3", 119: "nntp", 143: "imap", 443: "http",
	465: "smtp", 587: "smtp", 873: "rsync", 990: "ftp", 993: "imap", 995: "pop3", 2525: "smtp", 3306: "mysql",
	5432: "postgresql", 5900: "rfb", 6379: "redis", 8080: "http", 11211: "memcache", 53: "domain", 123: "ntp", 161: "snmp", 389: "ldap", 445: "microsoft-ds", 1433: "ms-sql-s",
	1883: "mqtt", 2181: "zookeeper", 3389: "ms-wbt-server", 5672: "amqp", 27017: "mongodb", 33060: "mysqlx",
}

// protocolName bounds the source's word: lower case, letters that a protocol
// key may hold, 32 of them at most.
func protocolName(scan string) string {
	b := make([]byte, 0, 32)
	for i := 0; i < len(scan) && len(b) < cap(b); i++ {
		switch c := scan[i]; {
		case c >= 'A' && c <= 'Z':
			b = append(b, c+'a'-'A')
		case c >= 'a' && c <= 'z', isDigit(c), c == '.', c == '_', c == '-':
			b = append(b, c)
		}
	}
	name := string(b)
	if known := aliases[name]; known != "" {
		return known
	}
	if name == "" {
		return "unknown"
	}
	return name
}

// replyCode is the three-digit code a reply line begins with, and whether a
// space or hyphen follows as it should (RFC 5321 section 4.2).
func replyCode(line string) (code string, separated bool) {
	if len(line) < 3 || !isDigits(line[:3]) {
		return "", false
	}
	if len(line) == 3 {
		return line, true
	}
	if isDigit(line[3]) || isLetter(line[3]) || line[3] == '.' {
		return "", false
	}
	return line[:3], line[3] == ' ' || line[3] == '-'
}

// hasWord says whether w stands in lower-cased s as a word, not as a part of a
// host name: "ready for smtp", not "smtp.example.com".
func hasWord(s, w string) bool {
	for from := 0; ; {
		i := strings.Index(s[from:], w)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(w)
		before := i == 0 || !isLetter(s[i-1]) && !isDigit(s[i-1]) && s[i-1] != '.' && (s[i-1] != '-' || i == 4)
		after := end == len(s) || !isLetter(s[end]) && !isDigit(s[end]) && s[end] != '-' &&
			!(s[end] == '.' && end+1 < len(s) && isLetter(s[end+1]))
		if before && after {
			return true
		}
		from = i + 1
	}
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// asciiLower lower-cases ASCII alone: a table of Unicode's would tie digests to
// its version.
func asciiLower(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= 'A' && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
