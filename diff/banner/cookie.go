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
	"_shibstate_", "_opensaml_req_", "wp_postpass_"}

func cookieName(name string) string {
	for _, p := range randomTails {
		if len(name) > len(p) && strings.HasPrefix(name, p) {
			return p + maskID
		}
	}
	return mask(name)
}
