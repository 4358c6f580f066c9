package pairgen

import (
	"encoding/binary"
	"strings"
)

// handshake is MySQL's first packet.
type handshake struct {
	version string
	caps    uint32
	charset byte
	plugin  string
}

func (h handshake) packet(d *drawer) string {
	b := append([]byte{10}, h.version...)
	b = append(b, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(1+d.IntN(1<<22)))
	b = append(append(b, d.salt(8)...), 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(h.caps))
	b = append(b, h.charset, 2, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(h.caps>>16))
	b = append(append(b, 21), make([]byte, 10)...)
	b = append(append(b, d.salt(12)...), 0)
	b = append(append(b, h.plugin...), 0)
	return raw(append([]byte{byte(len(b)), byte(len(b) >> 8), byte(len(b) >> 16), 0}, b...))
}

// mysqlError is MySQL's error packet.
func mysqlError(code int, text string) func(d *drawer) string {
	return func(d *drawer) string {
		b := binary.LittleEndian.AppendUint16([]byte{0xFF}, uint16(code))
		b = append(b, d.draw(text)...)
		return raw(append([]byte{byte(len(b)), byte(len(b) >> 8), 0, 0}, b...))
	}
}

// pgMessage is one message of PostgreSQL's backend.
func pgMessage(kind byte, body string) string {
	return raw(append([]byte{kind}, binary.BigEndian.AppendUint32(nil, uint32(4+len(body)))...)) + raw([]byte(body))
}

// pgError joins the fields of an ErrorResponse, each a letter and its text.
func pgError(fields ...string) func(d *drawer) string {
	return func(d *drawer) string {
		return pgMessage('E', d.draw(strings.Join(fields, "\x00"))+"\x00\x00")
	}
}

func pgAuth(method byte, rest func(d *drawer) string) func(d *drawer) string {
	return func(d *drawer) string { return pgMessage('R', "\x00\x00\x00"+string([]byte{method})+rest(d)) }
}

func databases() []product {
	my8 := handshake{"8.0.36", 0xdfffffff, 255, "caching_sha2_password"}
	my5 := handshake{"5.7.33-0ubuntu0.18.04.1", 0xc1fff7ff | 0x0800, 8, "mysql_native_password"}
	maria := handshake{"5.5.5-10.5.23-MariaDB-0+deb11u1", 0x81bff7fe | 0x0800, 45, "mysql_native_password"}
	change8 := func(f func(h *handshake)) func(d *drawer) string { h := my8; f(&h); return h.packet }
	changeMaria := func(f func(h *handshake)) func(d *drawer) string { h := maria; f(&h); return h.packet }
	refused := pgError("SFATAL", "VFATAL", "C28000", "Mno pg_hba.conf entry for host \"«scanner»\", user \"postgres\", database \"postgres\", SSL off", "Fauth.c", "L490", "RClientAuthentication")
	unsupported := []string{"SFATAL", "VFATAL", "C0A000", "Munsupported frontend protocol 65363.19778: server supports 2.0 to 3.0", "Fpostmaster.c", "L2132", "RProcessStartupPacket"}
	replaced := func(i int, with string) func(d *drawer) string {
		fields := append([]string(nil), unsupported...)
		fields[i] = with
		return pgError(fields...)
	}
	none := func(*drawer) string { return "" }
	salt := func(d *drawer) string { return string(d.octets(4)) }
	scram := func(*drawer) string { return "SCRAM-SHA-256\x00\x00" }
	return []product{
		{name: "MySQL 8", scans: "mysql - unknown mysqlx", bytes: my8.packet,
			changes: []change{{why: "version", bytes: change8(func(h *handshake) { h.version = "8.0.37" })}, {why: "TLS gone", bytes: change8(func(h *handshake) { h.caps &^= 0x0800 })},
				{why: "plugin", bytes: change8(func(h *handshake) { h.plugin = "mysql_native_password" })}, {why: "character set", bytes: change8(func(h *handshake) { h.charset = 8 })},
				{why: "capability", bytes: change8(func(h *handshake) { h.caps &^= 0x01000000 })}, {why: "turned away", bytes: mysqlError(1130, "Host '«scanner»' is not allowed to connect to this MySQL server")}}},
		{name: "MySQL 5.7", scans: "mysql -", bytes: my5.packet,
			changes: []change{{why: "patch of the package", bytes: handshake{"5.7.33-0ubuntu0.18.04.2", my5.caps, 8, my5.plugin}.packet}, {why: "TLS gone", bytes: handshake{my5.version, my5.caps &^ 0x0800, 8, my5.plugin}.packet}}},
		{name: "MariaDB", scans: "mysql mariadb -", bytes: maria.packet,
			changes: []change{{why: "version", bytes: changeMaria(func(h *handshake) { h.version = "5.5.5-10.5.24-MariaDB-0+deb11u1" })}, {why: "patch of the package", bytes: changeMaria(func(h *handshake) { h.version = "5.5.5-10.5.23-MariaDB-0+deb11u2" })},
				{why: "TLS gone", bytes: changeMaria(func(h *handshake) { h.caps &^= 0x0800 })}, {why: "plugin", bytes: changeMaria(func(h *handshake) { h.plugin = "client_ed25519" })}}},
		{name: "MariaDB 11", scans: "mysql -", bytes: handshake{"11.4.2-MariaDB-log", 0x81bffffe, 45, "mysql_native_password"}.packet,
			changes: []change{{why: "version", bytes: handshake{"11.4.3-MariaDB-log", 0x81bffffe, 45, "mysql_native_password"}.packet}, {why: "log off", bytes: handshake{"11.4.2-MariaDB", 0x81bffffe, 45, "mysql_native_password"}.packet}}},
		{name: "Percona", scans: "mysql -", bytes: handshake{"8.0.35-27", 0xdfffffff, 255, "caching_sha2_password"}.packet,
			changes: []change{{why: "build", bytes: handshake{"8.0.35-28", 0xdfffffff, 255, "caching_sha2_password"}.packet}, {why: "TLS gone", bytes: handshake{"8.0.35-27", 0xdffff7ff, 255, "caching_sha2_password"}.packet}}},
		{name: "MySQL blocks", scans: "mysql -", bytes: mysqlError(1129, "Host '«pick:198.51.100.9|probe-77.scan.example.net|203.0.113.201»' is blocked because of many connection errors; unblock with 'mysqladmin flush-hosts'"),
			changes: []change{{why: "too many", bytes: mysqlError(1040, "Too many connections")}, {why: "lets in", bytes: my8.packet}}},
		{name: "MySQL X", scans: "mysqlx - unknown", uncut: true, bytes: func(*drawer) string { return "\x05\x00\x00\x00\x0b\x08\x05\x1a\x00" },
			changes: []change{{why: "classic protocol", bytes: my8.packet}}},
		{name: "MySQL turns away", scans: "mysql - unknown", bytes: mysqlError(1130, "Host '«pick:198.51.100.7|203.0.113.200|probe-1.scan.example.net|192.0.2.33»' is not allowed to connect to this MySQL server"),
			changes: []change{{why: "another server", bytes: mysqlError(1130, "Host '«scanner»' is not allowed to connect to this MariaDB server")}, {why: "blocked", bytes: mysqlError(1129, "Host '«scanner»' is blocked because of many connection errors; unblock with 'mysqladmin flush-hosts'")},
				{why: "allowed", bytes: my8.packet}}},
		{name: "PostgreSQL error", scans: "postgresql postgres - unknown", bytes: pgError(unsupported...),
			changes: []change{{why: "line of the build", bytes: replaced(5, "L2065")}, {why: "file", bytes: replaced(4, "Fbackend_startup.c")}, {why: "what it supports", bytes: replaced(3, "Munsupported frontend protocol 65363.19778: server supports 3.0 to 3.0")},
				{why: "routine", bytes: replaced(6, "RProcessSSLStartup")}, {why: "code", bytes: replaced(2, "C28000")}}},
		{name: "PostgreSQL turns away", scans: "postgresql -", bytes: refused,
			changes: []change{{why: "password asked", bytes: pgAuth(5, salt)}, {why: "line of the build", bytes: pgError("SFATAL", "VFATAL", "C28000", "Mno pg_hba.conf entry for host \"«scanner»\", user \"postgres\", database \"postgres\", SSL off", "Fauth.c", "L496", "RClientAuthentication")},
				{why: "wording of a newer release", bytes: pgError("SFATAL", "VFATAL", "C28000", "Mno pg_hba.conf entry for host \"«scanner»\", user \"postgres\", database \"postgres\", no encryption", "Fauth.c", "L490", "RClientAuthentication")}}},
		{name: "PostgreSQL with md5", scans: "postgresql postgres -", uncut: true, bytes: pgAuth(5, salt),
			changes: []change{{why: "trust", bytes: pgAuth(0, none)}, {why: "SCRAM", bytes: pgAuth(10, scram)}, {why: "password in the clear", bytes: pgAuth(3, none)}}},
		{name: "PostgreSQL with SCRAM", scans: "postgresql -", uncut: true, bytes: pgAuth(10, scram),
			changes: []change{{why: "trust", bytes: pgAuth(0, none)}, {why: "md5", bytes: pgAuth(5, salt)}, {why: "channel binding", bytes: pgAuth(10, func(*drawer) string { return "SCRAM-SHA-256-PLUS\x00SCRAM-SHA-256\x00\x00" })}}},
		{name: "PostgreSQL that lets in", scans: "postgresql -", bytes: func(d *drawer) string {
			return pgMessage('R', "\x00\x00\x00\x00") + pgMessage('S', "server_version\x0013.4\x00") + pgMessage('S', "TimeZone\x00UTC\x00") + pgMessage('K', string(d.octets(8))) + pgMessage('Z', "I")
		}, changes: []change{{why: "version", bytes: func(d *drawer) string {
			return pgMessage('R', "\x00\x00\x00\x00") + pgMessage('S', "server_version\x0013.14\x00") + pgMessage('S', "TimeZone\x00UTC\x00") + pgMessage('K', string(d.octets(8))) + pgMessage('Z', "I")
		}}, {why: "no longer", bytes: pgAuth(5, salt)}}},
		{name: "PostgreSQL in words", scans: "postgresql", answer: "FATAL:  no pg_hba.conf entry for host \"«scanner»\", user \"postgres\", database \"postgres\", SSL off\n",
			changes: []change{{from: "SSL off", to: "SSL on", why: "TLS"}, {from: "FATAL:  no pg_hba.conf entry for host", to: "FATAL:  password authentication failed for host", why: "state"}}},
	}
}

// bson writes a document: each field a kind, a name, and its bytes.
func bson(fields ...string) string {
	body := strings.Join(fields, "") + "\x00"
	return string(binary.LittleEndian.AppendUint32(nil, uint32(4+len(body)))) + body
}

func bsonInt(name string, n int) string {
	return "\x10" + name + "\x00" + string(binary.LittleEndian.AppendUint32(nil, uint32(n)))
}

func bsonBool(name string, v bool) string {
	if v {
		return "\x08" + name + "\x00\x01"
	}
	return "\x08" + name + "\x00\x00"
}

func bsonString(name, v string) string {
	return "\x02" + name + "\x00" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(v)+1))) + v + "\x00"
}

func bsonBytes(kind, name string, b []byte) string { return kind + name + "\x00" + string(b) }

// opMsg wraps a document as MongoDB's OP_MSG.
func opMsg(d *drawer, doc string) string {
	b := binary.LittleEndian.AppendUint32(nil, uint32(16+5+len(doc)))
	b = binary.LittleEndian.AppendUint32(b, uint32(d.IntN(1<<20)))
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = binary.LittleEndian.AppendUint32(b, 2013)
	return raw(append(append(b, 0, 0, 0, 0, 0), doc...))
}

// opReply wraps a document as MongoDB's OP_REPLY.
func opReply(d *drawer, doc string) string {
	b := binary.LittleEndian.AppendUint32(nil, uint32(36+len(doc)))
	b = binary.LittleEndian.AppendUint32(b, uint32(d.IntN(1<<20)))
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = append(b, 8, 0, 0, 0)
	b = append(append(b, make([]byte, 12)...), 1, 0, 0, 0)
	return raw(append(b, doc...))
}
