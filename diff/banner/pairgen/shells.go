package pairgen

import "encoding/binary"

// identification of SSH, and what follows it of the key exchange.
func shells() []product {
	modern := exchange{
		kex:     "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,diffie-hellman-group-exchange-sha256,diffie-hellman-group14-sha256",
		keys:    "rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256,ssh-ed25519",
		ciphers: "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com",
		macs:    "umac-64-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-256,hmac-sha2-512", compression: "none,zlib@openssh.com",
	}
	weaker := modern
	weaker.ciphers += ",aes128-cbc,3des-cbc"
	older := modern
	older.kex = "diffie-hellman-group14-sha1,diffie-hellman-group1-sha1"
	reordered := modern
	reordered.kex = "ecdh-sha2-nistp256,curve25519-sha256,curve25519-sha256@libssh.org,diffie-hellman-group-exchange-sha256,diffie-hellman-group14-sha256"
	noMAC := modern
	noMAC.macs = "hmac-sha2-256,hmac-sha1"
	noEd := modern
	noEd.keys = "rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256"
	plain := modern
	plain.compression = "none"
	with := func(ident string, e exchange) func(d *drawer) string {
		return func(d *drawer) string { return ident + "\r\n" + raw(e.packet(d)) }
	}
	const openSSH = "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.10"
	const listing = "SSH-2.0-OpenSSH_7.4\r\nKey type: ssh-rsa\r\nKey: AAAAB3NzaC1yc2EAAAADAQABAAABAQC7vbqajDhA\r\nFingerprint: 1d:5b:0c:4e:8f:aa:90:31:7c:22:6b:f0:13:9e:d4:58\r\n\r\nKex Algorithms:\r\n\tcurve25519-sha256\r\n\tecdh-sha2-nistp256\r\n\tdiffie-hellman-group14-sha256\r\n\r\nServer Host Key Algorithms:\r\n\tssh-rsa\r\n\tssh-ed25519\r\n\r\nEncryption Algorithms:\r\n\taes128-ctr\r\n\taes256-ctr\r\n\r\nMAC Algorithms:\r\n\thmac-sha2-256\r\n\r\nCompression Algorithms:\r\n\tnone\r\n\tzlib@openssh.com\r\n"
	return []product{
		{name: "OpenSSH", scans: "ssh - unknown telnet", answer: openSSH + "\r\n",
			changes: []change{{from: "8.9p1", to: "9.6p1", why: "version"}, {from: "ubuntu0.10", to: "ubuntu0.13", why: "patch of the package"}, {from: " Ubuntu-3ubuntu0.10", to: "", why: "platform hidden"}, {from: "SSH-2.0", to: "SSH-1.99", why: "protocol"}}},
		{name: "OpenSSH on FreeBSD", scans: "ssh -", answer: "SSH-2.0-OpenSSH_7.9 FreeBSD-20200214\r\n",
			changes: []change{{from: "FreeBSD-20200214", to: "FreeBSD-20211221", why: "date-shaped patch"}, {from: "7.9", to: "8.8", why: "version"}}},
		{name: "dropbear", scans: "ssh -", answer: "SSH-2.0-dropbear_2020.81\r\n",
			changes: []change{{from: "2020.81", to: "2022.83", why: "date-shaped version"}, {from: "dropbear_2020.81", to: "dropbear", why: "version hidden"}}},
		{name: "SSH of a switch", scans: "ssh -", answer: "SSH-2.0-Cisco-1.25\r\n", changes: []change{{from: "Cisco-1.25", to: "Cisco-2.0", why: "version"}}},
		{name: "key exchange", scans: "ssh - unknown", bytes: with(openSSH, modern),
			changes: []change{
				{why: "weak ciphers", bytes: with(openSSH, weaker)}, {why: "old key exchange", bytes: with(openSSH, older)}, {why: "another order of preference", bytes: with(openSSH, reordered)},
				{why: "other MACs", bytes: with(openSSH, noMAC)}, {why: "kind of host key gone", bytes: with(openSSH, noEd)}, {why: "compression gone", bytes: with(openSSH, plain)},
				{why: "version", bytes: with("SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13", modern)},
			}},
		{name: "listing of a source", scans: "ssh -", answer: listing,
			changes: []change{{from: "1d:5b:0c", to: "1d:5b:0d", why: "host key"}, {from: "Key type: ssh-rsa", to: "Key type: ssh-ed25519", why: "kind of host key"}, {from: "\taes128-ctr\r\n", to: "\taes128-ctr\r\n\t3des-cbc\r\n", why: "weak cipher"},
				{from: "\tcurve25519-sha256\r\n", to: "", why: "key exchange gone"}, {from: "OpenSSH_7.4", to: "OpenSSH_8.0", why: "version"}, {from: "\thmac-sha2-256\r\n", to: "\thmac-sha1\r\n", why: "MAC weakened"}}},
	}
}

// exchange is what a KEXINIT offers (RFC 4253 section 7.1).
type exchange struct{ kex, keys, ciphers, macs, compression string }

func (e exchange) packet(d *drawer) []byte {
	payload := append([]byte{20}, d.octets(16)...)
	for _, list := range []string{e.kex, e.keys, e.ciphers, e.ciphers, e.macs, e.macs, e.compression, e.compression, "", ""} {
		payload = binary.BigEndian.AppendUint32(payload, uint32(len(list)))
		payload = append(payload, list...)
	}
	payload = append(payload, 0, 0, 0, 0, 0)
	padding := 8 - (len(payload)+5)%8
	if padding < 4 {
		padding += 8
	}
	padding += 8 * d.IntN(3)
	out := binary.BigEndian.AppendUint32(nil, uint32(1+len(payload)+padding))
	out = append(append(out, byte(padding)), payload...)
	return append(out, d.octets(padding)...)
}
