package recog

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"

	"github.com/portdelta/portdelta/diff/banner/fingerprint"
)

// Identify recognises a field: the first fingerprint that matches decides, also
// where it names no product. It is a banner.Identify.
func (db *Database) Identify(field fingerprint.Field, text string) (fingerprint.Match, bool) {
	p, says := first(db.fields[field], fingerprint.Bounded(text))
	if p == nil {
		return fingerprint.Match{}, false
	}
	m := p.match(says)
	return m, m.Product != ""
}

// first is the first fingerprint that matches, and what it says.
func first(prints []*print, text string) (*print, map[string]string) {
	lower := fingerprint.Lower(text)
	for _, p := range prints {
		if !p.prefilter.Passes(lower) {
			continue
		}
		p.once.Do(func() { p.re = regexp.MustCompile(p.pattern) }) // newPrint has parsed it
		if captures := p.re.FindStringSubmatch(text); captures != nil {
			return p, p.says(captures)
		}
	}
	return nil, nil
}

// says is every param with its value: captures that are empty are left out, then
// {name} in constants stands for what another param says; names that begin with
// _tmp. exist only for that.
func (p *print) says(captures []string) map[string]string {
	says := make(map[string]string, len(p.params))
	for _, q := range p.params {
		switch {
		case q.pos == 0:
			says[q.name] = q.value
		case captures[q.pos] != "":
			says[q.name] = captures[q.pos]
		}
	}
	for _, q := range p.params {
		if q.pos != 0 || !strings.Contains(q.value, "{") {
			continue
		}
		if value, ok := fill(q, q.value, says); ok {
			says[q.name] = value
		} else {
			delete(says, q.name)
		}
	}
	return says
}

// reference is a name in a constant.
var reference = regexp.MustCompile(`\{[^\s{}]+\}`)

// fill replaces references in a constant. A version that was not captured is "-"
// in a CPE, as Recog has it; anything else that is missing makes the whole
// unusable.
func fill(q param, value string, says map[string]string) (filled string, ok bool) {
	ok = true
	filled = reference.ReplaceAllStringFunc(value, func(ref string) string {
		name := ref[1 : len(ref)-1]
		if v := says[name]; v != "" && name != q.name {
			return v
		}
		if strings.HasSuffix(q.name, ".cpe23") && strings.HasSuffix(name, ".version") {
			return "-"
		}
		ok = false
		return ""
	})
	return filled, ok
}

// match is what the fingerprint says of the software; where it knows a device or
// a system only, of that.
func (p *print) match(says map[string]string) fingerprint.Match {
	m := fingerprint.Match{Certainty: p.certainty, Rule: "recog/" + p.file + ":" + strconv.Itoa(p.line)}
	for _, of := range []string{"service", "hw", "os"} {
		if product := says[of+".product"]; product != "" {
			m.Product, m.Vendor, m.Version = product, says[of+".vendor"], says[of+".version"]
			m.CPE = p.cpe(of, says)
			if c, err := strconv.ParseFloat(says[of+".certainty"], 64); err == nil && c >= 0 && c <= 1 {
				m.Certainty = c
			}
			break
		}
	}
	if name := cmp.Or(says["os.product"], says["os.family"]); name != "" {
		m.OS, m.OSCPE = strings.TrimRight(name+" "+says["os.version"], " "), p.cpe("os", says)
	}
	return m
}

// cpe is a param's CPE as CPE 2.3. Its attributes are filled in one by one, so
// that a captured colon does not begin another.
func (p *print) cpe(of string, says map[string]string) string {
	for _, q := range p.params {
		if q.name != of+".cpe23" || q.pos != 0 {
			continue
		}
		usable := true
		cpe := fingerprint.FormatURI(q.value, func(attribute string) string {
			filled, ok := fill(q, attribute, says)
			usable = usable && ok
			return filled
		})
		if usable {
			return cpe
		}
	}
	return ""
}
