package fingerprint

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFind(t *testing.T) {
	for _, c := range []struct {
		field                             Field
		text                              string
		product, version, update, os, cpe string
	}{
		{HTTPServer, "nginx/1.20.1", "nginx", "1.20.1", "", "", "cpe:2.3:a:f5:nginx:1.20.1:*:*:*:*:*:*:*"},
		{HTTPServer, "nginx", "nginx", "", "", "", "cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*"},
		{HTTPServer, "Apache/2.4.6 (CentOS) OpenSSL/1.0.2k-fips PHP/5.4.16", "Apache HTTP Server", "2.4.6", "", "CentOS", "cpe:2.3:a:apache:http_server:2.4.6:*:*:*:*:*:*:*"},
		{HTTPServer, "Jetty(9.4.43.v20210629)", "Jetty", "9.4.43.v20210629", "", "", "cpe:2.3:a:eclipse:jetty:9.4.43.v20210629:*:*:*:*:*:*:*"},
		{HTTPServer, "Microsoft-IIS/10.0", "IIS", "10.0", "", "Windows", "cpe:2.3:a:microsoft:internet_information_services:10.0:*:*:*:*:*:*:*"},
		{SSHSoftware, "OpenSSH_8.2p1 Ubuntu-4ubuntu0.10", "OpenSSH", "8.2p1", "p1", "Ubuntu", "cpe:2.3:a:openbsd:openssh:8.2:p1:*:*:*:*:*:*"},
		{SSHSoftware, "OpenSSH_8.4p1 Debian-5+deb11u1", "OpenSSH", "8.4p1", "p1", "Debian 11", "cpe:2.3:a:openbsd:openssh:8.4:p1:*:*:*:*:*:*"},
		{SSHSoftware, "OpenSSH_7.9 FreeBSD-20200214", "OpenSSH", "7.9", "", "FreeBSD", "cpe:2.3:a:openbsd:openssh:7.9:*:*:*:*:*:*:*"},
		{SSHSoftware, "OpenSSH_for_Windows_8.1", "OpenSSH", "8.1", "", "Windows", "cpe:2.3:a:openbsd:openssh:8.1:*:*:*:*:*:*:*"},
		{MySQLVersion, "5.5.5-10.3.39-MariaDB-0ubuntu0.20.04.2", "MariaDB", "10.3.39", "", "Ubuntu 20.04", "cpe:2.3:a:mariadb:mariadb:10.3.39:*:*:*:*:*:*:*"},
		{SMTPGreeting, "ubuntu.example.com ESMTP Postfix (Debian/GNU)", "Postfix", "", "", "Debian", "cpe:2.3:a:postfix:postfix:*:*:*:*:*:*:*:*"},
		{DNSVersion, "9.11.4-P2-RedHat-9.11.4-26.P2.el7_9.5", "BIND", "9.11.4-P2", "P2", "Red Hat Enterprise Linux 7.9", "cpe:2.3:a:isc:bind:9.11.4:p2:*:*:*:*:*:*"},
		{Name, "Redis 6.0.9", "Redis", "6.0.9", "", "", "cpe:2.3:a:redis:redis:6.0.9:*:*:*:*:*:*:*"},
		{HTTPServer, "something of one's own", "", "", "", "", ""},
	} {
		m, ok := Find(c.field, c.text)
		if ok != (c.product != "") || m.Product != c.product || m.Version != c.version || m.Update != c.update || m.OS != c.os || m.CPE != c.cpe {
			t.Errorf("%s %q: got %+v", c.field, c.text, m)
		}
	}
}

// Rules that can never be told apart would leave Match.Rule without meaning, and
// one that stands in no order would be missing from Version.
func TestTable(t *testing.T) {
	n := 0
	products := map[string]bool{}
	for field, rules := range allRules {
		found := false
		for _, f := range fields {
			found = found || f == field
		}
		if !found {
			t.Errorf("%s is missing from fields", field)
		}
		for i, r := range rules {
			n++
			products[r.vendor+" "+r.product] = true
			if (r.product == "") != strings.Contains(r.pattern, "?P<product>") || r.vendor == "" {
				t.Errorf("%s: rule %q has no vendor or product", field, r.pattern)
			}
			if r.cpe != "" && (len(strings.Split(r.cpe, ":")) != 3 || r.cpe != strings.ToLower(r.cpe)) {
				t.Errorf("%s: rule %q: %q is not part:vendor:product", field, r.pattern, r.cpe)
			}
			if table[field][i].prefilter == nil {
				t.Errorf("%s: rule %q has no literal that a text must hold: it would run on all", field, r.pattern)
			}
			if name, _ := system("", r.os); (name == "") != (r.os == "") {
				t.Errorf("%s: rule %q implies %q, which systems.go does not know", field, r.pattern, r.os)
			}
		}
	}
	if len(products) < 150 {
		t.Errorf("%d products", len(products))
	}
	t.Logf("%d rules for %d products", n, len(products))
}

// What a start pays for the table; the target is under 20 ms.
func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		for field, rules := range allRules {
			for i := range rules {
				compile(field, &rules[i])
			}
		}
	}
}

func TestFormatURI(t *testing.T) {
	for uri, want := range map[string]string{
		"cpe:/a:f5:nginx:1.20.1":                     "cpe:2.3:a:f5:nginx:1.20.1:*:*:*:*:*:*:*",
		"cpe:/a:f5:nginx:-":                          "cpe:2.3:a:f5:nginx:-:*:*:*:*:*:*:*",
		"cpe:/a:f5:nginx":                            "cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*",
		"cpe:/a:x:y%2bz:1.0:rc1":                     `cpe:2.3:a:x:y\+z:1.0:rc1:*:*:*:*:*:*`,
		"cpe:/o:microsoft:windows:10::~~pro~~x64~":   "cpe:2.3:o:microsoft:windows:10:*:*:*:pro:*:x64:*",
		"cpe:/h:cisco:catalyst 2960:(1)":             `cpe:2.3:h:cisco:catalyst_2960:\(1\):*:*:*:*:*:*:*`,
		"cpe:/a:é:\u202e:1":                          "cpe:2.3:a:_:_:1:*:*:*:*:*:*:*",
		"cpe:2.3:a:f5:nginx:1.20.1:*:*:*:*:*:*:*":    "",
		"cpe:/a:one:two:three:four:five:six:seven:8": "",
	} {
		if got := FormatURI(uri, nil); got != want {
			t.Errorf("%s: got %s, want %s", uri, got, want)
		}
	}
	fill := func(s string) string { return strings.ReplaceAll(s, "{v}", "1:2*") }
	if got, want := FormatURI("cpe:/a:b:c:{v}", fill), `cpe:2.3:a:b:c:1\:2\*:*:*:*:*:*:*:*`; got != want {
		t.Errorf("filled: got %s, want %s", got, want)
	}
}

// Whoever writes banners writes into a CPE: it always has thirteen parts and no
// character that could be taken for another part.
func FuzzFind(f *testing.F) {
	for _, s := range []string{"nginx/1.2:3", "Apache/2.4 (\x00\u202e)", "OpenSSH_8.2p1*?", "monit 5.6\\:", "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for field := range allRules {
			m, _ := Find(field, s)
			for _, cpe := range []string{m.CPE, m.OSCPE} {
				if cpe == "" {
					continue
				}
				parts := strings.Split(strings.ReplaceAll(cpe, `\:`, ""), ":")
				if len(parts) != 13 || !utf8.ValidString(cpe) || strings.ContainsAny(cpe, " \t\n\x00") {
					t.Errorf("%s %q: %q", field, s, cpe)
				}
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	for name, text := range map[string]string{"known": "Apache/2.4.41 (Ubuntu)", "unknown": "Something/1.0 (of one's own)"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Find(HTTPServer, text)
			}
		})
	}
}
