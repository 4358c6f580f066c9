package fingerprint

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/portdelta/portdelta/internal/limits"
)

// Field is which part of a banner a text is.
type Field string

// The fields rules are written for.
const (
	HTTPServer    Field = "http.server"      // Server
	HTTPPoweredBy Field = "http.powered_by"  // X-Powered-By
	HTTPCookie    Field = "http.cookie"      // a cookie's name and "="
	HTTPAuth      Field = "http.auth"        // WWW-Authenticate
	HTTPHeader    Field = "http.header"      // "name: value" of any other telling header, name in lower case
	HTTPJSON      Field = "http.json"        // a JSON body, as lines of "path=value" in the order of their bytes
	HTMLTitle     Field = "html.title"       // the title of a page
	SIPServer     Field = "sip.server"       // Server or User-Agent
	RTSPServer    Field = "rtsp.server"      // Server
	SSHSoftware   Field = "ssh.software"     // software and comment: what follows SSH-2.0-
	SMTPGreeting  Field = "smtp.greeting"    // the greeting without its code
	FTPGreeting   Field = "ftp.greeting"     // the same
	NNTPGreeting  Field = "nntp.greeting"    // the same
	IMAPGreeting  Field = "imap.greeting"    // what follows "* OK", capabilities left out
	POP3Greeting  Field = "pop3.greeting"    // what follows +OK
	TelnetText    Field = "telnet.text"      // what is shown before a login
	MySQLVersion  Field = "mysql.version"    // the version of the first packet
	MySQLError    Field = "mysql.error"      // the text of an error
	NTPVariables  Field = "ntp.variables"    // the answer to a readvar
	DNSVersion    Field = "dns.version"      // the answer to version.bind
	SNMPDescr     Field = "snmp.description" // sysDescr
	LDAPResult    Field = "ldap.result"      // the answer to a search of the root
	// Name is a product's name as a parser of a whole protocol knows it, and
	// behind a space the version, if there is one: "Redis 6.0.9".
	Name Field = "name"
)

// Match is what a field says. Empty is what it does not say.
type Match struct {
	Vendor  string
	Product string
	Version string // whole, as the server spells it: 8.2p1
	Update  string // the part of Version that the CPE has in a place of its own: p1
	OS      string // name and, where it is told, release: "Debian 11"
	CPE     string // the software, as a CPE 2.3 formatted string
	OSCPE   string // the operating system, the same
	// Certainty is how far the rule is to be trusted, 0 to 1: how telling its
	// field is, not how likely a server lies.
	Certainty float64
	Rule      string // which rule: the field and the rule's name in it
}

// certainty of a field: 0.9 where software names itself in the field made for
// it, less where a name has to be picked out of prose or is set by whoever runs it.
func (f Field) certainty() float64 {
	switch f {
	case HTTPCookie, HTMLTitle, HTTPAuth, TelnetText:
		return 0.7
	case SMTPGreeting, FTPGreeting, NNTPGreeting, IMAPGreeting, POP3Greeting:
		return 0.85
	}
	return 0.9
}

// rule recognises one product in one field. Its expression may have the groups
// version; within that release, the part that is the CPE's version where it is not
// all, and update; and product, where the text names it. cpe is part, vendor and product of the CPE,
// as "a:f5:nginx"; os names a system of systems.go that the product implies.
// A cpe of part o is an operating system that is the product itself.
type rule struct {
	pattern         string
	vendor, product string
	cpe             string
	os              string
}

// compiled is a rule made ready.
type compiled struct {
	*rule
	id        string
	prefilter Prefilter
	re        *regexp.Regexp
	// indexes of the groups, -1 where there is none
	product, version, release, update int
}

// table is the rules by field, compiled once when the package is initialised.
var table = func() map[Field][]compiled {
	out := map[Field][]compiled{}
	for field, rules := range allRules {
		list := make([]compiled, 0, len(rules))
		for i := range rules {
			list = append(list, compile(field, &rules[i]))
		}
		out[field] = list
	}
	return out
}()

func compile(field Field, r *rule) compiled {
	re := regexp.MustCompile(r.pattern)
	prefilter, err := NewPrefilter(r.pattern)
	if err != nil {
		panic(fmt.Sprintf("%s: rule %q: %v", field, r.pattern, err)) // MustCompile took the pattern
	}
	id := r.cpe
	if id == "" {
		id = strings.ToLower(r.vendor + ":" + r.product)
	}
	return compiled{rule: r, id: string(field) + "/" + id, prefilter: prefilter, re: re,
		product: re.SubexpIndex("product"), version: re.SubexpIndex("version"),
		release: re.SubexpIndex("release"), update: re.SubexpIndex("update")}
}

// Find is the first rule of the field that matches the text.
func Find(field Field, text string) (Match, bool) {
	text = Bounded(text)
	lower := Lower(text)
	rules := table[field]
	for i := range rules {
		if r := &rules[i]; r.prefilter.Passes(lower) {
			if at := r.re.FindStringSubmatchIndex(text); at != nil {
				return r.match(field, text, at), true
			}
		}
	}
	return Match{}, false
}

// Bounded is as much of a text as rules read (P11).
func Bounded(text string) string { return text[:min(len(text), limits.RuleBytes.Max)] }

func (r *compiled) match(field Field, text string, at []int) Match {
	group := func(n int) string {
		if n < 0 || at[2*n] < 0 {
			return ""
		}
		return text[at[2*n]:at[2*n+1]]
	}
	m := Match{Vendor: r.vendor, Product: cmp.Or(r.rule.product, group(r.product)), Version: group(r.version), Update: strings.TrimLeft(group(r.update), "-_. "),
		Certainty: field.certainty(), Rule: r.id}
	release := cmp.Or(group(r.release), strings.TrimRight(strings.TrimSuffix(m.Version, m.Update), "-_.+~ "))
	if r.cpe != "" {
		m.CPE = cpeOf(r.cpe, release, m.Update)
	}
	// What stands before the product is the host's name, or another product.
	m.OS, m.OSCPE = system(text[at[0]:], r.os)
	if strings.HasPrefix(r.cpe, "o:") && m.OS == "" {
		m.OS, m.OSCPE = strings.TrimRight(m.Product+" "+m.Version, " "), m.CPE
	}
	return m
}

// Version is a digest of the table: another table has another (P9).
var Version = func() string {
	h := sha256.New()
	for _, field := range fields {
		for _, r := range allRules[field] {
			fmt.Fprintf(h, "%s\x00%s\x00%s\x00%s\x00%s\x00%s\n", field, r.pattern, r.vendor, r.product, r.cpe, r.os)
		}
	}
	for _, s := range systems {
		fmt.Fprintf(h, "%s\x00%s\x00%s\n", s.pattern, s.name, s.cpe)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}()

// fields are the fields that have rules, in a fixed order.
var fields = []Field{HTTPServer, HTTPPoweredBy, HTTPCookie, HTTPAuth, HTTPHeader, HTTPJSON, HTMLTitle, SIPServer, RTSPServer, SSHSoftware,
	SMTPGreeting, FTPGreeting, NNTPGreeting, IMAPGreeting, POP3Greeting, TelnetText, MySQLVersion, MySQLError, NTPVariables,
	DNSVersion, SNMPDescr, LDAPResult, Name}

// allRules is the table as it is written.
var allRules = map[Field][]rule{
	HTTPServer: append(webServers, webThings...), HTTPPoweredBy: poweredBy, HTTPCookie: httpCookies, HTTPAuth: httpRealms,
	HTTPHeader: httpHeaders, HTTPJSON: httpObjects, HTMLTitle: htmlTitles, SIPServer: sipServers, RTSPServer: rtspServers, SSHSoftware: sshServers,
	SMTPGreeting: smtpServers, FTPGreeting: ftpServers, NNTPGreeting: newsServers, IMAPGreeting: mailboxes, POP3Greeting: mailboxes,
	TelnetText: telnetTexts, MySQLVersion: mysqlServers, MySQLError: mysqlErrors, NTPVariables: ntpServers, DNSVersion: dnsServers,
	SNMPDescr: snmpDescriptions, Name: names,
}

// Lower is text as a Prefilter takes it. It lower-cases ASCII alone, so that offsets stay and no table of Unicode's decides.
func Lower(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
