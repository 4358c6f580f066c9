package banner

import "strings"

// httpFields is the policy for names it knows. Volatile are clocks, request and
// trace ids, cache states, edges, timings and restart marks; Content-Length and
// Alt-Svc come and go without meaning. Of nodes and tokens only the presence is
// kept. What is listed twice has the first rule.
var httpFields = fieldTable("http", []group{
	{rule{drop, Content}, "date last-modified etag expires age content-length content-md5 digest content-digest repr-digest alt-svc keep-alive retry-after " +
		// ids of one request
		"x-request-id request-id x-correlation-id correlation-id x-amzn-requestid x-amz-request-id x-amz-id-2 x-amz-rid x-amz-apigw-id x-amz-cf-id x-amz-version-id " +
		"x-amzn-trace-id cf-ray cf-request-id x-trace-id traceparent tracestate traceresponse baggage uber-trace-id sentry-trace b3 x-azure-ref x-azure-ref-originshield " +
		"x-msedge-ref x-cloud-trace-context x-guploader-uploadid x-vercel-id x-nf-request-id x-iinfo x-cdn-request-id x-unique-id x-trace x-session-id audit-id " +
		"ms-cv x-ms-request-id x-ms-ests-server x-ms-correlation-request-id x-ms-routing-request-id x-ms-activity-id x-ms-client-request-id client-request-id activityid " +
		"sprequestguid x-trans-id x-openstack-request-id x-compute-request-id x-oracle-dms-ecid x-oracle-dms-rid opc-request-id x-global-transaction-id x-transaction-id " +
		"x-vcap-request-id x-debug-token x-debug-token-link x-oss-request-id x-cos-request-id x-nws-log-uuid x-tt-logid x-bce-request-id x-ws-request-id x-reqid x-m-reqid x-svr " +
		"eagleid x-eagleeye-id x-yandex-req-id x-wix-request-id x-github-request-id x-fastly-request-id akamai-grn x-akamai-request-id x-akamai-session-info x-77-nzt x-77-nzt-ray " +
		"cdn-requestid x-bunny-request-id x-ac x-gitlab-meta x-newrelic-app-data x-instana-t x-instana-s x-datadog-trace-id x-appengine-log-flush-count x-llid " +
		// caches and edges
		"cf-cache-status x-served-by x-cache x-cache-hits x-cache-lookup x-cache-status x-cache-remote x-cache-key x-true-cache-key x-cache-server x-timer x-varnish x-varnish-cache " +
		"x-cacheable x-check-cacheable x-edge-location x-edge-ip x-amz-cf-pop x-drupal-cache x-drupal-dynamic-cache x-proxy-cache x-nginx-cache x-fastcgi-cache x-rack-cache x-litespeed-cache " +
		"x-sucuri-id x-sucuri-cache x-nananana x-fd-int-roxy-purgeid x-fastly-backend-reqs fastly-restarts x-akamai-transformed x-akamai-staging x-77-cache x-77-pop x-77-age x-accel-date " +
		"x-swift-savetime x-swift-cachetime ali-swift-global-savetime x-via x-qnm-cache x-m-log x-log cdn-cachedat cdn-cache cdn-edgestorageid cdn-status cdn-requesttime cdn-pullzone cdn-uid " +
		"cdn-requestcountrycode cdn-requestpullcode cdn-requestpullsuccess x-hw x-pop x-seen-by cf-apo-via cf-edge-cache cf-polished surrogate-key surrogate-control cache-tag edge-cache-tag cache-status cdn-cache-control " +
		"x-goog-hash x-goog-generation x-goog-stored-content-length x-goog-metageneration warning x-ttl " +
		// timings and counters
		"x-runtime server-timing x-response-time x-took x-envoy-upstream-service-time x-kong-upstream-latency x-kong-proxy-latency x-kong-response-latency spiislatency " +
		"sprequestduration x-sharepointhealthscore x-oss-server-time x-load x-uptime x-diaginfo x-consul-index x-consul-lastcontact x-etcd-index x-raft-index x-raft-term " +
		// restart marks, clocks, the scanner's own address
		"x-jenkins-session x-hudson-session bootid.upnp.org 01-nls x-now x-time x-date x-timestamp x-clientip x-client-ip x-your-ip x-real-ip x-forwarded-for x-remote-addr true-client-ip x-client-geo " +
		"x-country x-country-code x-geo-country cf-ipcountry x-feserver x-beserver x-calculatedbetarget x-calculatedfetarget x-backendhttpstatus x-proxy-backendserverstatus"},
	{rule{presence, Content}, "report-to nel reporting-endpoints expect-ct link x-csrf-token x-xsrf-token csrf-token x-nonce x-backend x-backend-server x-hostname x-server-name " +
		"x-node x-node-id x-node-name x-pod x-pod-name x-instance x-instance-id x-server-id x-upstream x-upstream-addr x-served-from x-host x-worker x-machine x-app-server x-appserver x-web-node " +
		"x-dc x-datacenter x-region x-zone set-cookie2 sourcemap x-sourcemap last-event-id x-kubernetes-pf-flowschema-uid x-kubernetes-pf-prioritylevel-uid sec-websocket-accept usn " +
		"x-hudson-cli-port x-jenkins-cli-port x-jenkins-cli2-port x-hudson-jnlp-port x-shardid x-shopid x-sorting-hat-shopid x-cluster"},
	{rule{word, Content}, "x-server x-srv x-web x-webserver x-origin x-origin-server x-proxy x-edge x-edge-server x-frontend x-lb x-slot x-shard"},
	{rule{product, Identity}, "server x-powered-by user-agent"},
	{rule{verbatim, Identity}, "x-generator x-jenkins x-hudson x-cms x-powered-cms x-server-powered-by x-elastic-product kbn-name kbn-license-sig x-mod-pagespeed " +
		"x-page-speed microsoftsharepointteamservices liferay-portal x-turbo-charged-by x-framework x-application x-app-name x-product ostype x-application-context " +
		"x-influxdb-build docker-experimental sap-server x-powered-by-plesk powered-by x-ua-compatible servicetype x-clacks-overhead x-recruiting"},
	{rule{lowered, Security}, "x-frame-options x-content-type-options x-permitted-cross-domain-policies x-download-options origin-agent-cluster"},
	{rule{transport, Security}, "strict-transport-security x-xss-protection public-key-pins"},
	{rule{list, Security}, "permissions-policy feature-policy referrer-policy allow public dav access-control-allow-methods access-control-allow-headers clear-site-data"},
	{rule{policy, Security}, "content-security-policy content-security-policy-report-only x-content-security-policy x-webkit-csp"},
	{rule{list, Content}, "vary pragma upgrade accept accept-encoding accept-ch critical-ch content-language trailer supported tcn allow-events"},
	{rule{caching, Content}, "cache-control"},
	{rule{hop, Content}, "connection"},
	{rule{lowered, Content}, "x-dns-prefetch-control accept-ranges transfer-encoding content-encoding x-robots-tag"},
	{rule{mediaType, Content}, "content-type"},
	{rule{via, Content}, "via"},
	{rule{cookie, Security}, "set-cookie"},
	{rule{challenge, Security}, "www-authenticate proxy-authenticate authentication-info"},
	{rule{redirect, Routing}, "location content-location refresh"},
})

// sipFields and rtspFields put fields first that belong to the one exchange,
// with SIP's one-letter forms (RFC 3261 section 7.3.3, RFC 7826 section 18).
var (
	sipFields  = fieldTable("sip", dialogRules)
	rtspFields = fieldTable("rtsp", dialogRules)
)

var dialogRules = []group{
	{rule{drop, Content}, "via v from f to t call-id i cseq timestamp session session-id rtp-info warning min-expires reply-to content-base l media-properties media-range range scale speed"},
	{rule{presence, Content}, "contact m record-route p-asserted-identity x-real-ip"},
	{rule{list, Content}, "supported k allow-events u unsupported"},
	{rule{redirect, Routing}, "location"},
}

// group is one rule for many names.
type group struct {
	rule  rule
	names string
}

// knownField is a field of the table, with what is written for it.
type knownField struct {
	rule
	name, path string
}

// fieldTable makes a table; where a name stands twice the first holds.
func fieldTable(protocol string, groups []group) map[string]*knownField {
	out := make(map[string]*knownField, 400)
	for _, g := range groups {
		for name := range strings.FieldsSeq(g.names) {
			if _, ok := out[name]; !ok {
				out[name] = &knownField{g.rule, name, protocol + ".header." + name}
			}
		}
	}
	return out
}

// lookField finds the rule of a field by its name (lower case): by itself, then
// by its shape.
func lookField(protocol, name string) knownField {
	switch protocol {
	case "sip":
		if f, ok := sipFields[name]; ok {
			return *f
		}
	case "rtsp":
		if f, ok := rtspFields[name]; ok {
			return *f
		}
	}
	if f, ok := httpFields[name]; ok {
		known := *f
		if protocol != "http" {
			known.path = protocol + ".header." + name
		}
		return known
	}
	return knownField{byShape(name), name, protocol + ".header." + clip(name, maxProduct)}
}

// versionWords in a name make its value one that is never masked: a build's date
// is a version.
var versionWords = []string{"version", "build", "revision", "release", "commit", "deploy"}

var volatilePrefixes = []string{"x-ratelimit", "x-rate-limit", "ratelimit", "x-b3-", "x-amz-meta-", "x-akamai-request", "x-envoy-upstream", "x-debug-", "x-timer-"}

var volatileSuffixes = []string{"-request-id", "-requestid", "-req-id", "-reqid", "-trace-id", "-traceid", "-span-id", "-correlation-id", "-correlationid",
	"-transaction-id", "-transactionid", "-session-id", "-sessionid", "-event-id", "-log-id", "-logid", "-tracking-id", "-txid", "-rid", "-uuid", "-guid",
	"-time", "-responsetime", "-time-ms", "-ms", "-duration", "-elapsed", "-latency", "-took", "-uptime", "-timing", "-date",
	"-hits", "-hit", "-age", "-ray", "-pop", "-timestamp", "-nonce", "-epoch",
	"requestid", "sessionid", "traceid", "-remaining", "-reset", "-expires", "-expiry", "-counter", "-count", "-seq", "-sequence", "-load", "-trace", "-client-ip", "-lookup", "-index"}

var nodeSuffixes = []string{"-node", "nodeid", "-hash", "-hostname", "-pod", "-instance", "-backend", "-upstream", "-worker", "-token"}

// byShape is the rule of a name that no table holds.
func byShape(name string) rule {
	for _, w := range versionWords {
		if strings.Contains(name, w) {
			return rule{verbatim, Identity}
		}
	}
	if strings.Contains(name, "cache") {
		return rule{how: drop} // what some cache did
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
	for _, s := range nodeSuffixes {
		if strings.HasSuffix(name, s) {
			return rule{presence, Content}
		}
	}
	switch {
	case strings.HasPrefix(name, "access-control-allow-"), strings.HasPrefix(name, "cross-origin-"):
		return rule{masked, Security}
	case strings.HasSuffix(name, "id"):
		return rule{word, Content}
	}
	return rule{masked, Content}
}
