package banner

import "strings"

// maskReply masks a line of a reply, and with it what single products and
// providers write there that has no shape of its own.
func maskReply(protocol, line string) string {
	if code, told := replyCode(line); told && len(line) > len(code) {
		// What follows "220-" stands by itself: "220-13 of 100 users online".
		return line[:len(code)+1] + maskReplyText(protocol, line[len(code)+1:])
	}
	return maskReplyText(protocol, line)
}

func maskReplyText(protocol, line string) string {
	if before, _, ok := strings.Cut(line, " ESMTP SimpleEmailService"); ok {
		return mask(before) + " ESMTP SimpleEmailService " + maskID
	}
	line = mask(line)
	if protocol == "smtp" || protocol == "imap" || protocol == "pop3" {
		line = maskSessions(line)
	}
	if i := strings.Index(line, "logging access from:"); i >= 0 {
		return line[:i] + "logging access from: " + maskValue // Sendmail: the client's name, twice
	}
	// Gmail's "ready for requests from 198.51.100.7 x24mb1234".
	if i := strings.Index(line, "ready for requests from "); i >= 0 {
		return line[:i] + "ready for requests from " + maskValue
	}
	// Exchange names the node, in base64 of UTF-16: "service is ready. [TABOADUAUAAy...]".
	if i := strings.LastIndexByte(line, '['); i > 0 && strings.HasPrefix(line[:i], "* OK The Microsoft Exchange") ||
		i > 0 && strings.HasPrefix(line[:i], "+OK The Microsoft Exchange") {
		return line[:i] + "[" + maskID + "]"
	}
	if protocol != "smtp" {
		return line
	}
	if line != "" && (line[0] == '4' || line[0] == '5') {
		line = maskClient(line) // whom it turns away
	}
	if rest, ok := strings.CutSuffix(line, " - gsmtp"); ok {
		if i := strings.LastIndexByte(rest, ' '); i > 0 {
			return rest[:i+1] + maskID + " - gsmtp"
		}
	}
	// The mark of a session in brackets at the end, "[Xk3_...9.de37]"; an address
	// there is the server's own.
	if i := strings.LastIndexByte(line, '['); i > 0 && strings.HasSuffix(line, "]") && strings.Contains(line[:i], "SMTP") {
		if mark := line[i+1 : len(line)-1]; strings.ContainsAny(mark, "0123456789⟨") && !strings.ContainsAny(mark, " :") && !isIPv4(mark) && mark != maskAddr {
			line = line[:i] + "[" + maskID + "]"
		}
	}
	host, rest, _ := strings.Cut(line, " ")
	return strings.TrimRight(poolHost(host)+" "+rest, " ")
}

// maskSessions masks words that are nothing but ten hexadecimal digits or more, of
// both kinds: so mail servers write the session into a greeting. A version has
// points, a host's name too.
func maskSessions(line string) string {
	var b strings.Builder
	kept := 0 // line[:kept] is in b
	for start := 0; start < len(line); {
		end := strings.IndexByte(line[start:], ' ') + start
		if end < start {
			end = len(line)
		}
		word := strings.TrimLeft(line[start:end], "([<")
		from := end - len(word)
		word = strings.TrimRight(word, ")]>,;:")
		if w, ok := shapeOf(word); ok && w.length >= 10 && w.hexadecimal && w.digits > 0 && w.digits < w.length && w.equal == 0 {
			b.WriteString(line[kept:from] + maskID)
			kept = from + len(word)
		}
		start = end + 1
	}
	return b.String() + line[kept:]
}

// pools are the domains of providers whose name leads to another node every time.
var pools = []string{".outlook.com", ".yahoo.com", ".yahoodns.net", ".pphosted.com", ".mimecast.com", ".messagelabs.com", ".barracudanetworks.com",
	".comcast.net", ".icloud.com", ".apple.com", ".gmx.net", ".web.de", ".mail.ru", ".rsapps.net", ".emailsrvr.com", ".ppe-hosted.com", ".iphmx.com",
	".antispamcloud.com", ".mailgun.net", ".sendgrid.net"}

// poolHost masks the figures in the name of one node of many; of Microsoft's
// nodes the whole first label, which is drawn of letters and figures.
func poolHost(host string) string {
	lower := asciiLower(host)
	for _, p := range pools {
		if !strings.HasSuffix(lower, p) {
			continue
		}
		if p == ".outlook.com" {
			_, domain, _ := strings.Cut(host, ".")
			return maskID + "." + domain
		}
		var b strings.Builder
		for i := 0; i < len(host); {
			if end := digitsEnd(host, i); end > i {
				b.WriteString(maskCount)
				i = end
				continue
			}
			b.WriteByte(host[i])
			i++
		}
		return b.String()
	}
	return host
}
