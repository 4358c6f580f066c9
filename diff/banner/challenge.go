package banner

import (
	"slices"
	"strings"
)

// challenges keeps of each challenge the scheme and the parameters that say what
// is asked for; nonces, opaque values and tokens change with every answer. One
// field may hold several challenges (RFC 9110 section 11.6.1).
func (h *heading) challenges(field, value string) {
	prefix := "auth."
	if field == "proxy-authenticate" {
		prefix = "proxyauth."
	}
	var scheme string
	var kept []string
	flush := func() {
		if scheme == "" {
			return
		}
		slices.Sort(kept)
		parameters := strings.Join(kept, ", ")
		h.put(field, strings.TrimRight(scheme+" "+parameters, " "))
		h.d.named(prefix, scheme, Security, parameters)
		scheme, kept = "", nil
	}
	for rest, separated := value, true; ; {
		trimmed := strings.TrimLeft(rest, ", ")
		separated = separated || strings.Contains(rest[:len(rest)-len(trimmed)], ",")
		if rest = trimmed; rest == "" {
			break
		}
		end := strings.IndexAny(rest, " ,=")
		if end < 0 {
			end = len(rest)
		}
		word := rest[:end]
		after := strings.TrimLeft(rest[end:], " ")
		switch {
		case word != "" && strings.HasPrefix(after, "=") && strings.Trim(after, "= ") != "" && !strings.HasPrefix(after, "=="):
			var v string
			v, rest = parameterValue(strings.TrimLeft(after[1:], " "))
			switch name := asciiLower(word); name {
			case "realm", "domain", "algorithm", "qop", "service", "authorization_uri", "scope", "error", "charset", "client_id", "trusted_issuers", "resource_metadata":
				kept = append(kept, name+`="`+maskClocks(v)+`"`)
			}
			separated = false
		case scheme == "" || separated && !strings.HasPrefix(after, "="):
			flush()
			scheme, rest, separated = clip(asciiLower(word), maxProduct), rest[end:], false
			if word == "" {
				rest = strings.TrimLeft(rest, "=")
			}
		default:
			// The token of NTLM or Negotiate, with its padding.
			rest = strings.TrimLeft(rest[end:], "=")
			switch scheme {
			case "ntlm", "negotiate", "kerberos", "bearer", "digest":
				for _, t := range ntlmToken(word) {
					kept = append(kept, t.name+`="`+t.value+`"`)
					h.d.named("ntlm.", t.name, Identity, t.value)
				}
			default:
				// No scheme at all: a device's name where one should stand.
				kept = append(kept, mask(word))
			}
		}
	}
	flush()
}

// parameterValue reads a token or a quoted string, also one without its end.
func parameterValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ", ")
		if end < 0 {
			return s, ""
		}
		return s[:end], s[end:]
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[1:i], s[i+1:]
		}
	}
	return s[1:], ""
}
