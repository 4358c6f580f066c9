package banner

import "strings"

var (
	redisKeys = keeps(
		"redis_version valkey_version dragonfly_version server_name valkey_release_stage redis_build_id redis_git_sha1 redis_git_dirty redis_mode server_mode os arch_bits gcc_version server version",
		"role protected_mode slave_read_only replica_read_only requirepass",
		"cluster_enabled multiplexing_api mem_allocator tcp_port executable config_file maxmemory maxmemory_policy maxclients aof_enabled master_host "+
			"master_port process_supervised configured_hz module mode proto availability_zone")
	memcacheKeys = keeps(
		"version libevent pointer_size",
		"auth_enabled_sasl auth_enabled_ascii ssl_enabled udpport inter",
		"threads max_connections limit_maxbytes maxbytes maxconns tcpport cas_enabled evictions binding_protocol item_size_max")
)

// parseStore reads the answers of Redis and memcached: one reply, masked, or a
// dump of INFO, HELLO or stats, of which the kept keys stay.
func parseStore(d *document, src source) {
	text := src.text
	if d.protocol == "memcache" {
		parseMemcache(d, text)
		return
	}
	pairs := splitLines(text, d.cut, ":")
	hello := strings.HasPrefix(text, "*") || strings.HasPrefix(text, "%")
	if hello {
		pairs = helloPairs(text, d.cut)
	}
	// Of a bulk string that was cut early one cannot see that it is a dump.
	if hello && holdsAny(pairs, redisKeys) || strings.Contains(text, "redis_version:") || strings.Contains(text, "valkey_version:") ||
		d.cut && (hello || strings.HasPrefix(text, "$") || strings.HasPrefix(text, "# ")) {
		first := d.dump(pairs, redisKeys)
		d.product, d.version = "Redis", first["redis_version"]
		switch {
		case first["valkey_version"] != "":
			d.product, d.version = "Valkey", first["valkey_version"]
		case first["version"] != "":
			d.version = first["version"]
		}
		return
	}
	for line := range textLines(text) {
		if len(line) > 1 && line[0] == '$' && isDigits(line[1:]) {
			continue // the length of the string that follows
		}
		d.line(maskClient(line))
	}
	if len(d.lines) == 0 {
		return
	}
	reply, _, _ := strings.Cut(d.lines[0], " ")
	d.fact("reply", Security, reply)
	d.fact("text", Content, joined(d.lines))
	if d.protocol == "redis" && (reply == "+PONG" || reply == "-NOAUTH" || reply == "-DENIED" || reply == "-MISCONF" || reply == "-LOADING") {
		d.product = "Redis"
	}
}

// helloPairs reads the flat list of names and values that HELLO answers with:
// each a line, those that say lengths and counts left out (RESP).
func helloPairs(text string, cut bool) []pair {
	var words []string
	for line := range completeLines(text, cut) {
		if line = fold(line); line == "" || strings.IndexByte("*%$~", line[0]) >= 0 && isDigits(strings.TrimLeft(line[1:], "-")) {
			continue
		}
		words = append(words, strings.TrimLeft(line, ":"))
	}
	var out []pair
	for i := 0; i+1 < len(words); i += 2 {
		out = append(out, pair{asciiLower(words[i]), words[i+1]})
	}
	return out
}

func parseMemcache(d *document, text string) {
	if i := strings.Index(text[:min(len(text), 64)], "STAT "); i > 0 {
		text = text[i:] // behind the frame's head, over UDP
	}
	if strings.HasPrefix(text, "STAT ") {
		var pairs []pair
		for line := range completeLines(text, d.cut) {
			if rest, ok := strings.CutPrefix(fold(line), "STAT "); ok {
				key, value, _ := strings.Cut(rest, " ")
				pairs = append(pairs, pair{asciiLower(key), value})
			}
		}
		first := d.dump(pairs, memcacheKeys)
		d.product, d.version = "Memcached", first["version"]
		return
	}
	for line := range textLines(text) {
		d.line(mask(line))
	}
	if len(d.lines) == 0 {
		return
	}
	reply, rest, _ := strings.Cut(d.lines[0], " ")
	d.fact("reply", Security, reply)
	if reply == "VERSION" {
		d.product, d.version = "Memcached", versionAt(rest)
		d.fact("version", Identity, rest)
	}
}
