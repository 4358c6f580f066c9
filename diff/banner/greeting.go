package banner

import (
	"slices"
	"strings"
)

// parseReplies reads the replies of SMTP, FTP and NNTP: the greeting in its
// order, masked, then the replies to EHLO or FEAT as sets.
func parseReplies(d *document, text string) {
	var greeting, host, features []string
	inFeatures, first := false, ""
	lines := slices.Collect(textLines(text))
	for i, line := range lines {
		code, _ := replyCode(line)
		if first == "" && code != "" {
			first = code
			d.fact("code", codeClass(code), code)
		}
		if i > 0 && i == len(lines)-1 && d.lastLineCut(text) && (inFeatures || code != first) {
			break // what it would have become is open
		}
		if i > 0 && d.protocol == "ftp" && (code == "230" || code == "530") {
			d.fact("login", Security, code)
		}
		rest := line
		if code != "" {
			rest = strings.Trim(strings.TrimLeft(line[3:], "-"), " ")
		}
		switch {
		case i > 0 && code == "250" && d.protocol == "smtp":
			if !inFeatures {
				// "250-mail.example.com Hello scanner [198.51.100.7]": the host
				// is the server's, the rest is about the client.
				inFeatures = true
				name, _, _ := strings.Cut(rest, " ")
				host = append(host, "250 "+poolHost(mask(name)))
				continue
			}
			features = append(features, rest)
		case i > 0 && code == "211" && d.protocol == "ftp":
			inFeatures = strings.HasPrefix(line, "211-")
		case inFeatures && d.protocol == "ftp" && code == "":
			features = append(features, rest)
		default:
			inFeatures = false
			line = maskReply(d.protocol, line)
			greeting = append(greeting, line)
			d.line(line)
		}
	}
	d.lines = append(d.lines, host...)
	d.features(features, inFeatures)
	if len(greeting) > 0 {
		whole := joined(greeting)
		d.fact("greeting", Identity, whole)
		d.product, d.version = knownProduct(whole)
	}
}

// codeClass: a greeting that asks for a login, or lets in without one, is a matter
// of security.
func codeClass(code string) Class {
	switch code {
	case "230", "480", "530", "535":
		return Security
	}
	return Content
}

// lastLineCut says whether the text ends within a line that went on.
func (d *document) lastLineCut(text string) bool {
	return d.cut && !strings.HasSuffix(text, "\n")
}

// features adds a list of capabilities as a set, and marks one that is open
// where the text was cut.
func (d *document) features(list []string, open bool) {
	prefix := "feature "
	if d.protocol == "smtp" {
		prefix = "250 "
	}
	lines := make([]string, 0, len(list))
	for _, f := range list {
		name, value := d.feature(f)
		lines = append(lines, strings.TrimRight(prefix+name+" "+value, " "))
	}
	slices.Sort(lines)
	d.lines = append(d.lines, slices.Compact(lines)...)
	if open && d.cut {
		d.line(maskCut)
	}
}

// feature makes a capability's name upper case and its arguments a set, and
// tells it as a fact: of class security where it says who may log in and how.
func (d *document) feature(f string) (name, value string) {
	name, value, _ = strings.Cut(f, " ")
	name = asciiUpper(name)
	if k, v, ok := strings.Cut(name, "="); ok && k == "AUTH" {
		name, value = k, v+" "+value // AUTH=LOGIN, as old servers write it
	}
	args := strings.Fields(mask(asciiUpper(value)))
	slices.Sort(args)
	value = strings.Join(slices.Compact(args), " ")
	class := Content
	switch name {
	case "STARTTLS", "STLS", "AUTH", "SASL", "LOGINDISABLED", "USER", "APOP", "PBSZ", "PROT", "REQUIRETLS":
		class = Security
	}
	d.named("capability.", asciiLower(mask(name)), class, value)
	return mask(name), value
}

// parseIMAP reads untagged responses (RFC 3501 section 7): state, capabilities
// as a set, text.
func parseIMAP(d *document, text string) {
	var greeting []string
	lines := slices.Collect(textLines(text))
	for i, line := range lines {
		if list, ok := strings.CutPrefix(line, "* CAPABILITY "); ok {
			if i == len(lines)-1 && d.lastLineCut(text) {
				d.line("* CAPABILITY")
				break
			}
			d.line("* CAPABILITY " + d.capabilities(list))
			continue
		}
		before, inside, found := strings.Cut(line, "[CAPABILITY ")
		if !found {
			line = maskReply(d.protocol, line)
			greeting = append(greeting, line)
			d.line(line)
			continue
		}
		list, after, closed := strings.Cut(inside, "]")
		if !closed && d.cut {
			// The list ends early: only what stands before it is sure.
			d.line(mask(before) + "[CAPABILITY")
			greeting = append(greeting, mask(before))
			break
		}
		after = maskReply("imap", after)
		greeting = append(greeting, mask(before)+strings.TrimLeft(after, " "))
		d.line(mask(before) + "[CAPABILITY " + d.capabilities(list) + "]" + after)
	}
	if len(greeting) == 0 {
		return
	}
	whole := joined(greeting)
	state, _, _ := strings.Cut(strings.TrimPrefix(whole, "* "), " ")
	d.fact("state", stateClass(state), state)
	d.fact("greeting", Identity, whole)
	d.product, d.version = knownProduct(whole)
}

// stateClass: PREAUTH lets everybody in.
func stateClass(state string) Class {
	if state == "PREAUTH" {
		return Security
	}
	return Content
}

func (d *document) capabilities(list string) string {
	var out []string
	for c := range strings.FieldsSeq(asciiUpper(list)) {
		c = mask(c)
		out = append(out, c)
		class := Content
		if c == "STARTTLS" || c == "LOGINDISABLED" || strings.HasPrefix(c, "AUTH=") {
			class = Security
		}
		d.named("capability.", asciiLower(c), class, "")
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " ")
}

// parsePOP3 reads the greeting, its APOP challenge masked, and the answer to
// CAPA as a set (RFC 2449).
func parsePOP3(d *document, text string) {
	var greeting, features []string
	inFeatures := false
	lines := slices.Collect(textLines(text))
	for i, line := range lines {
		if i > 0 && i == len(lines)-1 && d.lastLineCut(text) {
			break // what it would have become is open
		}
		if line == "." {
			inFeatures = false
			continue
		}
		status := strings.HasPrefix(line, "+OK") || strings.HasPrefix(line, "-ERR")
		if !status && inFeatures {
			features = append(features, line)
			continue
		}
		inFeatures = status && len(greeting) > 0
		line = maskReply(d.protocol, line)
		greeting = append(greeting, line)
		d.line(line)
	}
	d.features(features, inFeatures)
	if len(greeting) == 0 {
		return
	}
	status, _, _ := strings.Cut(greeting[0], " ")
	d.fact("status", Content, status)
	d.fact("greeting", Identity, joined(greeting))
	if strings.Contains(greeting[0], maskStamp) {
		d.fact("capability.apop", Security, "")
	}
	d.product, d.version = knownProduct(joined(greeting))
}

func asciiUpper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if isLower(c) {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}
