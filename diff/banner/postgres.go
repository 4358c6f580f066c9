package banner

import (
	"bytes"
	"slices"
	"strings"
)

// postgresFields are the fields of an ErrorResponse (PostgreSQL documentation,
// "Error and Notice Message Fields"). File, line and routine stand in the source
// code: they change with the build, and with nothing else.
var postgresFields = map[byte]struct {
	name  string
	class Class
}{
	'S': {"severity", Content}, 'V': {"severity_code", Content}, 'C': {"code", Security}, 'M': {"message", Content},
	'D': {"detail", Content}, 'H': {"hint", Content}, 'W': {"where", Content}, 'F': {"file", Identity}, 'L': {"line", Identity},
	'R': {"routine", Identity},
}

// parsePostgres reads the messages of the backend that may come before a query:
// errors, the way to log in, what it tells of its parameters. Lengths, salts and
// the keys for cancelling go.
func parsePostgres(d *document, src source) {
	b, lossy := src.octets(8 << 10)
	switch {
	case len(b) == 1 && (b[0] == 'S' || b[0] == 'N'):
		tls := "yes" // the answer to SSLRequest
		if b[0] == 'N' {
			tls = "no"
		}
		d.say("tls", Security, tls)
		return
	case len(b) >= 6 && b[0] == 'E' && b[1] == 0, len(b) >= 9 && b[0] == 'R' && b[1] == 0, len(b) >= 6 && b[0] == 'v' && b[1] == 0:
	default:
		for line := range textLines(src.text) {
			d.line(postgresText(line))
		}
		d.textFact()
		return
	}
	r := reader{b: b}
	final := false // nothing more came behind it
	for messages := 0; len(r.b) > 0 && messages < maxMessages; messages++ {
		kind := r.byte()
		size := r.uint32() - 4
		if r.short {
			return
		}
		body := reader{b: r.b}
		whole, taken := size >= 0 && size <= len(r.b), false
		if whole && (!lossy || kind != 'E' && kind != 'N' && (size == len(r.b) || strings.IndexByte("RSKZEN", r.b[size]) >= 0)) {
			body.b = r.take(size)
			taken = true
		}
		if !d.postgresMessage(kind, &body) || !whole && !lossy {
			return // cut within it
		}
		final = kind == 'E' || kind == 'R' && !slices.Contains(d.lines, "auth: trust")
		if taken {
			continue
		}
		r.b = body.b // a message ends where its fields do
		if kind != 'E' && kind != 'N' {
			break
		}
	}
	d.cut = d.cut && !final
}

// maxMessages ends the reading of messages where lengths are of no help.
const maxMessages = 64

// postgresMessage adds one message; false is that it was not all there.
func (d *document) postgresMessage(kind byte, body *reader) bool {
	switch kind {
	case 'E', 'N':
		for {
			code := body.byte()
			if body.short || code == 0 {
				return !body.short
			}
			value := body.untilNUL()
			if body.short {
				return false
			}
			field, ok := postgresFields[code]
			if !ok {
				continue // positions in a query
			}
			text := safe(value)
			if code == 'M' || code == 'D' || code == 'H' || code == 'W' {
				text = postgresText(text)
			}
			d.say(field.name, field.class, text)
		}
	case 'R':
		method := body.uint32()
		if body.short {
			return false
		}
		d.say("auth", Security, postgresAuth(method, body))
	case 'S':
		name, value := safe(body.untilNUL()), safe(body.untilNUL())
		if body.short {
			return false
		}
		class := Content
		if name == "server_version" {
			class = Identity
			d.product, d.version = "PostgreSQL", versionAt(value)
		}
		d.line("parameter " + name + ": " + value)
		d.named("parameter.", name, class, value)
	}
	return true
}

// postgresAuth names an authentication request; what follows the number is a
// salt, or a list of SASL mechanisms.
func postgresAuth(method int, body *reader) string {
	switch method {
	case 0:
		return "trust"
	case 2:
		return "kerberos"
	case 3:
		return "password"
	case 5:
		return "md5"
	case 7:
		return "gss"
	case 9:
		return "sspi"
	case 10:
		var mechanisms []string
		for len(mechanisms) < 16 {
			m := body.untilNUL()
			if len(m) == 0 {
				break
			}
			mechanisms = append(mechanisms, safe(m))
		}
		return strings.TrimRight("sasl "+strings.Join(mechanisms, " "), " ")
	}
	return "unknown"
}

// postgresText masks what an error says of the client: its address, and the
// version of the protocol its probe asked for.
func postgresText(s string) string {
	const asked = "unsupported frontend protocol "
	if before, rest, ok := strings.Cut(s, asked); ok {
		end := 0
		for end < len(rest) && (isDigit(rest[end]) || rest[end] == '.') {
			end++
		}
		s = before + asked + maskValue + rest[end:]
	}
	return maskClient(s)
}

// isPostgres says whether the first message is one of the backend's.
func isPostgres(b []byte) bool {
	if len(b) < 8 || b[1] != 0 {
		return false
	}
	return b[0] == 'E' && (bytes.HasPrefix(b[5:], []byte("SF")) || bytes.HasPrefix(b[5:], []byte("SE")) || b[5] == 'S' && b[6] >= ' ' && b[6] <= '~') ||
		b[0] == 'R' && b[2] == 0 && b[3] == 0 && b[4] >= 8 && b[5] == 0 && b[6] == 0
}
