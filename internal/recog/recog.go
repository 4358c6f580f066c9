// Package recog reads fingerprints in the XML format of the Recog project
// (github.com/rapid7/recog) from a folder that the user brings, and recognises
// products with them. None of its data is part of portdelta.
//
// Within a file the first fingerprint that matches wins, as the format says. An
// expression is compiled when a text first holds the literal it demands, so that
// thousands of them load in well under a second. What is wrong with one
// fingerprint costs that fingerprint, and what is wrong with a file costs the
// rest of that file: both are reported as faults, never silently (P10, P12).
//
// It promises: safe for concurrent use once loaded; everything that is read has a
// bound (P11); the same folder and the same text give the same match. It does not
// promise Recog's post-processing, and it reads neither its examples nor the
// databases of fields that no banner holds.
package recog

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"regexp/syntax"
	"strconv"
	"sync"

	"github.com/portdelta/portdelta/diff/banner/fingerprint"
	"github.com/portdelta/portdelta/internal/limits"
)

// Database is a folder of fingerprints.
type Database struct {
	fields  map[fingerprint.Field][]*print
	version string
	count   int
}

// Fault is something that could not be used, and where it stands.
type Fault struct {
	File string
	Line int
	Err  error
}

func (f Fault) Error() string { return fmt.Sprintf("%s:%d: %v", f.File, f.Line, f.Err) }
func (f Fault) Unwrap() error { return f.Err }

// fieldOf is the field that a database is about, by the word in its head, or by
// its name where the head has none.
var fieldOf = map[string]fingerprint.Field{
	"http_header.server": fingerprint.HTTPServer, "http_header.x-powered-by": fingerprint.HTTPPoweredBy,
	"http_header.cookie": fingerprint.HTTPCookie, "http_header.wwwauth": fingerprint.HTTPAuth, "html_title": fingerprint.HTMLTitle,
	"sip_header.server": fingerprint.SIPServer, "sip_header.user_agent": fingerprint.SIPServer, "rtsp_header.server": fingerprint.RTSPServer,
	"ssh.banner": fingerprint.SSHSoftware, "smtp.banner": fingerprint.SMTPGreeting, "ftp.banner": fingerprint.FTPGreeting,
	"nntp.banner": fingerprint.NNTPGreeting, "imap4.banner": fingerprint.IMAPGreeting, "pop3.banner": fingerprint.POP3Greeting,
	"telnet_banners": fingerprint.TelnetText, "telnet.banner": fingerprint.TelnetText,
	"mysql.banners": fingerprint.MySQLVersion, "mysql.error": fingerprint.MySQLError,
	"ntp.readvar": fingerprint.NTPVariables, "dns.versionbind": fingerprint.DNSVersion, "snmp.sys_description": fingerprint.SNMPDescr,
	"ldap.search_result": fingerprint.LDAPResult,
}

// Load reads every *.xml file of a folder, in the order of their names. Faults
// are what was left out; at most limits.RecogFaults are listed. An error means
// that there is nothing to recognise anything with.
func Load(folder fs.FS) (*Database, []Fault, error) {
	names, err := fs.Glob(folder, "*.xml")
	if err != nil {
		return nil, nil, err
	}
	if len(names) > limits.RecogFiles.Max {
		return nil, nil, fmt.Errorf("%d files, more than %d: give the folder of the databases themselves", len(names), limits.RecogFiles.Max)
	}
	db := &Database{fields: map[fingerprint.Field][]*print{}}
	sum := sha256.New()
	var faults []Fault
	for _, name := range names {
		data, err := readFile(folder, name)
		if err != nil {
			faults = addFault(faults, Fault{name, 1, err})
			continue
		}
		fmt.Fprintf(sum, "%s\x00%d\x00", name, len(data))
		sum.Write(data)
		file, bad := decode(name, data)
		for _, f := range bad {
			faults = addFault(faults, f)
		}
		field, known := fieldOf[file.matches]
		if !known {
			continue // of a field that no banner holds, such as the digest of an icon
		}
		room := limits.RecogFingerprints.Max - db.count
		if len(file.prints) > room {
			limits.RecogFingerprints.Hit()
			faults = addFault(faults, Fault{name, file.prints[room].line, errors.New("too many fingerprints: this one and all that follow are left out")})
			file.prints = file.prints[:room]
		}
		db.fields[field] = append(db.fields[field], file.prints...)
		db.count += len(file.prints)
	}
	if db.count == 0 {
		return nil, faults, errors.New("no fingerprints in the folder: it must hold the *.xml files of Recog's xml folder")
	}
	db.version = hex.EncodeToString(sum.Sum(nil)[:16])
	return db, faults, nil
}

func addFault(faults []Fault, f Fault) []Fault {
	if len(faults) >= limits.RecogFaults.Max {
		limits.RecogFaults.Hit()
		return faults
	}
	return append(faults, f)
}

func readFile(folder fs.FS, name string) ([]byte, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, int64(limits.RecogFileBytes.Max)+1))
	if err != nil {
		return nil, err
	}
	if len(data) > limits.RecogFileBytes.Max {
		limits.RecogFileBytes.Hit()
		return nil, fmt.Errorf("larger than %d bytes", limits.RecogFileBytes.Max)
	}
	return data, nil
}

// Version is a digest of all files that were read: others make other forms (P9).
func (db *Database) Version() string { return db.version }

// Len is how many fingerprints are in use.
func (db *Database) Len() int { return db.count }

// print is one fingerprint.
type print struct {
	file      string
	line      int
	pattern   string
	prefilter fingerprint.Prefilter
	params    []param
	certainty float64

	once sync.Once
	re   *regexp.Regexp
}

// param is one thing that a fingerprint says: a constant, or capture pos.
type param struct {
	pos         int
	name, value string
}

// defaultCertainty is Recog's, where a fingerprint says none.
const defaultCertainty = 0.85

func newPrint(file string, line int, x xmlFingerprint) (*print, error) {
	p := &print{file: file, line: line, pattern: flags(x.Flags) + x.Pattern, certainty: defaultCertainty}
	if len(p.pattern) > limits.RuleBytes.Max {
		return nil, fmt.Errorf("pattern longer than %d bytes", limits.RuleBytes.Max)
	}
	re, err := syntax.Parse(p.pattern, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	p.prefilter = fingerprint.PrefilterOf(re)
	captures := re.MaxCap()
	if x.Certainty != "" {
		if p.certainty, err = strconv.ParseFloat(x.Certainty, 64); err != nil || !(p.certainty >= 0 && p.certainty <= 1) {
			return nil, fmt.Errorf("certainty %q is no number from 0 to 1", x.Certainty)
		}
	}
	for _, q := range x.Params {
		pos, err := strconv.Atoi(q.Pos)
		if err != nil || pos < 0 || pos > captures {
			return nil, fmt.Errorf("param %q: pos %q is no capture of the pattern", q.Name, q.Pos)
		}
		p.params = append(p.params, param{pos, q.Name, q.Value})
	}
	return p, nil
}

// flags writes the format's flags as the expression's own. That ^ and $ stand for
// the ends of every line goes without a flag there: the databases are written for
// Ruby, where it is so.
func flags(words string) string {
	prefix := "(?m)"
	for _, f := range splitFlags(words) {
		switch f {
		case "REG_ICASE", "IGNORECASE":
			prefix += "(?i)"
		case "REG_DOT_NEWLINE", "REG_MULTILINE", "REG_LINE_ANY_CRLF":
			// All three let the period match a line's end, as in Recog's own matcher.
			prefix += "(?s)"
		}
	}
	return prefix
}
