package pairgen

const webScans = "http http_raw https http-alt - unknown http_proxy"

// web is answers of web servers: heads, and pages for their titles.
func web() []product {
	return []product{
		{name: "nginx", scans: webScans, headed: true,
			answer: "HTTP/1.1 200 OK\r\nServer: nginx/1.20.1\r\nDate: «http»\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: «int:200-900»\r\nLast-Modified: «http»\r\nConnection: keep-alive\r\nETag: \"«hex:8»-«hex:3»\"\r\nAccept-Ranges: bytes\r\n\r\n<!DOCTYPE html><html><head><title>Welcome</title></head>",
			changes: []change{
				{from: "1.20.1", to: "1.20.2", why: "patch level"}, {from: "nginx/1.20.1", to: "nginx", why: "version hidden"},
				{from: "200 OK", to: "403 Forbidden", why: "status"}, {from: "<title>Welcome<", to: "<title>Index of /<", why: "title"},
				{from: "text/html; charset=utf-8", to: "application/json", why: "kind of content"}, {from: "Accept-Ranges: bytes\r\n", to: "Accept-Ranges: bytes\r\nX-Powered-By: PHP/8.1.2\r\n", why: "language told"},
			}},
		{name: "Apache with PHP", scans: webScans, headed: true,
			answer: "HTTP/1.1 302 Found\r\nDate: «http»\r\nServer: Apache/2.4.52 (Ubuntu) OpenSSL/3.0.2\r\nX-Powered-By: PHP/7.4.33\r\nSet-Cookie: PHPSESSID=«alnum:26»; path=/; secure; HttpOnly\r\nExpires: Thu, 19 Nov 1981 08:52:00 GMT\r\nCache-Control: no-store, no-cache, must-revalidate\r\nPragma: no-cache\r\nLocation: https://portal.example.com/login?client_id=intranet&state=«hex:32»&nonce=«mixed:22»\r\nContent-Length: 0\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n",
			changes: []change{
				{from: "2.4.52", to: "2.4.58", why: "version"}, {from: "(Ubuntu)", to: "(Debian)", why: "platform"}, {from: "OpenSSL/3.0.2", to: "OpenSSL/3.0.13", why: "library"},
				{from: "PHP/7.4.33", to: "PHP/8.2.7", why: "language"}, {from: "; secure", to: "", why: "Secure lost"}, {from: "; HttpOnly", to: "", why: "HttpOnly lost"},
				{from: "PHPSESSID", to: "SESSION", why: "another cookie"}, {from: "portal.example.com", to: "portal.example.net", why: "redirect host"},
				{from: "https://portal", to: "http://portal", why: "redirect scheme"}, {from: "example.com/login", to: "example.com:8443/login", why: "redirect port"},
				{from: "/login?", to: "/setup?", why: "redirect path"}, {from: "client_id=intranet", to: "client_id=partner", why: "client of the redirect"},
				{from: "302 Found", to: "301 Moved Permanently", why: "status"}, {from: "no-store, no-cache, must-revalidate", to: "public, max-age=3600", why: "caching policy"},
			}},
		{name: "IIS with ASP", scans: webScans, headed: true,
			answer: "HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Type: text/html\r\nServer: Microsoft-IIS/10.0\r\nSet-Cookie: ASPSESSIONID«letters:8»=«letters:24»; secure; path=/\r\nX-Powered-By: ASP.NET\r\nX-AspNet-Version: 4.0.30319\r\nDate: «http»\r\nContent-Length: «int:700-9000»\r\n\r\n",
			changes: []change{
				{from: "IIS/10.0", to: "IIS/8.5", why: "version"}, {from: "4.0.30319", to: "2.0.50727", why: "framework version"}, {from: "; secure", to: "", why: "Secure lost"},
				{from: "X-Powered-By: ASP.NET\r\n", to: "", why: "header gone"}, {from: "200 OK", to: "401 Unauthorized", why: "status"},
			}},
		{name: "Tomcat", scans: webScans, headed: true,
			answer: "HTTP/1.1 401 \r\nServer: Apache-Coyote/1.1\r\nWWW-Authenticate: Basic realm=\"Tomcat Manager\"\r\nSet-Cookie: JSESSIONID=«HEX:32».node«int:1-9»; Path=/manager; HttpOnly\r\nContent-Type: text/html;charset=utf-8\r\nContent-Length: 2473\r\nDate: «http»\r\n\r\n<html><head><title>401 Unauthorized</title>",
			changes: []change{
				{from: "Tomcat Manager", to: "Production", why: "realm"}, {from: "Basic realm", to: "Bearer realm", why: "scheme"}, {from: "401 ", to: "200 ", why: "authentication removed"},
				{from: "Apache-Coyote/1.1", to: "Apache Tomcat/9.0.71", why: "server"}, {from: "; HttpOnly", to: "", why: "HttpOnly lost"},
			}},
		{name: "digest camera", scans: webScans, headed: true,
			answer: "HTTP/1.1 401 Unauthorized\r\nServer: lighttpd/1.4.55\r\nWWW-Authenticate: Digest realm=\"IP Camera(C1234)\", domain=\"::\", qop=\"auth\", nonce=\"«hex:32»\", opaque=\"«hex:16»\", algorithm=\"MD5\", stale=\"FALSE\"\r\nContent-Type: text/html\r\nConnection: close\r\nDate: «http»\r\n\r\n",
			changes: []change{
				{from: "C1234", to: "C9876", why: "realm"}, {from: "\"MD5\"", to: "\"SHA-256\"", why: "algorithm"}, {from: "Digest realm", to: "Basic realm", why: "scheme weakened"},
				{from: "1.4.55", to: "1.4.59", why: "version"}, {from: "qop=\"auth\"", to: "qop=\"auth-int\"", why: "quality of protection"},
			}},
		{name: "NTLM and Negotiate", scans: webScans, headed: true,
			answer: "HTTP/1.1 401 Unauthorized\r\nServer: Microsoft-HTTPAPI/2.0\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM «ntlm:CORP»\r\nDate: «http»\r\nrequest-id: «uuid»\r\nContent-Length: 0\r\n\r\n",
			changes: []change{
				{from: "WWW-Authenticate: Negotiate\r\n", to: "", why: "a way to log in gone"}, {from: "WWW-Authenticate: Negotiate", to: "WWW-Authenticate: Basic realm=\"x\"", why: "a weak way to log in"}, {from: "«ntlm:CORP»", to: "«ntlm:LAB»", why: "another domain"},
			}},
		{name: "hardened site", scans: webScans, headed: true,
			answer: "HTTP/1.1 200 OK\r\nServer: openresty\r\nDate: «http»\r\nContent-Type: text/html; charset=utf-8\r\nStrict-Transport-Security: max-age=31536000; includeSubDomains\r\nContent-Security-Policy: default-src 'self'; script-src 'nonce-«b64:16»' 'strict-dynamic'; frame-ancestors 'none'\r\nX-Frame-Options: DENY\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nPermissions-Policy: camera=(), microphone=()\r\nX-Request-Id: «uuid»\r\nSet-Cookie: __Host-session=«b64url:32»; Path=/; Secure; HttpOnly; SameSite=Lax\r\n\r\n",
			changes: []change{
				{from: "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n", to: "", why: "HSTS gone"}, {from: "max-age=31536000", to: "max-age=0", why: "HSTS revoked"},
				{from: "; includeSubDomains", to: "", why: "HSTS narrowed"}, {from: "default-src 'self'", to: "default-src *", why: "policy loosened"}, {from: "'strict-dynamic'", to: "'unsafe-inline'", why: "scripts allowed"},
				{from: "frame-ancestors 'none'", to: "frame-ancestors 'self'", why: "framing allowed"}, {from: "X-Frame-Options: DENY", to: "X-Frame-Options: SAMEORIGIN", why: "framing"},
				{from: "X-Content-Type-Options: nosniff\r\n", to: "", why: "sniffing allowed"}, {from: "SameSite=Lax", to: "SameSite=None", why: "SameSite loosened"},
				{from: "no-referrer", to: "unsafe-url", why: "referrer policy"}, {from: "camera=()", to: "camera=*", why: "permission given"},
			}},
		{name: "site behind a content network", scans: webScans, headed: true,
			answer: "HTTP/1.1 301 Moved Permanently\r\nDate: «http»\r\nServer: cloudflare\r\nCF-RAY: «hex:16»-«pick:FRA|AMS|CDG|IAD»\r\nCF-Cache-Status: «pick:HIT|MISS|DYNAMIC|EXPIRED»\r\nAge: «int:0-9000»\r\nLocation: https://www.example.org/\r\nSet-Cookie: __cf_bm=«b64url:40»; path=/; expires=«cookie»; domain=.example.org; HttpOnly; Secure; SameSite=None\r\nReport-To: {\"endpoints\":[{\"url\":\"https:\\/\\/a.nel.cloudflare.com\\/report\\/v4?s=«mixed:60»\"}],\"group\":\"cf-nel\",\"max_age\":604800}\r\nNEL: {\"success_fraction\":0,\"report_to\":\"cf-nel\",\"max_age\":604800}\r\nVary: Accept-Encoding\r\nalt-svc: h3=\":443\"; ma=86400\r\n\r\n",
			changes: []change{
				{from: "www.example.org", to: "shop.example.org", why: "redirect host"}, {from: "Server: cloudflare", to: "Server: nginx", why: "no longer behind it"},
				{from: "301 Moved Permanently", to: "521 ", why: "status"}, {from: "; HttpOnly", to: "", why: "HttpOnly lost"},
			}},
		{name: "storage behind edges", scans: webScans, headed: true,
			answer:  "HTTP/1.1 403 Forbidden\r\nServer: AmazonS3\r\nDate: «http»\r\nx-amz-request-id: «HEX:16»\r\nx-amz-id-2: «b64:48»\r\nContent-Type: application/xml\r\nX-Cache: «pick:Error from cloudfront|Hit from cloudfront|Miss from cloudfront»\r\nVia: 1.1 «hex:32».cloudfront.net (CloudFront)\r\nX-Amz-Cf-Pop: «pick:FRA50|AMS1|DUB2»-«pick:C1|P2|C3»\r\nX-Amz-Cf-Id: «b64url:40»==\r\nX-Served-By: cache-«word:3»«int:1000-9999»-«pick:FRA|AMS»\r\nX-Timer: S«epoch».«int:100000-999999»,VS0,VE«int:1-90»\r\n\r\n",
			changes: []change{{from: "403 Forbidden", to: "200 OK", why: "now readable"}, {from: "AmazonS3", to: "MinIO", why: "another store"}, {from: "application/xml", to: "text/html", why: "kind of content"}}},
		{name: "Jetty", scans: webScans, headed: true,
			answer:  "HTTP/1.1 200 OK\r\nDate: «http»\r\nX-Content-Type-Options: nosniff\r\nSet-Cookie: JSESSIONID.«hex:8»=node0«alnum:24».node0; Path=/; HttpOnly\r\nX-Hudson: 1.395\r\nX-Jenkins: 2.387.3\r\nX-Jenkins-Session: «hex:8»\r\nX-Hudson-Session: «hex:8»\r\nServer: Jetty(9.4.43.v20210629)\r\n\r\n<html><head><title>Dashboard [Jenkins]</title>",
			changes: []change{{from: "2.387.3", to: "2.401.1", why: "Jenkins version"}, {from: "9.4.43.v20210629", to: "9.4.43.v20210731", why: "date-shaped version"}, {from: "Dashboard [Jenkins]", to: "Sign in [Jenkins]", why: "title"}, {from: "; HttpOnly", to: "", why: "HttpOnly lost"}}},
		{name: "identity provider", scans: webScans, headed: true,
			answer:  "HTTP/1.1 302 Found\r\nServer: Kestrel\r\nDate: «http»\r\nLocation: https://login.example.com/tenant/oauth2/authorize?client_id=3f2c-web&redirect_uri=https%3A%2F%2Fapp.example.com%2Fsignin&response_type=code&code_challenge=«b64url:32»&code_challenge_method=S256&state=«mixed:40»&nonce=«epoch».«mixed:30»\r\nSet-Cookie: .AspNetCore.Correlation.«b64url:32»=N; expires=«http»; path=/signin; secure; samesite=none; httponly\r\nSet-Cookie: .AspNetCore.OpenIdConnect.Nonce.«b64url:40»=N; path=/signin; secure; httponly\r\n\r\n",
			changes: []change{{from: "client_id=3f2c-web", to: "client_id=9d1e-web", why: "client"}, {from: "login.example.com", to: "login.example.net", why: "host"}, {from: "app.example.com%2F", to: "evil.example.com%2F", why: "where it leads back"}, {from: "response_type=code", to: "response_type=token", why: "kind of flow"}, {from: "code_challenge_method=S256", to: "code_challenge_method=plain", why: "method"}, {from: "Kestrel", to: "nginx/1.24.0", why: "server"}}},
		{name: "SAML service", scans: webScans, headed: true,
			answer:  "HTTP/1.1 303 See Other\r\nDate: «http»\r\nServer: Apache\r\nLocation: https://idp.example.edu/sso/redirect?SAMLRequest=«b64url:90»&RelayState=«hex:40»\r\nCache-Control: private,no-store,no-cache,max-age=0\r\nContent-Length: «int:300-500»\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n",
			changes: []change{{from: "idp.example.edu", to: "idp2.example.edu", why: "identity provider"}, {from: "/sso/redirect", to: "/sso/post", why: "binding"}, {from: "303 See Other", to: "200 OK", why: "status"}}},
		{name: "load-balanced API", scans: webScans, headed: true,
			answer:  "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nDate: «http»\r\nServer: envoy\r\nx-envoy-upstream-service-time: «int:1-400»\r\nx-correlation-id: «uuid»\r\ntraceparent: 00-«hex:32»-«hex:16»-01\r\nX-RateLimit-Limit: 100\r\nX-RateLimit-Remaining: «int:0-99»\r\nX-RateLimit-Reset: «epoch»\r\nX-Runtime: 0.«int:100000-999999»\r\nServer-Timing: app;dur=«float»\r\nX-Api-Version: 2023-10-01\r\n\r\n",
			changes: []change{{from: "2023-10-01", to: "2024-02-15", why: "version of the API"}, {from: "404 Not Found", to: "200 OK", why: "status"}, {from: "Server: envoy", to: "Server: istio-envoy", why: "server"}, {from: "application/json", to: "text/html", why: "kind of content"}}},
		{name: "router", scans: webScans + " telnet",
			answer:  "HTTP/1.0 200 OK\r\nServer: micro_httpd\r\nCache-Control: no-cache\r\nDate: «http»\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html><head><title>RT-AC68U Setup</title></head>",
			changes: []change{{from: "RT-AC68U", to: "RT-AX88U", why: "model"}, {from: "micro_httpd", to: "httpd/2.0", why: "server"}, {from: "HTTP/1.0", to: "HTTP/1.1", why: "protocol"}}},
		{name: "Varnish", scans: webScans, headed: true,
			answer:  "HTTP/1.1 200 OK\r\nServer: Apache/2.4.6 (CentOS)\r\nX-Varnish: «int:100000-99999999» «int:100000-99999999»\r\nAge: «int:0-300»\r\nVia: 1.1 varnish-v4\r\nX-Cache-Hits: «int:0-40»\r\nX-Drupal-Cache: «pick:HIT|MISS»\r\nX-Generator: Drupal 7 (http://drupal.org)\r\nDate: «http»\r\nLast-Modified: «http»\r\nETag: W/\"«epoch»-«int:0-1»\"\r\nContent-Language: en\r\n\r\n",
			changes: []change{{from: "Drupal 7", to: "Drupal 9", why: "generator"}, {from: "2.4.6 (CentOS)", to: "2.4.37 (CentOS)", why: "version"}, {from: "Content-Language: en", to: "Content-Language: ru", why: "language"}}},
	}
}

// webBodies is APIs that answer in JSON: search engines, containers, clusters.
func webBodies() []product {
	return []product{
		{name: "Elasticsearch", scans: "http elasticsearch http_raw - unknown",
			answer:  "HTTP/1.1 200 OK\r\nX-elastic-product: Elasticsearch\r\ncontent-type: application/json\r\ncontent-length: «int:520-560»\r\n\r\n{\n  \"name\" : \"node-1\",\n  \"cluster_name\" : \"logs\",\n  \"cluster_uuid\" : \"Xq3vJ0sTQ2iEo7Ff1n8yBw\",\n  \"version\" : {\n    \"number\" : \"7.17.9\",\n    \"build_flavor\" : \"default\",\n    \"build_hash\" : \"ef48222227ee6b9e70e502f0f0daa52435ee634d\",\n    \"build_date\" : \"2023-01-31T05:34:43.305517834Z\",\n    \"lucene_version\" : \"8.11.1\"\n  },\n  \"tagline\" : \"You Know, for Search\"\n}\n",
			changes: []change{{from: "7.17.9", to: "7.17.10", why: "version"}, {from: "8.11.1", to: "8.11.3", why: "library"}, {from: "\"logs\"", to: "\"prod\"", why: "cluster"}, {from: "2023-01-31T05", to: "2023-04-23T05", why: "date of the build"}, {from: "200 OK", to: "401 Unauthorized", why: "authentication demanded"}}},
		{name: "Elasticsearch locked", scans: "http elasticsearch -", headed: true,
			answer:  "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"security\" charset=\"UTF-8\"\r\nWWW-Authenticate: ApiKey\r\ncontent-type: application/json\r\ncontent-length: «int:300-400»\r\n\r\n{\"error\":{\"type\":\"security_exception\",\"reason\":\"missing authentication credentials for REST request [/]\"},\"status\":401}",
			changes: []change{{from: "401 Unauthorized", to: "200 OK", why: "authentication removed"}, {from: "WWW-Authenticate: ApiKey\r\n", to: "", why: "a way to log in gone"}}},
		{name: "Docker API", scans: "http docker http_raw -",
			answer:  "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\nDocker-Experimental: false\r\nOstype: linux\r\nServer: Docker/20.10.7 (linux)\r\nDate: «http»\r\nContent-Length: «int:800-900»\r\n\r\n{\"Platform\":{\"Name\":\"Docker Engine - Community\"},\"Version\":\"20.10.7\",\"ApiVersion\":\"1.41\",\"GitCommit\":\"b0f5bc3\",\"GoVersion\":\"go1.13.15\",\"Os\":\"linux\",\"Arch\":\"amd64\",\"KernelVersion\":\"5.4.0-80-generic\",\"BuildTime\":\"2021-06-02T11:54:58.000000000+00:00\"}\n",
			changes: []change{{from: "Docker/20.10.7", to: "Docker/20.10.12", why: "version"}, {from: "Api-Version: 1.41", to: "Api-Version: 1.43", why: "version of the API"}, {from: "5.4.0-80", to: "5.4.0-91", why: "kernel"}, {from: "go1.13.15", to: "go1.16.12", why: "runtime"}, {from: "200 OK", to: "403 Forbidden", why: "status"}}},
		{name: "Kubernetes API", scans: "https http kubernetes -", headed: true,
			answer:  "HTTP/1.1 403 Forbidden\r\nAudit-Id: «uuid»\r\nCache-Control: no-cache, private\r\nContent-Type: application/json\r\nX-Content-Type-Options: nosniff\r\nX-Kubernetes-Pf-Flowschema-Uid: «uuid»\r\nX-Kubernetes-Pf-Prioritylevel-Uid: «uuid»\r\nDate: «http»\r\nContent-Length: 217\r\n\r\n{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"forbidden: User \\\"system:anonymous\\\" cannot get path \\\"/\\\"\",\"reason\":\"Forbidden\",\"details\":{},\"code\":403}\n",
			changes: []change{{from: "403 Forbidden", to: "200 OK", why: "anonymous allowed"}, {from: "403 Forbidden", to: "401 Unauthorized", why: "anonymous off"}}},
		{name: "Kubernetes version", scans: "https http -",
			answer:  "HTTP/1.1 200 OK\r\nAudit-Id: «uuid»\r\nContent-Type: application/json\r\nDate: «http»\r\nContent-Length: 263\r\n\r\n{\n  \"major\": \"1\",\n  \"minor\": \"27\",\n  \"gitVersion\": \"v1.27.4\",\n  \"gitCommit\": \"fa3d7990104d7c1f16943a67f11b154b71f6a132\",\n  \"gitTreeState\": \"clean\",\n  \"buildDate\": \"2023-07-19T12:14:49Z\",\n  \"goVersion\": \"go1.20.6\",\n  \"platform\": \"linux/amd64\"\n}",
			changes: []change{{from: "v1.27.4", to: "v1.27.5", why: "version"}, {from: "fa3d7990", to: "93e0d700", why: "commit"}, {from: "linux/amd64", to: "linux/arm64", why: "platform"}, {from: "2023-07-19", to: "2023-08-24", why: "date of the build"}}},
		{name: "CouchDB", scans: "http couchdb -",
			answer:  "HTTP/1.1 200 OK\r\nCache-Control: must-revalidate\r\nContent-Length: 247\r\nContent-Type: application/json\r\nDate: «http»\r\nServer: CouchDB/3.1.1 (Erlang OTP/20)\r\nX-Couch-Request-ID: «hex:10»\r\nX-CouchDB-Body-Time: 0\r\n\r\n{\"couchdb\":\"Welcome\",\"version\":\"3.1.1\",\"git_sha\":\"ce596c65d\",\"uuid\":\"f1bb4b2d8d2f4c3a9e5d6b7a8c9d0e1f\",\"features\":[\"access-ready\",\"partitioned\"]}\n",
			changes: []change{{from: "CouchDB/3.1.1", to: "CouchDB/3.2.1", why: "version"}, {from: "OTP/20", to: "OTP/23", why: "runtime"}}},
	}
}

// dialogs is SIP and RTSP.
func dialogs() []product {
	return []product{
		{name: "Asterisk", scans: "sip - unknown sip-udp", headed: true,
			answer:  "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP «scanner»:«int:20000-60000»;branch=z9hG4bK-«int:100000-999999»;received=«scanner»;rport=«int:20000-60000»\r\nFrom: <sip:probe@«scanner»>;tag=«hex:16»\r\nTo: <sip:100@192.0.2.9>;tag=as«hex:8»\r\nCall-ID: «int:100000-99999999»@«scanner»\r\nCSeq: «int:1-99» OPTIONS\r\nServer: Asterisk PBX 16.2.1~dfsg-1\r\nAllow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER\r\nSupported: replaces, timer\r\nContact: <sip:192.0.2.9:5060>\r\nAccept: application/sdp\r\nContent-Length: 0\r\n\r\n",
			changes: []change{{from: "16.2.1~dfsg-1", to: "16.28.0~dfsg-0", why: "version"}, {from: "Asterisk PBX", to: "FPBX", why: "product"}, {from: ", REFER", to: "", why: "method gone"}, {from: "200 OK", to: "401 Unauthorized", why: "status"}, {from: "replaces, timer", to: "replaces", why: "extension gone"}}},
		{name: "SIP phone", scans: "sip -", headed: true,
			answer:  "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP «scanner»:5060;branch=z9hG4bK«hex:8»\r\nFrom: sip:a@b;tag=«hex:8»\r\nTo: sip:c@d;tag=«hex:8»\r\nCall-ID: «uuid»\r\nCSeq: 1 REGISTER\r\nUser-Agent: Grandstream GXP2160 1.0.11.6\r\nWWW-Authenticate: Digest realm=\"pbx\", nonce=\"«hex:32»\", algorithm=MD5\r\nDate: «http»\r\nContent-Length: 0\r\n\r\n",
			changes: []change{{from: "1.0.11.6", to: "1.0.11.35", why: "firmware"}, {from: "GXP2160", to: "GXP1625", why: "model"}, {from: "realm=\"pbx\"", to: "realm=\"asterisk\"", why: "realm"}, {from: "algorithm=MD5", to: "algorithm=SHA-256", why: "algorithm"}}},
		{name: "RTSP camera", scans: "rtsp - unknown http", headed: true,
			answer:  "RTSP/1.0 401 Unauthorized\r\nCSeq: «int:1-9»\r\nServer: H264DVR 1.0\r\nWWW-Authenticate: Digest realm=\"IPCAM\", nonce=\"«hex:32»\"\r\nDate: «http»\r\n\r\n",
			changes: []change{{from: "401 Unauthorized", to: "200 OK", why: "authentication removed"}, {from: "H264DVR 1.0", to: "H265DVR 1.0", why: "server"}, {from: "IPCAM", to: "NVR", why: "realm"}, {from: "Digest realm", to: "Basic realm", why: "scheme"}}},
		{name: "RTSP server", scans: "rtsp -", headed: true,
			answer:  "RTSP/1.0 200 OK\r\nServer: GStreamer RTSP server 1.14.5\r\nCSeq: «int:1-9»\r\nDate: «http»\r\nSession: «int:10000000-99999999»;timeout=60\r\nPublic: OPTIONS, DESCRIBE, GET_PARAMETER, PLAY, SETUP, TEARDOWN\r\n\r\n",
			changes: []change{{from: "1.14.5", to: "1.20.3", why: "version"}, {from: ", GET_PARAMETER", to: "", why: "method gone"}}},
	}
}
