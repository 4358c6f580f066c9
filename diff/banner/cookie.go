package banner

import (
	"slices"
	"strings"

	"github.com/portdelta/portdelta/diff/banner/fingerprint"
)

// cookie keeps a cookie's name, without a random tail, and the attributes that
// say who may read it; never its value, path or lifetime.
func (h *heading) cookie(field, value string) {
	pair, attributes, _ := strings.Cut(value, ";")
	name, _, _ := strings.Cut(pair, "=")
	name = cookieName(strings.Trim(name, " "))
	var flags []string
	for a := range strings.SplitSeq(attributes, ";") {
		a = strings.ReplaceAll(asciiLower(a), " ", "")
		key, word, _ := strings.Cut(a, "=")
		switch key {
		case "secure", "httponly", "partitioned":
			flags = append(flags, key)
		case "samesite":
			flags = append(flags, clip(key+"="+word, maxProduct))
		}
	}
	slices.Sort(flags)
	kept := strings.Join(slices.Compact(flags), "; ")
	if kept == "" {
		h.put(field, name)
		kept = "no flags"
	} else {
		h.put(field, name+"; "+kept)
	}
	h.d.clue(fingerprint.HTTPCookie, name+"=")
	h.d.named("cookie.", name, Security, kept)
}

// randomTails are beginnings of names that go on with something drawn anew, or
// with the number of one node of many.
var randomTails = []string{"ASPSESSIONID", "JSESSIONID.", "JSESSIONID_", "incap_ses_", "visid_incap_", "nlbi_", ".Nonce.", "Nonce.",
	".AspNetCore.Correlation.", ".AspNetCore.OpenIdConnect.Nonce.", ".AspNetCore.Antiforgery.", ".AspNet.Correlation.",
	"OpenIdConnect.nonce.", "mod_auth_openidc_state_", "_oauth2_proxy_csrf_", "ANsession", "BCSI-CS-", "PD_STATEFUL_",
	"_shibstate_", "_opensaml_req_", "wp_postpass_", "esctx-", "SignInMessage.", "APSCOOKIE_", "OAMRequestContext_", "oidc.state.", "SSESS", "SESS",
	"TS01", "BNES_", "GCP_IAP_XSRF_NONCE_", "_shibsession_", "MSISLoopDetectionCookie", "Saml2.", "saml_request_", "auth_state_", "nonce."}

// cookieName cuts a random tail off a name, and masks each part of it that is
// drawn: wp_session_2f1a..., APSCOOKIE_4185421423.
func cookieName(name string) string {
	for _, p := range randomTails {
		if len(name) > len(p) && strings.HasPrefix(name, p) {
			return p + maskID
		}
	}
	var b strings.Builder
	kept := 0 // name[:kept] is in b
	for start := 0; start < len(name); {
		end := start
		for end < len(name) && strings.IndexByte("_-.~:", name[end]) < 0 {
			end++
		}
		if rest := name[start:]; len(rest) >= 16 && !isPlainName(name[start:end]) && (randomToken(rest) || randomEnd(name, start) == len(name)) {
			return b.String() + name[kept:start] + maskID
		}
		if part := name[start:end]; len(part) >= 6 && isDigits(part) || randomToken(part) {
			b.WriteString(name[kept:start] + maskID)
			kept = end
		}
		start = end + 1
	}
	if kept == 0 {
		return name
	}
	return b.String() + name[kept:]
}

// isPlainName says whether a part of a name is words, be they joined: AspNetCore.
func isPlainName(part string) bool {
	w, _ := shapeOf(part)
	return isPlainWord(part) && w.joins*4 < len(part)
}
