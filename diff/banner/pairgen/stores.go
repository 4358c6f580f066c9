package pairgen

import "strings"

// hello is MongoDB's answer to hello or isMaster.
type hello struct {
	wire           int
	set            string
	primary, reply bool
}

func (h hello) packet(d *drawer) string {
	fields := []string{bsonBool("ismaster", h.primary), bsonBytes("\x03", "topologyVersion", []byte(bson(bsonBytes("\x07", "processId", d.octets(12)), bsonBytes("\x12", "counter", append(d.octets(2), 0, 0, 0, 0, 0, 0))))),
		bsonInt("maxBsonObjectSize", 16777216), bsonInt("maxMessageSizeBytes", 48000000), bsonBytes("\x09", "localTime", append(d.octets(5), 1, 0, 0)), bsonInt("connectionId", d.IntN(1<<20)), bsonInt("minWireVersion", 0), bsonInt("maxWireVersion", h.wire), bsonBool("readOnly", false)}
	if h.set != "" {
		fields = append([]string{bsonString("setName", h.set)}, fields...)
	}
	doc := bson(append(fields, bsonBytes("\x01", "ok", []byte{0, 0, 0, 0, 0, 0, 0xF0, 0x3F}))...)
	if h.reply {
		return opReply(d, doc)
	}
	return opMsg(d, doc)
}

// stores is Redis, memcached and MongoDB.
func stores() []product {
	const info = "$«int:2800-3400»\r\n# Server\r\nredis_version:6.0.16\r\nredis_git_sha1:00000000\r\nredis_build_id:a3fdef44459b3ad6\r\nredis_mode:standalone\r\nos:Linux 5.10.0-21-amd64 x86_64\r\narch_bits:64\r\nmultiplexing_api:epoll\r\ngcc_version:10.2.1\r\nprocess_id:«int:1-40000»\r\nrun_id:«hex:40»\r\ntcp_port:6379\r\nuptime_in_seconds:«int:1-9999999»\r\nuptime_in_days:«int:0-400»\r\nhz:10\r\nlru_clock:«int:1000000-9999999»\r\nconfig_file:/etc/redis/redis.conf\r\n\r\n# Clients\r\nconnected_clients:«int:1-90»\r\nblocked_clients:0\r\n\r\n# Memory\r\nused_memory:«int:100000-9999999»\r\nused_memory_human:«int:1-900».«int:10-99»M\r\nmaxmemory_policy:noeviction\r\nmem_allocator:jemalloc-5.2.1\r\n\r\n# Stats\r\ntotal_connections_received:«int:1-99999»\r\n\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\nmaster_replid:«hex:40»\r\nmaster_repl_offset:«int:0-99999»\r\n\r\n# Cluster\r\ncluster_enabled:0\r\n\r\n# Keyspace\r\ndb0:keys=«int:1-9999»,expires=«int:0-99»,avg_ttl=«int:0-99999»\r\n"
	const stats = "STAT pid «int:1-40000»\r\nSTAT uptime «int:1-9999999»\r\nSTAT time «epoch»\r\nSTAT version 1.5.6\r\nSTAT libevent 2.1.8-stable\r\nSTAT pointer_size 64\r\nSTAT rusage_user «int:0-90».«int:100000-999999»\r\nSTAT max_connections 1024\r\nSTAT curr_connections «int:1-100»\r\nSTAT total_connections «int:100-99999»\r\nSTAT cmd_get «int:0-99999»\r\nSTAT bytes_read «int:0-999999»\r\nSTAT limit_maxbytes 67108864\r\nSTAT threads 4\r\nSTAT bytes «int:0-99999»\r\nSTAT curr_items «int:0-900»\r\nSTAT evictions 0\r\nEND\r\n"
	const shell = "MongoDB Server Information\n{\n    \"ismaster\": true,\n    \"topologyVersion\": {\n        \"processId\": {\"$oid\": \"«hex:24»\"},\n        \"counter\": «int:0-9»\n    },\n    \"maxBsonObjectSize\": 16777216,\n    \"localTime\": ISODate(\"«isoms»\"),\n    \"connectionId\": «int:1-99999»,\n    \"minWireVersion\": 0,\n    \"maxWireVersion\": 13,\n    \"readOnly\": false,\n    \"ok\": 1.0,\n    \"version\": \"5.0.14\",\n    \"gitVersion\": \"1b3b0073a0b436a8a502b612f24fb2bd572772e5\",\n    \"uptime\": «int:1-9999999».0,\n    \"modules\": [],\n    \"allocator\": \"tcmalloc\"\n}\n"
	base := hello{wire: 13, set: "rs0", primary: true}
	standalone := hello{wire: 6, primary: true, reply: true}
	return []product{
		{name: "Redis INFO", scans: "redis - unknown", answer: info,
			changes: []change{{from: "redis_version:6.0.16", to: "redis_version:6.2.14", why: "version"}, {from: "role:master", to: "role:slave", why: "role"}, {from: "5.10.0-21-amd64", to: "5.10.0-28-amd64", why: "kernel"},
				{from: "redis_mode:standalone", to: "redis_mode:cluster", why: "mode"}, {from: "gcc_version:10.2.1", to: "gcc_version:12.2.0", why: "compiler"}, {from: "arch_bits:64", to: "arch_bits:32", why: "platform"},
				{from: "a3fdef44459b3ad6", to: "bd1f3aa0f6b1c2de", why: "build"}, {from: "cluster_enabled:0", to: "cluster_enabled:1", why: "cluster"}}},
		{name: "Redis that asks for a password", scans: "redis -", answer: "-NOAUTH Authentication required.\r\n",
			changes: []change{{from: "-NOAUTH Authentication required.", to: "+PONG", why: "authentication removed"}, {from: "-NOAUTH Authentication required.", to: "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user.", why: "protected mode"}}},
		{name: "Redis in protected mode", scans: "redis - unknown", answer: "-DENIED Redis is running in protected mode because protected mode is enabled, no bind address was specified, no authentication password is requested to clients.\r\n",
			changes: []change{{from: "-DENIED Redis is running in protected mode because protected mode is enabled, no bind address was specified, no authentication password is requested to clients.", to: "+PONG", why: "open"}}},
		{name: "Redis that knows no HTTP", scans: "redis - http", answer: "-ERR wrong number of arguments for 'get' command\r\n",
			changes: []change{{from: "-ERR wrong number of arguments for 'get' command", to: "-NOAUTH Authentication required.", why: "authentication demanded"}}},
		{name: "Redis HELLO", scans: "redis -", answer: "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.0.4\r\n$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:«int:1-99999»\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n",
			changes: []change{{from: "7.0.4", to: "7.0.5", why: "version"}, {from: "$6\r\nmaster", to: "$7\r\nreplica", why: "role"}}},
		{name: "memcached stats", scans: "memcached memcache - unknown", answer: stats,
			changes: []change{{from: "version 1.5.6", to: "version 1.6.9", why: "version"}, {from: "libevent 2.1.8-stable", to: "libevent 2.1.12-stable", why: "library"}, {from: "pointer_size 64", to: "pointer_size 32", why: "platform"}, {from: "limit_maxbytes 67108864", to: "limit_maxbytes 1073741824", why: "configuration"}}},
		{name: "memcached over UDP", scans: "memcached - unknown", bytes: func(d *drawer) string {
			return raw(d.octets(2)) + "\x00\x00\x00\x01\x00\x00" + d.draw(stats)
		}, changes: []change{{why: "version", bytes: func(d *drawer) string {
			return raw(d.octets(2)) + "\x00\x00\x00\x01\x00\x00" + d.draw(strings.Replace(stats, "1.5.6", "1.5.10", 1))
		}}}},
		{name: "Valkey INFO", scans: "redis -", answer: "# Server\nredis_version:7.2.4\nserver_name:valkey\nvalkey_version:7.2.5\nredis_mode:standalone\nos:Linux 6.1.0 x86_64\nprocess_id:«int:1-9999»\nrun_id:«hex:40»\nuptime_in_seconds:«int:1-99999»\n# Replication\nrole:master\n",
			changes: []change{{from: "valkey_version:7.2.5", to: "valkey_version:7.2.6", why: "version"}, {from: "role:master", to: "role:slave", why: "role"}}},
		{name: "memcached version", scans: "memcached -", answer: "VERSION 1.6.9\r\n", changes: []change{{from: "1.6.9", to: "1.6.22", why: "version"}}},
		{name: "memcached that knows no HTTP", scans: "memcached", answer: "ERROR\r\n", changes: []change{{from: "ERROR", to: "CLIENT_ERROR unauthenticated", why: "authentication demanded"}}},
		{name: "MongoDB in words", scans: "mongodb - unknown", answer: shell,
			changes: []change{{from: "\"5.0.14\"", to: "\"5.0.15\"", why: "version"}, {from: "\"maxWireVersion\": 13", to: "\"maxWireVersion\": 17", why: "wire version"}, {from: "\"ismaster\": true", to: "\"ismaster\": false", why: "role"}, {from: "1b3b0073", to: "935639be", why: "commit"}, {from: "\"tcmalloc\"", to: "\"system\"", why: "allocator"}}},
		{name: "MongoDB hello", scans: "mongodb - unknown", bytes: base.packet,
			changes: []change{{why: "wire version", bytes: hello{17, "rs0", true, false}.packet}, {why: "name of the set", bytes: hello{13, "rs1", true, false}.packet}, {why: "role", bytes: hello{13, "rs0", false, false}.packet}, {why: "set left", bytes: hello{13, "", true, false}.packet}}},
		{name: "MongoDB isMaster", scans: "mongodb -", bytes: standalone.packet, changes: []change{{why: "wire version", bytes: hello{7, "", true, true}.packet}}},
		{name: "MongoDB JSON", scans: "mongodb", answer: "{\"helloOk\":true,\"ismaster\":true,\"maxBsonObjectSize\":16777216,\"localTime\":{\"$date\":«epochms»},\"connectionId\":«int:1-9999»,\"maxWireVersion\":21,\"setName\":\"rs0\",\"hosts\":[\"a.example:27017\",\"b.example:27017\"],\"primary\":\"a.example:27017\",\"lastWrite\":{\"opTime\":{\"ts\":«epoch»,\"t\":«int:1-9»},\"lastWriteDate\":{\"$date\":«epochms»}},\"ok\":1}",
			changes: []change{{from: "\"maxWireVersion\":21", to: "\"maxWireVersion\":17", why: "wire version"}, {from: "\"rs0\"", to: "\"rs9\"", why: "name of the set"}, {from: "\"b.example:27017\"]", to: "\"c.example:27017\"]", why: "member"}}},
	}
}
