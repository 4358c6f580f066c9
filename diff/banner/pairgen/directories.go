package pairgen

import (
	"encoding/binary"
	"fmt"
)

// ber is one element with a long or short length.
func ber(tag byte, body string) string {
	if len(body) < 0x80 {
		return string([]byte{tag, byte(len(body))}) + body
	}
	return string([]byte{tag, 0x82, byte(len(body) >> 8), byte(len(body))}) + body
}

// rootDSE is an LDAP entry of attributes and their values, and its end.
func rootDSE(attributes ...[]string) func(d *drawer) string {
	return func(d *drawer) string {
		list := ""
		for _, a := range attributes {
			values := ""
			for _, v := range a[1:] {
				values += ber(4, d.draw(v))
			}
			list += ber(0x30, ber(4, a[0])+ber(0x31, values))
		}
		id := string([]byte{byte(1 + d.IntN(100))})
		return raw([]byte(ber(0x30, ber(2, id)+ber(0x64, ber(4, "")+ber(0x30, list))) + ber(0x30, ber(2, id)+ber(0x65, "\x0a\x01\x00\x04\x00\x04\x00"))))
	}
}

// snmp is a response of version 2c with the system group.
func snmp(description, object, name string) func(d *drawer) string {
	return func(d *drawer) string {
		binding := func(last byte, value string) string {
			return ber(0x30, ber(6, "\x2b\x06\x01\x02\x01\x01"+string([]byte{last, 0}))+value)
		}
		list := binding(1, ber(4, description)) + binding(2, ber(6, object)) + binding(3, ber(0x43, string(d.octets(3)))) + binding(5, ber(4, name))
		id := "\x01" + string(d.octets(3))
		return raw([]byte(ber(0x30, ber(2, "\x01")+ber(4, "public")+ber(0xA2, ber(2, id)+ber(2, "\x00")+ber(2, "\x00")+ber(0x30, list)))))
	}
}

// snmpReport is the answer of version 3 to a probe for its engine.
func snmpReport(engine string) func(d *drawer) string {
	return func(d *drawer) string {
		security := ber(0x30, ber(4, engine)+ber(2, string([]byte{byte(1 + d.IntN(90))}))+ber(2, "\x01"+string(d.octets(2)))+ber(4, "")+ber(4, "")+ber(4, ""))
		report := ber(0xA8, ber(2, "\x01"+string(d.octets(2)))+ber(2, "\x00")+ber(2, "\x00")+ber(0x30, ber(0x30, ber(6, "\x2b\x06\x01\x06\x03\x0f\x01\x01\x04\x00")+ber(0x41, string([]byte{byte(1 + d.IntN(100))})))))
		return raw([]byte(ber(0x30, ber(2, "\x03")+ber(0x30, ber(2, "\x01"+string(d.octets(2)))+ber(2, "\x00\xff\xe3")+ber(4, "\x00")+ber(2, "\x03"))+ber(4, security)+ber(0x30, ber(4, engine)+ber(4, "")+report))))
	}
}

// dnsAnswer is a response to a question for version.bind.
func dnsAnswer(flags uint16, version string, tcp bool) func(d *drawer) string {
	return func(d *drawer) string {
		question := "\x07version\x04bind\x00\x00\x10\x00\x03"
		answers := 0
		answer := ""
		if version != "" {
			answers = 1
			answer = "\xc0\x0c\x00\x10\x00\x03\x00\x00\x00\x00" + string(binary.BigEndian.AppendUint16(nil, uint16(len(version)+1))) + string([]byte{byte(len(version))}) + version
		}
		b := append(d.octets(2), byte(flags>>8), byte(flags), 0, 1, 0, byte(answers), 0, 0, 0, 0)
		b = append(append(b, question...), answer...)
		if tcp {
			b = append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
		}
		return raw(b)
	}
}

// resolver is a response with records in any order, times to live, a server's
// name (NSID) and a cookie.
func resolver(name string, size, flags uint16) func(d *drawer) string {
	return func(d *drawer) string {
		b := append(d.octets(2), byte(flags>>8), byte(flags), 0, 1, 0, 2, 0, 0, 0, 1)
		b = append(b, "\x08"+d.from(8, "abcdefghij0123456789")+"\x05probe\x07example\x00\x00\x01\x00\x01"...)
		records := [][]byte{{192, 0, 2, 80}, {192, 0, 2, 81}}
		d.Shuffle(2, func(i, j int) { records[i], records[j] = records[j], records[i] })
		for _, r := range records {
			b = append(b, 0xC0, 0x0C, 0, 1, 0, 1, 0, 0, byte(d.IntN(14)), byte(d.IntN(256)), 0, 4)
			b = append(b, r...)
		}
		options := append([]byte{0, 3, 0, byte(len(name))}, name...)
		options = append(append(options, 0, 10, 0, 24), d.octets(24)...)
		b = append(b, 0, 0, 41, byte(size>>8), byte(size), 0, 0, 0, 0, 0, byte(len(options)))
		return raw(append(b, options...))
	}
}

// ntpVariables is an answer of mode 6.
func ntpVariables(version, system string) func(d *drawer) string {
	return func(d *drawer) string {
		text := d.draw(fmt.Sprintf("version=\"%s\", processor=\"x86_64\",\r\nsystem=\"%s\", leap=0, stratum=«int:2-4», precision=-23,\r\nrootdelay=«float», rootdisp=«float», refid=«scanner»,\r\nreftime=0x«hex:8».«hex:8», clock=0x«hex:8».«hex:8», peer=«int:1000-60000», tc=10,\r\nmintc=3, offset=«float», frequency=-12.«int:100-999», sys_jitter=«float»", version, system))
		b := append([]byte{0x16, 0x82}, d.octets(2)...)
		b = append(b, d.octets(2)...)
		b = append(b, 0, 0, 0, 0, byte(len(text)>>8), byte(len(text)))
		return raw(append(b, text...))
	}
}

// directories is LDAP, DNS, NTP and SNMP.
func directories() []product {
	dse := func(change string) func(d *drawer) string {
		pick := func(name, usual, changed string) string {
			if change == name {
				return changed
			}
			return usual
		}
		attributes := [][]string{{"currentTime", "«ldap»"}, {"subschemaSubentry", "CN=Aggregate,CN=Schema,CN=Configuration,DC=example,DC=com"}, {"namingContexts", pick("context", "DC=example,DC=com", "DC=example,DC=net"), "CN=Configuration,DC=example,DC=com"},
			{"highestCommittedUSN", "«int:10000-999999»"}, {"supportedSASLMechanisms", "GSSAPI", pick("mechanism", "GSS-SPNEGO", "PLAIN"), "EXTERNAL"}, {"supportedLDAPVersion", "3", "2"}, {"dnsHostName", pick("host", "dc1.example.com", "dc2.example.com")},
			{"domainFunctionality", pick("level", "7", "6")}, {"isGlobalCatalogReady", "TRUE"}}
		if change == "control" {
			attributes = append(attributes, []string{"supportedControl", "1.2.840.113556.1.4.319"})
		}
		return rootDSE(attributes...)
	}
	const ldif = "dn:\nnamingContexts: dc=example,dc=org\nsupportedControl: 1.2.840.113556.1.4.319\nsupportedControl: 1.3.6.1.1.12\nsupportedExtension: 1.3.6.1.4.1.1466.20037\nsupportedLDAPVersion: 3\nsupportedSASLMechanisms: SCRAM-SHA-1\nsupportedSASLMechanisms: DIGEST-MD5\nvendorName: 389 Project\nvendorVersion: 389-Directory/1.4.3.28 B2022.0105.1822\ndataversion: 0«stamp»\nlastusn;userroot: «int:1-9999»\ncurrentTime: «ldap»\nmodifyTimestamp: «ldap»\n"
	const device = "Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 12.2(55)SE7, RELEASE SOFTWARE (fc1)\r\nTechnical Support: http://www.cisco.com/techsupport\r\nCopyright (c) 1986-2013 by Cisco Systems, Inc.\r\nCompiled Mon 28-Jan-13 10:10 by prod_rel_team"
	const linux = "Linux gw 5.4.0-91-generic #102-Ubuntu SMP Fri Nov 5 16:31:28 UTC 2021 x86_64"
	const ntpd = "ntpd 4.2.8p12@1.3728-o Wed Aug 12 08:46:38 UTC 2020 (1)"
	oid := "\x2b\x06\x01\x04\x01\xbf\x08\x03\x02\x0a"
	engine := "\x80\x00\x1f\x88\x80\x2b\x07\x19\x44\x55\xaa\x10\x5f"
	return []product{
		{name: "Active Directory", scans: "ldap - unknown", bytes: dse(""), changes: []change{{why: "context", bytes: dse("context")}, {why: "mechanism", bytes: dse("mechanism")}, {why: "host", bytes: dse("host")}, {why: "level", bytes: dse("level")}, {why: "control", bytes: dse("control")}}},
		{name: "directory in words", scans: "ldap - unknown", answer: ldif, changes: []change{{from: "1.4.3.28 B2022.0105.1822", to: "1.4.3.34 B2023.0223.1633", why: "version"}, {from: "supportedSASLMechanisms: DIGEST-MD5\n", to: "", why: "mechanism gone"}, {from: "dc=example,dc=org", to: "dc=example,dc=net", why: "context"}, {from: "supportedExtension: 1.3.6.1.4.1.1466.20037\n", to: "", why: "STARTTLS gone"}}},
		{name: "bind over UDP", scans: "dns dns-udp domain -", bytes: dnsAnswer(0x8580, "9.11.4-P2-RedHat-9.11.4-26.P2.el7_9.9", false),
			changes: []change{{why: "patch of the package", bytes: dnsAnswer(0x8580, "9.11.4-P2-RedHat-9.11.4-26.P2.el7_9.15", false)}, {why: "recursion off", bytes: dnsAnswer(0x8500, "9.11.4-P2-RedHat-9.11.4-26.P2.el7_9.9", false)}, {why: "refused", bytes: dnsAnswer(0x8585, "", false)}}},
		{name: "bind over TCP", scans: "dns domain", bytes: dnsAnswer(0x8500, "9.18.12", true), changes: []change{{why: "version", bytes: dnsAnswer(0x8500, "9.18.24", true)}, {why: "open resolver", bytes: dnsAnswer(0x8580, "9.18.12", true)}}},
		{name: "open resolver", scans: "dns domain", bytes: resolver("ns1-fra", 1232, 0x8180), changes: []change{{why: "name of the server", bytes: resolver("ns2-fra", 1232, 0x8180)}, {why: "closed", bytes: resolver("ns1-fra", 1232, 0x8105)}, {why: "size it takes", bytes: resolver("ns1-fra", 4096, 0x8180)}}},
		{name: "dig", scans: "dns domain", answer: ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: «int:1-65000»\n;; flags: qr rd ra; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1\n;; ANSWER SECTION:\nversion.bind. 0 CH TXT \"unbound 1.13.1\"\nexample.com. «int:1-86400» IN A 192.0.2.80\n;; Query time: «int:1-90» msec\n;; WHEN: «asctimezone»\n;; MSG SIZE rcvd: «int:60-70»\n",
			changes: []change{{from: "1.13.1", to: "1.17.1", why: "version"}, {from: "NOERROR", to: "REFUSED", why: "code"}, {from: "qr rd ra;", to: "qr rd;", why: "recursion"}}},
		{name: "DNS in words", scans: "dns domain", answer: "9.16.1-Ubuntu\n", changes: []change{{from: "9.16.1", to: "9.16.48", why: "version"}, {from: "9.16.1-Ubuntu", to: "dnsmasq-2.80", why: "product"}}},
		{name: "resolver in words", scans: "dns domain", answer: "Resolver name: ns1.example.com\nRecursion: enabled\nversion.bind: unbound 1.13.1\n", changes: []change{{from: "1.13.1", to: "1.17.0", why: "version"}, {from: "enabled", to: "disabled", why: "recursion"}}},
		{name: "ntpd", scans: "ntp", bytes: ntpVariables(ntpd, "Linux/5.4.0-91-generic"), changes: []change{{why: "version", bytes: ntpVariables("ntpd 4.2.8p15@1.3728-o Wed Aug 12 08:46:38 UTC 2020 (1)", "Linux/5.4.0-91-generic")}, {why: "kernel", bytes: ntpVariables(ntpd, "Linux/5.15.0-25-generic")}, {why: "date of the build", bytes: ntpVariables("ntpd 4.2.8p12@1.3728-o Thu Sep 24 08:46:38 UTC 2020 (1)", "Linux/5.4.0-91-generic")}}},
		{name: "ntpd in words", scans: "ntp - unknown", answer: "version=\"" + ntpd + "\", processor=\"x86_64\", system=\"Linux/4.15.0\", leap=0, stratum=«int:2-4», precision=-24, rootdelay=«float», rootdisp=«float», refid=«scanner», reftime=0x«hex:8».«hex:8», clock=0x«hex:8».«hex:8», peer=«int:1-60000», tc=«int:6-10», offset=«float», sys_jitter=«float»",
			changes: []change{{from: "4.2.8p12", to: "4.2.8p15", why: "version"}, {from: "Linux/4.15.0", to: "Linux/5.4.0", why: "kernel"}, {from: "x86_64", to: "aarch64", why: "processor"}}},
		{name: "clock", scans: "ntp", uncut: true, bytes: func(d *drawer) string {
			return raw(append([]byte{0x24, byte(1 + d.IntN(4)), 6, 0xE9}, d.octets(44)...))
		}, changes: []change{{why: "tells its version now", bytes: ntpVariables(ntpd, "Linux/5.4.0")}}},
		{name: "SNMP device", scans: "snmp -", bytes: snmp(device, oid, "sw1"), changes: []change{{why: "version", bytes: snmp("Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 12.2(55)SE12, RELEASE SOFTWARE (fc2)", oid, "sw1")}, {why: "name", bytes: snmp(device, oid, "sw2")}, {why: "object", bytes: snmp(device, "\x2b\x06\x01\x04\x01\x09\x01\x01", "sw1")}, {why: "locked", bytes: snmpReport(engine)}}},
		{name: "SNMP engine", scans: "snmp snmpv3", uncut: true, bytes: snmpReport(engine), changes: []change{{why: "enterprise", bytes: snmpReport("\x80\x00\x00\x09\x03\x00\x1a\x2b\x3c\x4d\x5e\x00")}, {why: "engine", bytes: snmpReport("\x80\x00\x1f\x88\x80\x99\x07\x19\x44\x55\xaa\x10\x5f")}}},
		{name: "description of a device", scans: "snmp", answer: device, changes: []change{{from: "12.2(55)SE7", to: "12.2(55)SE10", why: "version"}, {from: "Mon 28-Jan-13 10:10", to: "Wed 11-Feb-15 11:40", why: "date of the build"}, {from: "C2960-LANBASEK9-M", to: "C2960-LANLITEK9-M", why: "image"}}},
		{name: "description of a system", scans: "snmp", answer: linux, changes: []change{{from: "5.4.0-91-generic #102", to: "5.4.0-92-generic #103", why: "kernel"}, {from: "Fri Nov 5 16:31:28", to: "Fri Nov 26 16:31:28", why: "date of the build"}, {from: "Linux gw", to: "Linux gw2", why: "host"}}},
		{name: "engine in words", scans: "snmp", answer: "SNMP:\n  Versions: 3\n  Engine ID: 80001f88804455\n  Enterprise: 8072\n  Engine Boots: «int:1-90»\n  Engine Time: «int:1-30» days, «hms»\n", changes: []change{{from: "8072", to: "9", why: "enterprise"}, {from: "80001f88804455", to: "80001f88804466", why: "engine"}, {from: "Versions: 3", to: "Versions: 1", why: "version"}}},
	}
}
