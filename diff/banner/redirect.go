package banner

import (
	"slices"
	"strings"
)

// redirect takes a redirect apart. It reads what net/url refuses: a server may
// write anything.
func (h *heading) redirect(f *knownField, value string) {
	if f.name == "refresh" {
		value = refreshTarget(value)
		h.put(f.name, value)
		h.d.at(f.path, Routing, value)
		return
	}
	u := splitURL(value)
	whole := u.String()
	h.put(f.name, whole)
	if f.name != "location" {
		h.d.at(f.path, Routing, whole)
		return
	}
	for _, part := range [...]struct{ name, value string }{
		{"redirect.scheme", u.scheme}, {"redirect.host", u.host}, {"redirect.port", u.port}, {"redirect.path", u.path},
	} {
		if part.value != "" {
			h.d.fact(part.name, Routing, part.value)
		}
	}
	for p := range strings.SplitSeq(u.query, "&") {
		if name, value, _ := strings.Cut(p, "="); name != "" {
			h.d.named("redirect.query.", name, Routing, value)
		}
	}
}

// refreshTarget reads "5; url=https://...", as a field and a page's tag say it.
func refreshTarget(value string) string {
	before, target, ok := strings.Cut(value, "=")
	if !ok || !strings.HasSuffix(asciiLower(strings.TrimRight(before, " ")), "url") {
		return mask(value)
	}
	wait, _, _ := strings.Cut(asciiLower(before), ";")
	return strings.Trim(wait, " ") + "; url=" + splitURL(strings.Trim(target, ` "'`)).String()
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

// maskPath masks session parameters (";jsessionid=...", "/(S(...))/") and ids of
// a path. A tenant's id before the word of a login protocol stays.
func maskPath(path string) string {
	if i := strings.IndexByte(path, '('); i >= 0 && i+3 < len(path) && path[i+2] == '(' && isLetter(path[i+1]) {
		// A session kept in the path, as ASP.NET does without cookies.
		if end := strings.Index(path[i:], "))"); end > 0 {
			return mask(path[:i]) + maskValue + maskPath(path[i+end+2:])
		}
	}
	if len(path) > 37 && path[0] == '/' && matchUUID(path, 1) == 37 {
		for _, protocol := range []string{"/oauth2", "/saml2", "/wsfed", "/login", "/v2.0"} {
			if strings.HasPrefix(path[37:], protocol) {
				return path[:37] + maskPath(path[37:])
			}
		}
	}
	i := strings.IndexByte(path, ';')
	if i < 0 {
		return maskSegments(path)
	}
	matrix := path[i+1:]
	if name, _, ok := strings.Cut(matrix, "="); ok && volatileKeys[asciiLower(name)] {
		rest := ""
		if j := strings.IndexByte(matrix, '/'); j >= 0 {
			rest = maskSegments(matrix[j:])
		}
		return maskSegments(path[:i]) + rest
	}
	return maskSegments(path)
}

// maskSegments masks each part of a path by itself: to base64 a slash is a letter.
func maskSegments(path string) string {
	var b strings.Builder
	kept := 0 // path[:kept] is in b
	for start := 0; start < len(path); {
		end := strings.IndexByte(path[start:], '/') + start
		if end < start {
			end = len(path)
		}
		part := path[start:end]
		masked := part
		if len(part) >= 12 && randomToken(part) {
			masked = maskID
		} else if part != "" {
			masked = mask(part)
		}
		if masked != part {
			b.WriteString(path[kept:start] + masked)
			kept = end
		}
		start = end + 1
	}
	if kept == 0 {
		return path
	}
	return b.String() + path[kept:]
}

// volatileKeys are parameters of a redirect that are drawn or counted anew.
var volatileKeys = words(`state nonce samlrequest relaystate signature sig code_challenge sid session sessionid session_id jsessionid
	phpsessid aspsessionid cfid cftoken s t ts time timestamp _ r rnd rand random cb cachebuster csrf csrf_token csrftoken xsrf token ticket
	requestid request_id rid reqid correlationid correlation_id traceid trace_id uuid guid login_challenge challenge flow execution wctx
	wct wreply_ctx client-request-id sso_nonce hmac exp expires expiry iat oauth_token login_ticket auth_session session_state
	tab_id session_code client_data ray u_id lt authid auth_id xid tid stok access_token id_token_hint jwt hash sso_token saml_request login_hint_token
	samlresponse _dc dt now tm time_stamp nocache no_cache v_ts cid_ts estsrequest ctx sso_reload sessid session_token auth_token verification_token`)

// namingKeys are parameters that say for whom and where to the redirect leads:
// they stay, whatever they look like.
var namingKeys = words(`client_id clientid resource audience aud tenant tenant_id realm wtrealm providerid spentityid entityid app app_id appid idp
	domain domain_hint org organization hd scope response_type response_mode code_challenge_method sigalg protocol grant_type acr_values connection`)

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
		case namingKeys[asciiLower(name)]:
			value = unpercent(value)
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
	if randomToken(plain) {
		return maskID
	}
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
