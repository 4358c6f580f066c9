package diff

import (
	"slices"
	"strings"

	"github.com/portdelta/portdelta/diff/banner"
)

// factReasons says in words what a change of a banner's facts means to whoever
// watches the service; the order is the one of the list of reasons.
func factReasons(before, after banner.Form, facts []banner.FactChange) []Reason {
	found := map[Reason]bool{
		ProductChanged: before.Product != "" && after.Product != "" && before.Product != after.Product,
		VersionUp:      before.Product == after.Product && direction(before.Version, after.Version) == Up,
		VersionDown:    before.Product == after.Product && direction(before.Version, after.Version) == Down,
	}
	for _, f := range facts {
		for _, r := range []struct {
			reason Reason
			holds  func(path, was, is string) bool
		}{{AuthRemoved, authRemoved}, {CapabilityLost, capabilityLost}, {ProtectionLost, protectionLost}, {RedirectHost, redirectHost}} {
			found[r.reason] = found[r.reason] || r.holds(f.Path, word(f.Before), word(f.After))
		}
	}
	var out []Reason
	for _, r := range []Reason{AuthRemoved, CapabilityLost, ProtectionLost, RedirectHost, ProductChanged, VersionUp, VersionDown} {
		if found[r] {
			out = append(out, r)
		}
	}
	return out
}

// word is a fact's value; "" is its absence, for no fact is empty.
func word(value *string) string {
	if value == nil {
		return ""
	}
	return *value
}

// authRemoved: what asked for a login lets everybody in. That a page redirects
// instead, or is gone, says nothing of it.
func authRemoved(path, was, is string) bool {
	switch _, name, _ := strings.Cut(path, "."); name {
	case "status":
		return (was == "401" || was == "407") && strings.HasPrefix(is, "2") && len(is) == 3
	case "login":
		return was == "530" && is == "230"
	case "state":
		return was == "OK" && is == "PREAUTH"
	case "reply":
		return was == "-NOAUTH" && is != "" && !strings.HasPrefix(is, "-")
	case "auth":
		return was == "required" && is != "" && is != "required"
	}
	return false
}

// capabilityLost: an extension that protects, or a way to log in, is no longer
// offered.
func capabilityLost(path, was, is string) bool {
	_, name, ok := strings.Cut(path, ".capability.")
	if !ok || was == "" {
		return false
	}
	name, _, _ = strings.Cut(name, "=")
	switch name {
	case "starttls", "stls", "auth", "sasl", "logindisabled", "apop", "pbsz", "prot", "requiretls":
		return is == "" || slices.ContainsFunc(strings.Fields(was), func(w string) bool { return !slices.Contains(strings.Fields(is), w) })
	}
	return false
}

// protections are header fields whose absence takes a protection from a client.
var protections = []string{"strict-transport-security", "content-security-policy", "x-frame-options", "x-content-type-options", "referrer-policy",
	"permissions-policy", "cross-origin-opener-policy", "cross-origin-embedder-policy", "cross-origin-resource-policy"}

// protectionLost: a protective field or a cookie's flag is gone, or a redirect
// left TLS.
func protectionLost(path, was, is string) bool {
	if was == "" {
		return false
	}
	if _, name, ok := strings.Cut(path, ".header."); ok {
		return slices.ContainsFunc(protections, func(p string) bool { return name == p || strings.HasPrefix(name, p+".") }) && is == ""
	}
	if strings.Contains(path, ".cookie.") && is != "" {
		for _, flag := range []string{"secure", "httponly"} {
			if strings.Contains(was, flag) && !strings.Contains(is, flag) {
				return true
			}
		}
	}
	return strings.HasSuffix(path, ".redirect.scheme") && was == "https" && is == "http"
}

func redirectHost(path, was, is string) bool {
	return strings.HasSuffix(path, ".redirect.host") && was != "" && is != ""
}
