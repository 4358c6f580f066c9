package banner

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/portdelta/portdelta/diff/banner/fingerprint"
)

// Identify recognises software by one field of a banner, as fingerprint.Find
// does. It must be a pure function and safe for concurrent use.
type Identify func(fingerprint.Field, string) (fingerprint.Match, bool)

// RulesVersion is a digest of all that a form depends on beside the banner:
// Version and our own table of products, and further, the version of what
// NormalizeWith is given (or ""). Digests of forms depend on Version alone; the
// product, its version and the facts about them may be others where this is (P9).
func RulesVersion(further string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{strconv.Itoa(Version), fingerprint.Version, further}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// clue is a field that may name the software.
type clue struct {
	field fingerprint.Field
	text  string
}

// maxClues bounds them: a head may hold thousands of cookies (P11).
const maxClues = 32

func (d *document) clue(field fingerprint.Field, text string) {
	if text != "" && len(d.clues) < maxClues {
		d.clues = append(d.clues, clue{field, text})
	}
}

// clueOrder is which field is asked first: where a server names itself before
// what it runs, and that before what can be guessed from its pages.
var clueOrder = []fingerprint.Field{fingerprint.HTTPServer, fingerprint.HTTPHeader, fingerprint.HTTPJSON, fingerprint.HTTPPoweredBy, fingerprint.HTTPAuth,
	fingerprint.HTTPCookie, fingerprint.HTMLTitle}

// identify replaces product and version as the server spells them by those of
// the first rule that recognises a clue: one of our own table, else of further.
// What else a rule knows becomes facts of class identity, which are in no digest.
func (d *document) identify(text string, further Identify) {
	d.tellingFacts()
	if len(d.clues) == 0 {
		d.greeted(text)
	}
	// The order of fields in a head means nothing.
	slices.SortStableFunc(d.clues, func(a, b clue) int {
		return cmp.Or(slices.Index(clueOrder, a.field)-slices.Index(clueOrder, b.field), strings.Compare(a.text, b.text))
	})
	match, ok := d.first(fingerprint.Find)
	if !ok && d.product != "" {
		match, ok = fingerprint.Find(fingerprint.Name, strings.TrimRight(d.product+" "+d.version, " "))
	}
	if !ok && further != nil {
		match, ok = d.first(further)
	}
	if !ok {
		return
	}
	d.product, d.version = match.Product, match.Version
	for _, f := range []struct{ path, value string }{
		{"vendor", match.Vendor}, {"os", match.OS}, {"cpe", match.CPE}, {"os_cpe", match.OSCPE},
	} {
		if f.value != "" {
			d.fact(f.path, Identity, f.value)
		}
	}
}

func (d *document) first(find Identify) (fingerprint.Match, bool) {
	for _, c := range d.clues {
		if match, ok := find(c.field, c.text); ok && match.Product != "" {
			return match, true
		}
	}
	return fingerprint.Match{}, false
}

// tellingFacts adds clues from what the parsers of bodies and of binary protocols
// have found.
func (d *document) tellingFacts() {
	var object, ntp []string
	for _, f := range d.facts {
		switch f.Path {
		case "snmp.sysdescr":
			d.clue(fingerprint.SNMPDescr, f.Value)
		case "domain.txt.version.bind":
			d.clue(fingerprint.DNSVersion, f.Value)
		case "rfb.version":
			d.clue(fingerprint.Name, f.Value)
		case "ntp.version", "ntp.processor", "ntp.system":
			ntp = append(ntp, f.Path[len("ntp."):]+`="`+f.Value+`"`)
		default:
			if path, ok := strings.CutPrefix(f.Path, "http.json."); ok {
				object = append(object, path+"="+f.Value)
			}
		}
	}
	slices.Sort(object)
	d.clue(fingerprint.HTTPJSON, strings.Join(object, "\n"))
	if len(ntp) > 0 {
		slices.SortFunc(ntp, func(a, b string) int { return slices.Index(ntpOrder, a[:1]) - slices.Index(ntpOrder, b[:1]) })
		d.clue(fingerprint.NTPVariables, strings.Join(ntp, ", "))
	}
}

// ntpOrder is the order in which ntpd lists version, processor and system.
var ntpOrder = []string{"v", "p", "s"}

// greetingFields are the fields of protocols of which the whole banner is a clue.
var greetingFields = map[string]fingerprint.Field{
	"smtp": fingerprint.SMTPGreeting, "ftp": fingerprint.FTPGreeting, "nntp": fingerprint.NNTPGreeting,
	"imap": fingerprint.IMAPGreeting, "pop3": fingerprint.POP3Greeting, "telnet": fingerprint.TelnetText,
	"ntp": fingerprint.NTPVariables, "domain": fingerprint.DNSVersion, "snmp": fingerprint.SNMPDescr, "ldap": fingerprint.LDAPResult,
}

// greeted adds a whole banner as a clue: its text, not masked, without what the
// protocol puts before it.
func (d *document) greeted(text string) {
	field, prose := greetingFields[d.protocol]
	if !prose {
		return
	}
	text = fingerprint.Bounded(text)
	switch d.protocol {
	case "smtp", "ftp", "nntp":
		text = replyText(text)
	case "imap":
		text = strings.TrimPrefix(strings.TrimPrefix(text, "* "), "OK ")
		if rest, ok := strings.CutPrefix(text, "[CAPABILITY "); ok {
			_, rest, _ = strings.Cut(rest, "]")
			text = strings.TrimLeft(rest, " ")
		}
	case "pop3":
		text = strings.TrimPrefix(text, "+OK ")
	}
	d.clue(field, strings.TrimRight(text, " \n"))
}

// replyText takes the code off every line of the first reply.
func replyText(text string) string {
	first, _ := replyCode(text)
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if code, _ := replyCode(line); code != "" {
			if code != first {
				break
			}
			line = strings.TrimPrefix(strings.TrimPrefix(line[len(code):], "-"), " ")
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
