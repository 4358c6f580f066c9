package banner

import (
	"slices"
	"strings"
)

// kept are the keys of a status dump that say what runs. All others are dropped:
// counters have no shape that a mask could know, so here a list of what stays
// beats one of what goes.
var kept = map[string]Class{
	"redis_version": Identity, "valkey_version": Identity, "server_name": Identity, "redis_build_id": Identity, "redis_git_sha1": Identity,
	"redis_mode": Identity, "os": Identity, "arch_bits": Identity, "gcc_version": Identity, "role": Security, "cluster_enabled": Content,
	"version": Identity, "pointer_size": Identity, "libevent": Identity,
}

var storeNames = map[string]string{"redis": "Redis", "memcache": "Memcached"}

// parseStore reads the answers of Redis and memcached: one line, masked, or a
// dump of INFO or stats, of which the kept keys stay.
func parseStore(d *document, text string) {
	// Of a bulk string that was cut early one cannot see that it is a dump.
	dump := strings.Contains(text, "redis_version:") || strings.HasPrefix(text, "STAT ") || d.cut && strings.HasPrefix(text, "$")
	var lines []string
	for line := range textLines(text) {
		if !dump {
			d.line(mask(line))
			continue
		}
		key, value, ok := strings.Cut(strings.TrimPrefix(line, "STAT "), ":")
		if d.protocol == "memcache" {
			key, value, ok = strings.Cut(strings.TrimPrefix(line, "STAT "), " ")
		}
		class, known := kept[key]
		if !ok || !known {
			continue
		}
		lines = append(lines, key+":"+value)
		d.fact(key, class, value)
		if strings.HasSuffix(key, "version") && (key != "gcc_version") && d.version == "" {
			d.product, d.version = storeNames[d.protocol], value
		}
	}
	if dump {
		d.dumped(lines, text)
		return
	}
	if len(d.lines) == 0 {
		return
	}
	reply, rest, _ := strings.Cut(d.lines[0], " ")
	d.fact("reply", Security, reply)
	if d.protocol == "memcache" && reply == "VERSION" {
		d.product, d.version = storeNames[d.protocol], versionAt(rest)
		d.fact("version", Identity, rest)
	}
}

// dumped adds the kept lines of a dump as a set. Where the dump was cut in a
// line of a kept key, its value is not sure.
func (d *document) dumped(lines []string, text string) {
	if d.cut && len(lines) > 0 && !strings.HasSuffix(text, "\n") {
		last := strings.TrimPrefix(fold(text[strings.LastIndexByte(text, '\n')+1:]), "STAT ")
		if lines[len(lines)-1] == last || strings.Replace(lines[len(lines)-1], ":", " ", 1) == last {
			lines = lines[:len(lines)-1]
		}
	}
	slices.Sort(lines)
	d.lines = append(d.lines, slices.Compact(lines)...)
	if d.cut {
		d.line(maskCut)
	}
}
