package banner_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/diff/banner/pairgen"
)

// TestBinaryFacts: what the bytes of each protocol tell, and as what.
func TestBinaryFacts(t *testing.T) {
	const kex = "\x00\x00\x00\x8c\x04\x14abcdefghijklmnop" + "\x00\x00\x00\x1adiffie-hellman-group1-sha1" +
		"\x00\x00\x00\x07ssh-rsa" + "\x00\x00\x00\x0aaes128-cbc\x00\x00\x00\x0aaes128-ctr" + "\x00\x00\x00\x08hmac-md5\x00\x00\x00\x08hmac-md5" +
		"\x00\x00\x00\x04none\x00\x00\x00\x04none\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	for _, c := range []struct {
		name, scan, text string
		facts            []string // "path class value"
	}{
		{"KEXINIT", "ssh", "SSH-2.0-x_1\r\n" + kex, []string{"ssh.cipher.aes128-cbc security to server", "ssh.cipher.aes128-ctr security to client", "ssh.keyalgorithm.ssh-rsa security present",
			"ssh.weak security aes128-cbc, diffie-hellman-group1-sha1, hmac-md5, ssh-rsa", "ssh.hassh security 084fcbad6b658c20c03651c17efd3e76"}},
		{"host key", "ssh", "SSH-2.0-x_1\nFingerprint: aa:bb\n", []string{"ssh.hostkey.fingerprint security aa:bb"}},
		{"MySQL", "", "J\x00\x00\x00\n5.5.5-10.3.39-MariaDB\x00\x01\x02\x03\x04abcdefgh\x00\xfe\xff\x2d\x02\x00\xbf\x81\x15\x06\x00\x00\x00\x00\x00\x07\x00\x00\x00abcdefghijkl\x00mysql_native_password\x00",
			[]string{"mysql.version identity 10.3.39-MariaDB", "mysql.tls security yes", "mysql.charset content 45", "mysql.capabilities content 81bffffe", "mysql.plugin security mysql_native_password"}},
		{"MySQL error", "", "J\x00\x00\x00\xffi\x04Host '198.51.100.7' is blocked", []string{"mysql.error security 1129", "mysql.message content Host '⟨addr⟩' is blocked"}},
		{"PostgreSQL", "", "E\x00\x00\x00\x50SFATAL\x00C0A000\x00Munsupported\x00Fpostmaster.c\x00L2071\x00RProcessStartupPacket\x00\x00",
			[]string{"postgresql.code security 0A000", "postgresql.file identity postmaster.c", "postgresql.line identity 2071", "postgresql.routine identity ProcessStartupPacket"}},
		{"PostgreSQL asks", "", "R\x00\x00\x00\x17\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00", []string{"postgresql.auth security sasl SCRAM-SHA-256"}},
		{"MongoDB", "", "\x37\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00\x22\x00\x00\x00\x08ismaster\x00\x01\x10maxWireVersion\x00\x0d\x00\x00\x00\x00",
			[]string{"mongodb.ismaster security true", "mongodb.maxwireversion identity 13"}},
		{"LDAP", "", "0\x27\x02\x01\x07d\x22\x04\x000\x1e0\x1c\x04\x14supportedLDAPVersion1\x04\x04\x013\x00", []string{"ldap.supportedldapversion identity 3"}},
		{"RDP", "", "\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x1f\x08\x00\x02\x00\x00\x00", []string{"ms-wbt-server.flags security 1f", "ms-wbt-server.protocol security credssp"}},
		{"DNS", "dns", "\x12\x34\x85\x80\x00\x01\x00\x01\x00\x00\x00\x00\x07version\x04bind\x00\x00\x10\x00\x03\xc0\x0c\x00\x10\x00\x03\x00\x00\x00\x00\x00\x07\x069.18.1",
			[]string{"domain.recursion security yes", "domain.rcode security noerror", "domain.txt.version.bind identity 9.18.1"}},
		{"VNC", "", "RFB 003.008\n\x02\x01\x02", []string{"rfb.version security RFB 003.008", "rfb.security security none, vnc"}},
		{"MQTT", "", "\x20\x02\x00\x05", []string{"mqtt.code security 5"}},
		{"NTP", "ntp", "\x16\x82\x00\x01\x00\x00\x00\x00\x00\x00\x00\x20version=\"ntpd 4.2.8\", stratum=3", []string{"ntp.version identity ntpd 4.2.8", "ntp.mode security 6"}},
		{"SNMP", "", "0\x29\x02\x01\x01\x04\x06public\xa2\x1c\x02\x01\x05\x02\x01\x00\x02\x01\x000\x110\x0f\x06\x08+\x06\x01\x02\x01\x01\x01\x00\x04\x03abc", []string{"snmp.sysdescr identity abc", "snmp.community security public"}},
		{"AMQP", "", "\x01\x00\x00\x00\x00\x00\x3c\x00\x0a\x00\x0a\x00\x09\x00\x00\x00\x13\x07versionS\x00\x00\x00\x063.9.13\x00\x00\x00\x05PLAIN\x00\x00\x00\x05en_US", []string{"amqp.mechanisms security PLAIN"}},
		{"ZooKeeper", "", "Zookeeper version: 3.4.14-4c25, built on 03/06/2019\nReceived: 3\nMode: follower\n", []string{"zookeeper.mode security follower", "zookeeper.version identity 3.4.14-4c25, built on 03/06/2019"}},
		{"Telnet", "", "\xff\xfd\x18\xff\xfb\x01login:", []string{"telnet.options content do 24, will 1", "telnet.text content login:"}},
		{"TLS", "", "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" + strings.Repeat("r", 32) + "\x00\xc0\x2f\x00", []string{"tls.version security 3.3", "tls.cipher security 0xc02f"}},
		{"SMB", "", "\x00\x00\x00\x80\xfeSMB" + strings.Repeat("\x00", 60) + "\x41\x00\x03\x00\x11\x03" + strings.Repeat("\x00", 40), []string{"microsoft-ds.security security 03", "microsoft-ds.dialect security 0311"}},
		{"SQL Server", "", "\x04\x01\x00\x1a\x00\x00\x01\x00\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff\x0f\x00\x07\xd0\x00\x00\x02", []string{"ms-sql-s.version identity 15.0.2000", "ms-sql-s.encryption security not supported"}},
	} {
		f := banner.Normalize(c.text, c.scan, 0)
		var got []string
		for _, fact := range f.Facts {
			got = append(got, fact.Path+" "+string(fact.Class)+" "+fact.Value)
		}
		for _, want := range c.facts {
			if !slices.Contains(got, want) {
				t.Errorf("%s: no fact %q in\n%s", c.name, want, strings.Join(got, "\n"))
			}
		}
	}
}

// hostileOctets are lengths that lie, and nesting without end.
var hostileOctets = []string{
	"SSH-2.0-x\r\n\x7f\xff\xff\xff\x04\x14abcdefghijklmnop\x7f\xff\xff\xffaaa", "\xff\xff\xff\x00\n8.0\x00", "E\xff\xff\xff\xffS", "R\x00\xff\xff\xff\x00\x00\x00\x0a",
	strings.Repeat("\x01\x00\x00\x00", 4) + strings.Repeat("\x03a\x00\xff\xff\xff\x7f", 4000), "0\x84\xff\xff\xff\xff\x02\x01\x01d\x84\xff\xff\xff\xff", strings.Repeat("0\x84\x7f\xff\xff\xff", 4000),
	"\x03\x00\xff\xff\xff\xd0", "\x00\x01\x80\x00\x00\x01\x00\x40\x00\x00\x00\x00" + strings.Repeat("\xc0\x0c", 4000), "RFB 003.008\n\xff\x01", "RFB 003.008\n\x00\xff\xff\xff\xff", "\x20\xff\xff\xff\x7f\x00",
	"\x01\x00\x00\xff\xff\xff\xff\x00\x0a\x00\x0a\x00\x09\x00\xff\xff\xff" + strings.Repeat("\x01aF\x00\x00\xff\xff", 4000), strings.Repeat("\xff\xfa", 20000), "\x16\x03\x03\xff\xff\x02\xff\xff\xff", "\x00\xff\xff\xff\xfeSMB",
	strings.Repeat(`{"a":`, 8000), strings.Repeat("[", 30000) + "{", `{"ismaster":` + strings.Repeat(`"`, 30000), "\x16\x82" + strings.Repeat("a=\"", 15000), "STAT " + strings.Repeat(" ", 30000), "*" + strings.Repeat("9", 30000),
	"\x04\x01\x00\xff\x00\x00\x01\x00\x00\xff\xff\x00\x06", "\x60" + strings.Repeat("\x04\x7f", 20000) + "\ufffd", "supportedLDAPVersion" + strings.Repeat(":", 60000), "000\x00\n\n\x00",
}

// fuzzOctets fuzzes the parser of one protocol: seeds are the pairs of the corpus
// and what lies.
func fuzzOctets(f *testing.F, scan, protocol string) {
	n := 0
	for _, p := range pairgen.Pairs(corpusSeed) {
		if form := banner.Normalize(p.Old, scan, 0); form.Protocol == protocol && len(p.Old) < 4096 {
			if f.Add(p.Old); n > 60 {
				break
			}
			n++
		}
	}
	if n == 0 {
		f.Fatalf("no seed for %s", protocol)
	}
	for _, h := range hostileOctets {
		f.Add(h)
	}
	f.Fuzz(func(t *testing.T, text string) {
		form := banner.Normalize(text, scan, 0)
		checkForm(t, text, form)
		if again := banner.Normalize(text, scan, 0); again.Digest != form.Digest || len(banner.Compare(form, again)) != 0 {
			t.Fatalf("%q has two forms", text)
		}
		checkForm(t, text, banner.Normalize(text+"...", scan, 0))
	})
}

func FuzzSSH(f *testing.F)       { fuzzOctets(f, "ssh", "ssh") }
func FuzzMySQL(f *testing.F)     { fuzzOctets(f, "mysql", "mysql") }
func FuzzPostgres(f *testing.F)  { fuzzOctets(f, "postgresql", "postgresql") }
func FuzzRedis(f *testing.F)     { fuzzOctets(f, "redis", "redis") }
func FuzzMemcache(f *testing.F)  { fuzzOctets(f, "memcached", "memcache") }
func FuzzMongo(f *testing.F)     { fuzzOctets(f, "mongodb", "mongodb") }
func FuzzLDAP(f *testing.F)      { fuzzOctets(f, "ldap", "ldap") }
func FuzzRDP(f *testing.F)       { fuzzOctets(f, "rdp", "ms-wbt-server") }
func FuzzDNS(f *testing.F)       { fuzzOctets(f, "dns", "domain") }
func FuzzRFB(f *testing.F)       { fuzzOctets(f, "vnc", "rfb") }
func FuzzMQTT(f *testing.F)      { fuzzOctets(f, "mqtt", "mqtt") }
func FuzzNTP(f *testing.F)       { fuzzOctets(f, "ntp", "ntp") }
func FuzzSNMP(f *testing.F)      { fuzzOctets(f, "snmp", "snmp") }
func FuzzAMQP(f *testing.F)      { fuzzOctets(f, "amqp", "amqp") }
func FuzzZooKeeper(f *testing.F) { fuzzOctets(f, "zookeeper", "zookeeper") }
func FuzzTelnet(f *testing.F)    { fuzzOctets(f, "telnet", "telnet") }
func FuzzTLS(f *testing.F)       { fuzzOctets(f, "tls", "tls") }
func FuzzSMB(f *testing.F)       { fuzzOctets(f, "smb", "microsoft-ds") }
func FuzzTDS(f *testing.F)       { fuzzOctets(f, "mssql", "ms-sql-s") }

// TestHostileOctets reads each as an answer of each protocol.
func TestHostileOctets(t *testing.T) {
	for _, scan := range []string{"ssh", "mysql", "postgresql", "redis", "memcached", "mongodb", "ldap", "rdp", "dns", "vnc", "mqtt", "ntp", "snmp", "amqp", "zookeeper", "telnet", "tls", "smb", "mssql", ""} {
		for _, text := range hostileOctets {
			start := time.Now()
			checkForm(t, text, banner.Normalize(text, scan, 0))
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("%.40q as %s took %v", text, scan, took)
			}
		}
	}
}

// TestCutAnywhereInOctets cuts an answer of each product of the corpus at every
// byte: with the sign of a cut it is what it was cut from.
func TestCutAnywhereInOctets(t *testing.T) {
	binary := []string{"amqp", "domain", "ldap", "memcache", "mongodb", "mysql", "ntp", "postgresql", "redis", "snmp", "ssh", "telnet", "zookeeper", "mqtt", "ms-wbt-server", "ms-sql-s", "microsoft-ds", "rfb", "tls"}
	tried := 0
	for _, p := range pairgen.Pairs(corpusSeed) {
		whole := banner.Normalize(p.Old, p.ScanProtocol, 0)
		if !strings.HasSuffix(p.Why, ": drawn anew") || !slices.Contains(binary, whole.Protocol) {
			continue
		}
		tried++
		for n := range p.Old {
			cut := banner.Normalize(p.Old[:n]+"...", whole.Protocol, 0)
			checkForm(t, p.Old[:n], cut)
			if cut.Protocol == whole.Protocol && !banner.SameButCut(cut, whole) && !strings.HasSuffix(p.Old[:n], ".") {
				t.Errorf("%s cut to %d bytes is another answer: %q\n%s\n---\n%s", p.Why, n, p.Old[:n], cut.Text, whole.Text)
				break
			}
		}
	}
	if tried < 50 {
		t.Errorf("only %d were tried", tried)
	}
}
