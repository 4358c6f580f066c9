package banner

import (
	"slices"
	"strings"
)

// how says what is kept of a header field.
type how int

const (
	masked    how = iota // the value through the mask: what is not listed
	drop                 // nothing, not even that it was there
	presence             // that it was there
	verbatim             // the value
	lowered              // the value, a word whose case means nothing
	list                 // the value as a set
	product              // the value, marks of edge servers masked
	via                  // protocols and products, host names dropped
	policy               // a Content-Security-Policy as a set of directives
	transport            // Strict-Transport-Security as a set of directives
	cookie
	challenge
	redirect
)

type rule struct {
	how   how
	class Class
}

// fieldRule looks the name (lower case) up, by itself and then by its shape.
func fieldRule(protocol, name string) rule {
	if protocol != "http" {
		if r, ok := dialogFields[name]; ok {
			return r
		}
	}
	if r, ok := httpFields[name]; ok {
		return r
	}
	for _, p := range volatilePrefixes {
		if strings.HasPrefix(name, p) {
			return rule{how: drop}
		}
	}
	for _, s := range volatileSuffixes {
		if strings.HasSuffix(name, s) {
			return rule{how: drop}
		}
	}
	if strings.HasSuffix(name, "version") {
		return rule{verbatim, Identity}
	}
	if strings.HasPrefix(name, "access-control-allow-") || strings.HasPrefix(name, "cross-origin-") {
		return rule{masked, Security}
	}
	return rule{masked, Content}
}

var volatilePrefixes = []string{"x-ratelimit", "x-rate-limit", "ratelimit", "x-b3-", "x-amz-meta-", "x-akamai-request", "x-envoy-upstream"}

var volatileSuffixes = []string{"-request-id", "-requestid", "-req-id", "-trace-id", "-traceid", "-correlation-id", "-correlationid",
	"-transaction-id", "-response-time", "-responsetime", "-process-time", "-duration", "-duration-ms", "-elapsed", "-latency",
	"-cache", "-cache-status", "-cache-hits", "-ray", "-timestamp", "-nonce"}

// httpFields is the policy for names it knows. Volatile are clocks, request and
// trace ids, cache states, edges, timings and restart marks; Content-Length and
// Alt-Svc come and go without meaning.
var httpFields = rules([]group{
	{rule{drop, Content}, "date last-modified etag expires age content-length content-md5 digest alt-svc keep-alive retry-after " +
		"x-request-id request-id x-correlation-id x-amzn-requestid x-amz-request-id x-amz-id-2 x-amz-cf-id x-amz-cf-pop x-amz-version-id " +
		"x-amzn-trace-id cf-ray cf-cache-status cf-request-id x-served-by x-cache x-cache-hits x-cache-lookup x-cache-status x-timer " +
		"x-runtime server-timing x-varnish x-trace-id traceparent tracestate traceresponse x-azure-ref x-msedge-ref x-cloud-trace-context " +
		"x-guploader-uploadid x-goog-hash x-goog-generation x-vercel-id x-nf-request-id x-iinfo x-cdn-request-id x-check-cacheable x-edge-location " +
		"x-jenkins-session x-hudson-session spiislatency sprequestduration sprequestguid x-diaginfo x-feserver x-beserver " +
		"x-calculatedbetarget x-calculatedfetarget x-clientip x-client-ip x-your-ip x-real-ip x-forwarded-for x-remote-addr true-client-ip " +
		"x-now x-time x-uptime x-unique-id x-trace x-session-id x-ac x-kong-upstream-latency x-kong-proxy-latency"},
	{rule{presence, Content}, "report-to nel reporting-endpoints link x-csrf-token x-xsrf-token csrf-token x-nonce x-backend x-backend-server x-hostname " +
		"x-node x-pod x-instance x-instance-id x-server-id x-upstream x-served-from x-host set-cookie2"},
	{rule{product, Identity}, "server x-powered-by user-agent"},
	{rule{verbatim, Identity}, "x-generator x-jenkins x-hudson x-cms x-powered-cms x-server-powered-by x-elastic-product kbn-name x-mod-pagespeed " +
		"x-page-speed microsoftsharepointteamservices liferay-portal x-turbo-charged-by " +
		"x-framework x-application x-app-name x-product"},
	{rule{lowered, Security}, "x-frame-options x-content-type-options x-permitted-cross-domain-policies x-download-options origin-agent-cluster"},
	{rule{verbatim, Security}, "x-xss-protection permissions-policy feature-policy"},
	{rule{list, Security}, "referrer-policy allow public dav access-control-allow-methods access-control-allow-headers"},
	{rule{policy, Security}, "content-security-policy content-security-policy-report-only x-content-security-policy x-webkit-csp"},
	{rule{transport, Security}, "strict-transport-security"},
	{rule{list, Content}, "vary cache-control pragma connection upgrade accept accept-encoding content-language trailer supported"},
	{rule{lowered, Content}, "accept-ranges transfer-encoding content-encoding x-robots-tag"},
	{rule{via, Content}, "via"},
	{rule{cookie, Security}, "set-cookie"},
	{rule{challenge, Security}, "www-authenticate proxy-authenticate"},
	{rule{redirect, Routing}, "location content-location refresh"},
})

// dialogFields are fields of SIP and RTSP that belong to the one exchange, with
// SIP's one-letter forms.
var dialogFields = rules([]group{
	{rule{drop, Content}, "via v from f to t call-id i cseq timestamp session rtp-info warning"},
	{rule{presence, Content}, "contact m record-route"},
	{rule{list, Content}, "supported k allow-events u unsupported"},
})

// group is one rule for many names.
type group struct {
	rule  rule
	names string
}

// rules makes the table; where a name stands twice the first holds.
func rules(groups []group) map[string]rule {
	out := make(map[string]rule, 200)
	for _, g := range groups {
		for name := range strings.FieldsSeq(g.names) {
			if _, ok := out[name]; !ok {
				out[name] = g.rule
			}
		}
	}
	return out
}

// sortedList makes a set of a value: parts in lower case, in byte order.
func sortedList(value, sep string) string {
	var parts []string
	for part := range strings.SplitSeq(asciiLower(value), sep) {
		if part = strings.Trim(part, " "); part != "" {
			parts = append(parts, strings.ReplaceAll(strings.ReplaceAll(part, " =", "="), "= ", "="))
		}
	}
	slices.Sort(parts)
	if sep == "," {
		return strings.Join(slices.Compact(parts), ", ")
	}
	return strings.Join(slices.Compact(parts), "; ")
}

// maskEdge masks the comment by which some content networks name the edge
// server, "ECS (dcb/7F83)"; a product field is otherwise never masked.
func maskEdge(value string) string {
	open := strings.IndexByte(value, '(')
	if open < 0 {
		return value
	}
	closing := strings.IndexByte(value[open:], ')')
	if closing < 0 {
		return value
	}
	site, number, ok := strings.Cut(value[open+1:open+closing], "/")
	if !ok || len(site) < 2 || len(site) > 4 || len(number) != 4 {
		return value
	}
	for i := range len(site) {
		if !isLower(site[i]) {
			return value
		}
	}
	for i := range len(number) {
		if !isHex(number[i]) {
			return value
		}
	}
	return value[:open+1] + maskID + value[open+closing:]
}

// viaProducts keeps of each hop the protocol and the comment, which holds a
// product: the host is one of many (RFC 9110 section 7.6.3).
func viaProducts(value string) string {
	var hops []string
	for hop := range strings.SplitSeq(value, ",") {
		protocol, rest, _ := strings.Cut(strings.Trim(hop, " "), " ")
		if i := strings.IndexByte(rest, '('); i >= 0 {
			protocol += " " + mask(rest[i:])
		}
		hops = append(hops, protocol)
	}
	return strings.Join(hops, ", ")
}

// securityPolicy keeps a policy's directives and sources as sets, nonces masked.
// Hashes stay: they change only when a page does.
func securityPolicy(value string) string {
	var directives []string
	for d := range strings.SplitSeq(value, ";") {
		words := strings.Fields(d)
		if len(words) == 0 {
			continue
		}
		for i, w := range words {
			if strings.HasPrefix(asciiLower(w), "'nonce-") {
				words[i] = "'nonce-" + maskValue + "'"
			} else if !strings.HasPrefix(w, "'sha") {
				words[i] = mask(w)
			}
		}
		words[0] = asciiLower(words[0])
		slices.Sort(words[1:])
		directives = append(directives, strings.Join(slices.Compact(words), " "))
	}
	slices.Sort(directives)
	return strings.Join(slices.Compact(directives), "; ")
}
