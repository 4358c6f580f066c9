package pairgen

import "encoding/binary"

// confirm is RDP's answer to a request for a connection.
func confirm(kind, flags byte, protocol uint32) func(d *drawer) string {
	return func(d *drawer) string {
		b := append([]byte{3, 0, 0, 19, 14, 0xD0, 0, 0}, d.octets(2)...)
		b = append(b, 0, kind, flags, 8, 0)
		return raw(binary.LittleEndian.AppendUint32(b, protocol))
	}
}

// standardRDP is the answer of a machine that knows no negotiation.
func standardRDP(d *drawer) string {
	return raw(append(append([]byte{3, 0, 0, 11, 6, 0xD0, 0, 0}, d.octets(2)...), 0))
}

// serverHello is a TLS record that chooses a version and a suite.
func serverHello(version, suite uint16) func(d *drawer) string {
	return func(d *drawer) string {
		body := binary.BigEndian.AppendUint16(nil, version)
		body = append(append(append(body, d.octets(32)...), 32), d.octets(32)...)
		body = append(binary.BigEndian.AppendUint16(body, suite), 0)
		b := []byte{0x16, 3, 3, 0, byte(4 + len(body)), 2, 0, 0, byte(len(body))}
		return raw(append(b, body...))
	}
}

func alert(version, description byte) func(d *drawer) string {
	return func(*drawer) string { return raw([]byte{0x15, 3, version, 0, 2, 2, description}) }
}

func rfb(version, rest string, challenge int) func(d *drawer) string {
	return func(d *drawer) string { return raw(append([]byte("RFB "+version+"\n"+rest), d.octets(challenge)...)) }
}

// smb2 is an answer to a negotiation.
func smb2(security byte, dialect uint16) func(d *drawer) string {
	return func(d *drawer) string {
		b := append([]byte{0xFE, 'S', 'M', 'B', 64, 0}, make([]byte, 58)...)
		b = append(b, 65, 0, security, 0)
		b = binary.LittleEndian.AppendUint16(b, dialect)
		b = append(append(b, 0, 0), d.octets(16)...)
		b = append(b, 7, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0x10, 0, 0, 0, 0x10, 0)
		b = append(append(b, d.octets(8)...), make([]byte, 8)...)
		return raw(append([]byte{0, 0, 0, byte(len(b))}, b...))
	}
}

// prelogin is SQL Server's answer.
func prelogin(minor byte, build uint16, encryption byte) func(d *drawer) string {
	return func(*drawer) string {
		data := []byte{0, 0, 16, 0, 6, 1, 0, 22, 0, 1, 2, 0, 23, 0, 1, 0xFF, 15, minor, byte(build >> 8), byte(build), 0, 0, encryption, 0}
		return raw(append([]byte{4, 1, 0, byte(8 + len(data)), 0, 0, 1, 0}, data...))
	}
}

// remotes is RDP, VNC, TLS, SMB and SQL Server.
func remotes() []product {
	const ntlm = "Remote Desktop Protocol NTLM Info:\nOS: Windows Server 2016\nOS Build: 10.0.14393\nTarget Name: CORP\nNetBIOS Domain Name: CORP\nNetBIOS Computer Name: TS01\nDNS Domain Name: corp.example.com\nFQDN: TS01.corp.example.com\nSystem Time: «iso»\n"
	return []product{
		{name: "RDP", scans: "rdp ms-wbt-server - unknown", uncut: true, bytes: confirm(2, 0x1f, 2),
			changes: []change{{why: "no network authentication", bytes: confirm(2, 0x1f, 1)}, {why: "no TLS", bytes: confirm(2, 0x1f, 0)}, {why: "flags", bytes: confirm(2, 0x0f, 2)}, {why: "refused", bytes: confirm(3, 0, 5)}, {why: "no negotiation", bytes: standardRDP}}},
		{name: "old RDP", scans: "rdp -", uncut: true, bytes: standardRDP, changes: []change{{why: "TLS", bytes: confirm(2, 0, 1)}}},
		{name: "RDP in words", scans: "rdp - unknown", answer: ntlm, changes: []change{{from: "10.0.14393", to: "10.0.17763", why: "build"}, {from: "Target Name: CORP", to: "Target Name: LAB", why: "domain"}, {from: "Computer Name: TS01", to: "Computer Name: TS02", why: "host"}, {from: "Server 2016", to: "Server 2019", why: "system"}}},
		{name: "RDP with NTLM", scans: "rdp -", bytes: func(d *drawer) string { return confirm(2, 0x1f, 2)(d) + raw(d.ntlm("CORP")) },
			changes: []change{{why: "domain", bytes: func(d *drawer) string { return confirm(2, 0x1f, 2)(d) + raw(d.ntlm("LAB")) }}, {why: "no network authentication", bytes: func(d *drawer) string { return confirm(2, 0x1f, 1)(d) + raw(d.ntlm("CORP")) }}}},
		{name: "VNC that has had enough", scans: "vnc -", bytes: rfb("003.008", "\x00\x00\x00\x00\x1aToo many security failures", 0), changes: []change{{why: "lets try again", bytes: rfb("003.008", "\x01\x02", 0)}}},
		{name: "VNC", scans: "vnc rfb - unknown", uncut: true, bytes: rfb("003.008", "\x01\x02", 0), changes: []change{{why: "no authentication", bytes: rfb("003.008", "\x01\x01", 0)}, {why: "protocol", bytes: rfb("003.007", "\x01\x02", 0)}, {why: "further type", bytes: rfb("003.008", "\x02\x02\x10", 0)}}},
		{name: "old VNC", scans: "vnc -", uncut: true, bytes: rfb("003.003", "\x00\x00\x00\x02", 16), changes: []change{{why: "no authentication", bytes: rfb("003.003", "\x00\x00\x00\x01", 0)}}},
		{name: "VNC alone", scans: "vnc -", uncut: true, answer: "RFB 003.008\n", changes: []change{{from: "003.008", to: "003.889", why: "Apple's"}}},
		{name: "ServerHello", scans: "tls https ssl -", uncut: true, bytes: serverHello(0x0303, 0xC02F), changes: []change{{why: "downgraded", bytes: serverHello(0x0301, 0xC014)}, {why: "cipher", bytes: serverHello(0x0303, 0x000A)}}},
		{name: "TLS alert", scans: "tls ssl -", uncut: true, bytes: alert(3, 40), changes: []change{{why: "description", bytes: alert(3, 70)}, {why: "version", bytes: alert(1, 40)}}},
		{name: "SMB", scans: "smb microsoft-ds -", uncut: true, bytes: smb2(1, 0x0311), changes: []change{{why: "signing demanded", bytes: smb2(3, 0x0311)}, {why: "dialect", bytes: smb2(1, 0x0210)}}},
		{name: "SQL Server", scans: "mssql ms-sql-s -", uncut: true, bytes: prelogin(0, 2000, 0), changes: []change{{why: "build", bytes: prelogin(0, 2104, 0)}, {why: "encryption demanded", bytes: prelogin(0, 2000, 3)}}},
	}
}
