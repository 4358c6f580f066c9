package banner

import (
	"slices"
	"strings"
)

// redirect takes a redirect apart. It reads what net/url refuses: a server may
// write anything.
func (h *heading) redirect(field, value string) {
	wait := ""
	if field == "refresh" {
		// "5; url=https://..."
		if before, target, ok := strings.Cut(value, "="); ok && strings.HasSuffix(asciiLower(strings.TrimRight(before, " ")), "url") {
			wait, value = mask(before)+"=", strings.Trim(target, ` "'`)
		}
	}
	u := splitURL(value)
	h.put(field, wait+u.String())
	if field != "location" {
		h.d.named("header.", field, Routing, wait+u.String())
		return
	}
	for _, f := range []struct{ part, value string }{
		{"scheme", u.scheme}, {"host", u.host}, {"port", u.port}, {"path", u.path}, {"query", u.query},
	} {
		if f.value != "" {
			h.d.fact("redirect."+f.part, Routing, f.value)
		}
	}
}

// target is a redirect's target; an absent part is "".
type target struct{ scheme, host, port, path, query, fragment string }

func (u target) String() string {
	var b strings.Builder
	if u.scheme != "" {
		b.WriteString(u.scheme + ":")
	}
	if u.host != "" {
		b.WriteString("//" + u.host)
	}
	if u.port != "" {
		b.WriteString(":" + u.port)
	}
	b.WriteString(u.path)
	if u.query != "" {
		b.WriteString("?" + u.query)
	}
	if u.fragment != "" {
		b.WriteString("#" + u.fragment)
	}
	return b.String()
}

func splitURL(s string) target {
	var u target
	s, u.fragment, _ = strings.Cut(s, "#")
	u.fragment = mask(u.fragment)
	s, query, _ := strings.Cut(s, "?")
	u.query = maskQuery(query, 0)
	if scheme, rest, ok := strings.Cut(s, "://"); ok && isScheme(scheme) {
		u.scheme, s = asciiLower(scheme), "//"+rest
	}
	if rest, ok := strings.CutPrefix(s, "//"); ok {
		authority := rest
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			authority, s = rest[:i], rest[i:]
		} else {
			s = ""
		}
		authority = asciiLower(authority[strings.LastIndexByte(authority, '@')+1:])
		u.host = authority
		if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
			u.host, u.port = authority[:i], authority[i+1:]
			if u.scheme == "https" && u.port == "443" || u.scheme == "http" && u.port == "80" {
				u.port = "" // the default, said or not
			}
		}
		if s == "" {
			s = "/"
		}
	}
	u.path = maskPath(s)
	return u
}

func isScheme(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && (i == 0 || !isDigit(c) && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != "" && len(s) <= 16
}

// maskPath masks session parameters (";jsessionid=...") and ids of a path.
func maskPath(path string) string {
	i := strings.IndexByte(path, ';')
	if i < 0 {
		return mask(path)
	}
	matrix := path[i+1:]
	if name, _, ok := strings.Cut(matrix, "="); ok && volatileKeys[asciiLower(name)] {
		rest := ""
		if j := strings.IndexByte(matrix, '/'); j >= 0 {
			rest = mask(matrix[j:])
		}
		return mask(path[:i]) + rest
	}
	return mask(path)
}

// volatileKeys are parameters of a redirect that are drawn or counted anew.
var volatileKeys = words(`state nonce samlrequest relaystate signature sig code_challenge sid session sessionid session_id jsessionid
	phpsessid aspsessionid cfid cftoken s t ts time timestamp _ r rnd rand random cb cachebuster csrf csrf_token csrftoken xsrf token ticket
	requestid request_id rid reqid correlationid correlation_id traceid trace_id uuid guid login_challenge challenge flow execution wctx
	wct wreply_ctx client-request-id sso_nonce hmac exp expires expiry iat oauth_token login_ticket auth_session session_state
	tab_id session_code client_data ray u_id lt authid auth_id xid tid`)

func words(s string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		out[w] = true
	}
	return out
}

// maskQuery keeps names and values of a query as a set, volatile values masked.
// A value that is itself a URL is looked into, a few levels deep.
func maskQuery(query string, depth int) string {
	if query == "" {
		return ""
	}
	var parts []string
	for part := range strings.SplitSeq(query, "&") {
		name, value, ok := strings.Cut(part, "=")
		switch {
		case !ok:
			parts = append(parts, mask(part))
			continue
		case volatileKeys[asciiLower(name)]:
			value = maskValue
		default:
			value = maskQueryValue(value, depth)
		}
		parts = append(parts, mask(name)+"="+value)
	}
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

func maskQueryValue(value string, depth int) string {
	plain := unpercent(value)
	if base, nested, ok := strings.Cut(plain, "?"); ok && depth < 3 {
		return mask(base) + "?" + maskQuery(nested, depth+1)
	}
	return mask(plain)
}

// unpercent decodes printable ASCII; the rest stays encoded, so the result is
// as safe as the input.
func unpercent(s string) string {
	i := strings.IndexByte(s, '%')
	if i < 0 {
		return s
	}
	b := append(make([]byte, 0, len(s)), s[:i]...)
	for ; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			if c := unhex(s[i+1])<<4 | unhex(s[i+2]); c > ' ' && c <= '~' {
				b = append(b, c)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}
