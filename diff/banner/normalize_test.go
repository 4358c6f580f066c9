package banner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/diff/banner"
)

func TestForm(t *testing.T) {
	got := banner.Normalize("HTTP/1.1 401 Unauthorized\r\nServer: nginx/1.20.1 (Ubuntu)\r\nDate: Tue, 15 Nov 2022 08:12:31 GMT\r\n"+
		"Set-Cookie: sid=1; Secure\r\nWWW-Authenticate: Basic realm=\"cam\"\r\n\r\n<title>Log\x1b in</title>", "telnet", 23)
	want := banner.Form{
		Protocol: "http", Digest: "c956e784b0bb0c16204da6cbbb20f46b", Product: "nginx", Version: "1.20.1",
		Facts: []banner.Fact{
			{Path: "http.auth.basic", Class: banner.Security, Value: `realm="cam"`},
			{Path: "http.cookie.sid", Class: banner.Security, Value: "secure"},
			{Path: "http.cpe", Class: banner.Identity, Value: "cpe:2.3:a:f5:nginx:1.20.1:*:*:*:*:*:*:*"},
			{Path: "http.os", Class: banner.Identity, Value: "Ubuntu"},
			{Path: "http.os_cpe", Class: banner.Identity, Value: "cpe:2.3:o:canonical:ubuntu_linux:*:*:*:*:*:*:*:*"},
			{Path: "http.protocol", Class: banner.Content, Value: "HTTP/1.1"},
			{Path: "http.server", Class: banner.Identity, Value: "nginx/1.20.1 (Ubuntu)"},
			{Path: "http.status", Class: banner.Security, Value: "401"},
			{Path: "http.title", Class: banner.Content, Value: `Log\x1b in`},
			{Path: "http.vendor", Class: banner.Identity, Value: "NGINX"},
		},
		Text: "HTTP/1.1 401\nserver: nginx/1.20.1 (Ubuntu)\nset-cookie: sid; secure\nwww-authenticate: basic realm=\"cam\"\n\n" +
			`title: Log\x1b in`,
		Escaped: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a changed digest needs a greater Version (P9):\n%s", diff)
	}
}

// TestNames: what is detected, and the first product with its version.
func TestNames(t *testing.T) {
	for _, c := range []struct {
		text, scan                 string
		port                       int
		protocol, product, version string
	}{
		{"HTTP/1.1 302 Found\r\nX-Content-Type-Options:...", "http_raw", 0, "http", "", ""},
		{"HTTP/1.1 200 OK\r\nServer: Jetty(9.4.43.v20210629)\r\n\r\n", "", 0, "http", "Jetty", "9.4.43.v20210629"},
		{"HTTP/1.1 200 OK\r\nServer: Apache/2.4.41 (Ubuntu) OpenSSL/1.1.1\r\n\r\n", "", 0, "http", "Apache HTTP Server", "2.4.41"},
		{"HTTP/1.1 200 OK\r\nServer: monit 5.6\r\n\r\n", "", 0, "http", "Monit", "5.6"},
		{"HTTP/1.1 200 OK\r\nServer: Apache\r\nX-Powered-By: PHP/7.4\r\n\r\n", "", 0, "http", "Apache HTTP Server", ""},
		{"HTTP/1.1 200 OK\r\nX-Powered-By: PHP/7.4.3\r\n\r\n", "", 0, "http", "PHP", "7.4.3"},
		{"<!DOCTYPE html><title>x</title>", "", 0, "http", "", ""},
		{"SSH-2.0-OpenSSH_8.2p1 Ubuntu-4ubuntu0.13\r\n", "telnet", 23, "ssh", "OpenSSH", "8.2p1"},
		{"SSH-2.0-OpenSSH_for_Windows_8.1", "", 0, "ssh", "OpenSSH", "8.1"},
		{"SSH-2.0-dropbear_2020.81", "", 0, "ssh", "Dropbear SSH", "2020.81"},
		{"SSH-2.0-OpenSSH_7.4p1-hpn14v5", "", 0, "ssh", "OpenSSH", "7.4p1-hpn14v5"},
		{"220 mx.example.com ESMTP Postfix (Ubuntu)", "", 0, "smtp", "Postfix", ""},
		{"220 postfix.example.com ESMTP Exim 4.94.2 Tue", "ftp", 21, "smtp", "Exim", "4.94.2"},
		{"220 smtp.example.com FTP server ready", "", 25, "ftp", "", ""},
		{"220 (vsFTPd 3.0.3)", "telnet", 23, "ftp", "vsFTPd", "3.0.3"},
		{"220 ProFTPD 1.3.5e Server (Debian) [192.0.2.1]", "", 0, "ftp", "ProFTPD", "1.3.5e"},
		{"220---------- Welcome to Pure-FTPd [privsep] [TLS] ----------\r\n", "", 0, "ftp", "Pure-FTPd", ""},
		{"220 FileZilla Server version 0.9.41 beta ftp", "", 0, "ftp", "FileZilla Server", "0.9.41 beta"},
		{"220 ready", "", 587, "smtp", "", ""},
		{"220 ready", "", 0, "ftp", "", ""},
		{"* OK [CAPABILITY IMAP4rev1] Dovecot (Ubuntu) ready.", "", 0, "imap", "Dovecot", ""},
		{"+OK m Cyrus POP3 v2.3.14 server ready", "", 0, "pop3", "Cyrus IMAP", "2.3.14"},
		{"-ERR unknown command 'GET'", "", 0, "redis", "", ""},
		{"redis_version:6.0.9\r\n", "", 0, "redis", "Redis", "6.0.9"},
		{"VERSION 1.6.9\r\n", "", 0, "memcache", "Memcached", "1.6.9"},
		{"J\x00\x00\x00\n5.5.5-10.3.39-MariaDB-0ubuntu0.20.04.2\x00", "", 0, "mysql", "MariaDB", "10.3.39"},
		{"J\x00\x00\x00\n8.0.36\x00abcd", "unknown", 0, "mysql", "MySQL", "8.0.36"},
		{"\xff\xfd\x18\xff\xfd\x20login:", "", 0, "telnet", "", ""},
		{"ÿý\x18ÿý login:", "", 0, "telnet", "", ""},
		{"E\x00\x00\x00\x8cSFATAL\x00C0A000\x00", "", 0, "postgresql", "", ""},
		{"\x03\x00\x00\x13\x0e\xd0", "", 0, "ms-wbt-server", "", ""},
		{"\x16\x03\x01\x00\x7a\x02", "https", 443, "tls", "", ""},
		{"login:", "Telnet", 0, "telnet", "", ""},
		{"hello", "HTTPS", 0, "http", "", ""},
		{"hello", "X!Y z\u202e-1", 0, "xyz-1", "", ""},
		{"hello", "", 6379, "redis", "", ""},
		{"hello", "", 0, "unknown", "", ""},
		{"", "", 0, "unknown", "", ""},
		{"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + `{"version":{"number":"7.10.2"},"name":"n1","tagline":"You Know, for Search"}`, "", 9200, "http", "Elasticsearch", "7.10.2"},
		{"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + `{"major":"1","minor":"21","gitVersion":"v1.21.5+k3s1"}`, "", 6443, "http", "Kubernetes", "1.21.5+k3s1"},
		{"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + `{"couchdb":"Welcome","version":"3.1.1"}`, "", 5984, "http", "CouchDB", "3.1.1"},
		{"HTTP/1.1 200 OK\r\nX-Jenkins: 2.414.1\r\nSet-Cookie: JSESSIONID.1a=x\r\n\r\n", "", 0, "http", "Jenkins", "2.414.1"},
		{"HTTP/1.1 200 OK\r\n\r\n<title>Grafana</title>", "", 0, "http", "Grafana", ""},
		{"MikroTik v6.49.6 (stable)\r\nLogin: ", "telnet", 23, "telnet", "RouterOS", "6.49.6"},
		{"Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 15.0(2)SE11, RELEASE SOFTWARE (fc3)", "snmp", 161, "snmp", "IOS", "15.0(2)SE11"},
		{"9.11.4-P2-RedHat-9.11.4-26.P2.el7_9.5", "dns", 53, "domain", "BIND", "9.11.4-P2"},
		{`version="ntpd 4.2.8p15@1.3728-o Wed Sep 23 11:46:38 UTC 2020 (1)", processor="x86_64", system="Linux/5.10.0", leap=0, stratum=2`, "ntp", 123, "ntp", "NTP", "4.2.8p15@1.3728-o"},
		{"SIP/2.0 200 OK\r\nUser-Agent: Asterisk PBX 16.2.1\r\n\r\n", "sip", 5060, "sip", "Asterisk", "16.2.1"},
		{"RFB 003.889\n", "", 5900, "rfb", "Apple Remote Desktop", ""},
	} {
		f := banner.Normalize(c.text, c.scan, c.port)
		if f.Protocol != c.protocol || f.Product != c.product || f.Version != c.version {
			t.Errorf("%q as %q on %d: got %s, %q %q; want %s, %q %q", c.text, c.scan, c.port,
				f.Protocol, f.Product, f.Version, c.protocol, c.product, c.version)
		}
	}
}

func TestCompare(t *testing.T) {
	before := banner.Normalize("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"cam\"\r\nServer: a/1\r\n\r\n", "", 0)
	after := banner.Normalize("HTTP/1.1 302 Found\r\nLocation: https://b.example/x\r\nServer: a/1\r\n\r\n", "", 0)
	text := func(s string) *string { return &s }
	want := []banner.FactChange{
		{Path: "http.auth.basic", Class: banner.Security, Before: text(`realm="cam"`)},
		{Path: "http.redirect.host", Class: banner.Routing, After: text("b.example")},
		{Path: "http.redirect.path", Class: banner.Routing, After: text("/x")},
		{Path: "http.redirect.scheme", Class: banner.Routing, After: text("https")},
		{Path: "http.status", Class: banner.Security, Before: text("401"), After: text("302")},
	}
	if diff := cmp.Diff(want, banner.Compare(before, after)); diff != "" {
		t.Error(diff)
	}
}

func TestProtocolsAreApart(t *testing.T) {
	if banner.SameButCut(banner.Normalize("220 ready...", "ftp", 0), banner.Normalize("220 ready", "smtp", 0)) {
		t.Error("forms of two protocols are one answer")
	}
}
