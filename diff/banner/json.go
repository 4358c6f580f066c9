package banner

import (
	"slices"
	"strings"
)

// Bounds of what is read of a JSON text (P11).
const (
	maxDepth  = 16  // deeper values are skipped
	maxLeaves = 256 // further values are skipped
)

// looksJSON says whether a text begins as an object or an array does.
func looksJSON(s string) bool {
	s = strings.TrimLeft(s, " \n")
	if s == "" || s[0] != '{' && s[0] != '[' {
		return false
	}
	open := s[0]
	if s = strings.TrimLeft(s[1:], " \n"); s == "" {
		return true
	}
	if open == '{' {
		return s[0] == '"' || s[0] == '}'
	}
	return strings.IndexByte(`"{[]`, s[0]) >= 0
}

// jsonLines makes a line of every value: its path, the places in arrays left out,
// and what of it is no noise. What decides is the key: a version stays as it is, a
// clock, an id or a counter keeps its type, other words go through the mask. A
// value that a cut went through is left out.
func jsonLines(d *document, text string) []string {
	r := jsonReader{s: text, d: d, cut: d.cut}
	whole := r.value("", "", 0)
	// The node that answers for a cluster is one of several.
	if node := slices.IndexFunc(r.lines, func(l string) bool { return strings.HasPrefix(l, "json: name = ") }); node >= 0 {
		if slices.ContainsFunc(r.lines, func(l string) bool { return strings.HasPrefix(l, "json: cluster_name = ") }) {
			r.lines[node] = "json: name = " + maskValue
			r.forget("json.name", maskValue)
		} else if r.cut && !whole {
			r.lines = slices.Delete(r.lines, node, node+1)
			r.forget("json.name", maskValue)
		}
	}
	return r.lines
}

// forget replaces the value of a fact.
func (r *jsonReader) forget(path, value string) {
	for i, f := range r.d.facts {
		if f.Path == r.d.protocol+"."+path {
			r.d.facts[i].Value = value
		}
	}
}

// jsonReader goes through a text once, taking what it can: a server may write
// anything.
type jsonReader struct {
	s     string
	i     int
	d     *document
	cut   bool
	lines []string
}

func (r *jsonReader) space() {
	for r.i < len(r.s) && (r.s[r.i] == ' ' || r.s[r.i] == '\n') {
		r.i++
	}
}

// next says whether c comes next, and takes it.
func (r *jsonReader) next(c byte) bool {
	r.space()
	if r.i < len(r.s) && r.s[r.i] == c {
		r.i++
		return true
	}
	return false
}

// value reads one value; false means that the text is at its end or no JSON.
func (r *jsonReader) value(path, key string, depth int) bool {
	r.space()
	if r.i >= len(r.s) || depth > maxDepth || len(r.lines) >= maxLeaves {
		return false
	}
	switch c := r.s[r.i]; {
	case c == '{':
		return r.object(path, key, depth)
	case c == '[':
		r.i++
		if r.next(']') {
			r.leaf(path, Content, "[]")
			return true
		}
		for r.value(path+"[]", key, depth+1) {
			if !r.next(',') {
				return r.next(']')
			}
		}
		return false
	case c == '"':
		s, ok := r.text()
		if ok {
			class, kept := jsonText(key, s)
			r.leaf(path, class, kept)
		}
		return ok
	}
	start := r.i
	for r.i < len(r.s) && strings.IndexByte(" \n,]}", r.s[r.i]) < 0 {
		r.i++
	}
	if r.i == start || r.i == len(r.s) && r.cut {
		return false
	}
	class, kept := jsonWord(key, r.s[start:r.i])
	r.leaf(path, class, kept)
	return true
}

func (r *jsonReader) object(path, parent string, depth int) bool {
	r.i++
	if r.next('}') {
		r.leaf(path, Content, "{}")
		return true
	}
	for {
		r.space()
		key, ok := r.text()
		if !ok || !r.next(':') {
			return false
		}
		below := mask(clip(key, maxProduct))
		if path != "" {
			below = path + "." + below
		}
		if hasAny(asciiLower(parent), jsonVersions) {
			key = parent + "." + key // what stands in "version" is of the version
		}
		if !r.value(below, clip(key, maxFact), depth+1) {
			return false
		}
		if !r.next(',') {
			return r.next('}')
		}
	}
}

// text reads a string as it is written, without its quotes.
func (r *jsonReader) text() (string, bool) {
	if r.i >= len(r.s) || r.s[r.i] != '"' {
		return "", false
	}
	for i := r.i + 1; i < len(r.s); i++ {
		switch r.s[i] {
		case '\\':
			i++
		case '"':
			s := r.s[r.i+1 : i]
			r.i = i + 1
			return s, true
		}
	}
	r.i = len(r.s)
	return "", false
}

func (r *jsonReader) leaf(path string, class Class, value string) {
	if value == "" {
		value = `""`
	}
	value = strings.ReplaceAll(value, "\n", " ")
	if path == "" {
		r.lines = append(r.lines, "json: "+value)
		return
	}
	r.lines = append(r.lines, "json: "+path+" = "+value)
	r.d.named("json.", path, class, value)
}

// Words in a key that say what its value is; the first list that knows the key
// decides.
var (
	jsonVersions = []string{"version", "build", "commit", "revision", "release", "git", "compil", "kernel", "edition"}
	jsonVolatile = []string{"time", "date", "stamp", "uuid", "guid", "token", "nonce", "csrf", "session", "request_id", "requestid", "reqid", "trace",
		"pid", "epoch", "expire", "uptime", "hash", "challenge", "secret", "correlation", "last_", "started", "boot"}
	jsonSteady  = words("runtime timezone timeout datatype datetimeformat sessiontype tokentype token_type")
	jsonGuard   = []string{"sealed", "initialized", "security", "auth", "anonymous", "secure", "tls", "ssl", "standby"}
	jsonNumbers = words("status code statuscode status_code error_code errorcode errno major minor patch port api apiversion level schema protocol")
)

func jsonText(key, value string) (Class, string) {
	id := isID(key)
	key = asciiLower(key)
	switch {
	case hasAny(key, jsonVersions), key == "sha", key == "rev", key == "tag":
		return Identity, value
	case id, hasAny(key, jsonVolatile) && !jsonSteady[key]:
		return Content, maskValue
	case measured(value, timeUnits), measured(value, sizeUnits):
		return Content, maskCount
	case hasAny(key, jsonGuard):
		return Security, mask(value)
	case key == "name" || key == "product" || key == "platform" || key == "os" || key == "arch" || key == "tagline":
		return Identity, mask(value)
	}
	if len(value) >= 16 && randomToken(value) {
		return Content, maskID
	}
	return Content, mask(value)
}

// jsonWord is a number, true, false or null. A number is a counter unless its key
// says otherwise.
func jsonWord(key, value string) (Class, string) {
	key = asciiLower(key)
	number := value != "" && (isDigit(value[0]) || value[0] == '-')
	switch {
	case hasAny(key, jsonVersions):
		return Identity, value
	case !number && hasAny(key, jsonGuard):
		return Security, mask(value)
	case !number, jsonNumbers[key]:
		return Content, mask(value)
	}
	return Content, maskCount
}

// isID says whether a key names an id: id, ID, node_id, nodeId.
func isID(key string) bool {
	return key == "id" || strings.HasSuffix(key, "_id") || strings.HasSuffix(key, "-id") || strings.HasSuffix(key, "Id") || strings.HasSuffix(key, "ID")
}

func hasAny(s string, list []string) bool {
	for _, w := range list {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
