package banner

import (
	"slices"
	"strings"
)

// how says what is kept of a header field.
type how int

const (
	masked    how = iota // the value through the mask: what is not listed
	drop                 // nothing, not even that it was there
	presence             // that it was there
	verbatim             // the value
	lowered              // the value, a word whose case means nothing
	word                 // the value, unless it is one word that holds a figure
	list                 // the value as a set
	product              // the value, marks of edge servers masked
	mediaType            // a media type without its boundary
	hop                  // Connection as a set, without whether it stays open
	caching              // Cache-Control as a set, without lifetimes
	via                  // protocols and products, host names dropped
	policy               // a Content-Security-Policy as a set of directives
	transport            // Strict-Transport-Security and its like as a set of directives
	cookie
	challenge
	redirect
)

type rule struct {
	how   how
	class Class
}

// sortedList makes a set of a value: parts in lower case, in byte order.
func sortedList(value string, sep byte) string {
	lower := asciiLower(value)
	if strings.IndexByte(lower, sep) < 0 && !strings.Contains(lower, " =") && !strings.Contains(lower, "= ") {
		return strings.Trim(lower, " ")
	}
	parts := make([]string, 0, 8)
	for len(lower) > 0 {
		part := lower
		if i := strings.IndexByte(lower, sep); i >= 0 {
			part, lower = lower[:i], lower[i+1:]
		} else {
			lower = ""
		}
		if part = strings.Trim(part, " "); part != "" {
			if strings.IndexByte(part, '=') >= 0 {
				part = strings.ReplaceAll(strings.ReplaceAll(part, " =", "="), "= ", "=")
			}
			parts = append(parts, part)
		}
	}
	return joinSet(parts, string(sep)+" ")
}

// joinSet sorts parts and joins each once.
func joinSet(parts []string, sep string) string {
	slices.Sort(parts)
	return strings.Join(slices.Compact(parts), sep)
}

// directives is sortedList for policies of one line: their numbers may be quoted
// (RFC 6797 section 6.1).
func directives(value string) string {
	return sortedList(strings.ReplaceAll(value, `"`, ""), ';')
}

// hops is what Connection names beside keep-alive and close: whether this one
// connection stays open depends on how many there are.
func hops(value string) string {
	parts := strings.Split(sortedList(value, ','), ", ")
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" || p == "keep-alive" || p == "close" })
	return strings.Join(parts, ", ")
}

// cacheControl keeps the directives as a set. A lifetime of 0 is a policy; any
// other may be what is left of one and counts down in the caches of content
// networks.
func cacheControl(value string) string {
	set := sortedList(value, ',')
	if !strings.Contains(set, "=") {
		return set
	}
	parts := strings.Split(set, ", ")
	for i, p := range parts {
		if name, seconds, ok := strings.Cut(p, "="); ok && isDigits(seconds) && strings.Trim(seconds, "0") != "" {
			parts[i] = name + "=" + maskCount
		}
	}
	return joinSet(parts, ", ")
}

// media keeps a media type and its parameters, in lower case, without the
// boundary that a server may draw.
func media(value string) string {
	value = asciiLower(strings.ReplaceAll(value, `"`, ""))
	kind, parameters, ok := strings.Cut(value, "; ")
	if !ok && strings.IndexByte(value, ';') < 0 || strings.HasPrefix(parameters, "charset=") && strings.IndexByte(parameters, ';') < 0 {
		return value
	}
	kind, parameters, _ = strings.Cut(value, ";")
	for p := range strings.SplitSeq(parameters, ";") {
		if p = strings.Trim(p, " "); strings.HasPrefix(p, "boundary=") {
			p = "boundary=" + maskValue
		}
		if p != "" {
			kind += "; " + p
		}
	}
	return mask(kind)
}

// oneWord masks a value that is one word with a figure in it: in a field named an
// id that is a node's or an object's. A version, which has points, stays.
func oneWord(value string) string {
	if strings.IndexByte(value, ' ') < 0 && strings.IndexByte(value, '.') < 0 && strings.ContainsAny(value, "0123456789") {
		return maskID
	}
	return mask(value)
}

// Units of what a server measures, words between spaces.
const (
	timeUnits = " ms us ns s sec secs seconds msec min minutes "
	sizeUnits = " % B KB MB GB TB KiB MiB GiB kb mb gb bytes "
)

// measured says whether a value is nothing but a number and one of the units, or
// one of three decimals or more: "12ms", "0.01273", "43 MB".
func measured(value, units string) bool {
	end := digitsEnd(value, 0)
	if end == 0 {
		return false
	}
	decimals := 0
	if end < len(value) && value[end] == '.' {
		from := end + 1
		end = digitsEnd(value, from)
		decimals = end - from
	}
	unit := strings.TrimLeft(value[end:], " ")
	if unit == "" {
		return decimals >= 3
	}
	return strings.IndexByte(unit, ' ') < 0 && strings.Contains(units, " "+unit+" ")
}

// maskEdge masks the comment by which some content networks name the edge
// server, "ECS (dcb/7F83)", and a name that ends in its number,
// "BunnyCDN-DE1-723"; a product field is otherwise never masked.
func maskEdge(value string) string {
	if strings.HasPrefix(value, "BunnyCDN-") {
		return "BunnyCDN-" + maskID
	}
	open := strings.IndexByte(value, '(')
	if open < 0 {
		return value
	}
	closing := strings.IndexByte(value[open:], ')')
	if closing < 0 {
		return value
	}
	site, number, ok := strings.Cut(value[open+1:open+closing], "/")
	if !ok || len(site) < 2 || len(site) > 4 || len(number) != 4 {
		return value
	}
	for i := range len(site) {
		if !isLower(site[i]) {
			return value
		}
	}
	for i := range len(number) {
		if !isHex(number[i]) {
			return value
		}
	}
	return value[:open+1] + maskID + value[open+closing:]
}

// viaProducts keeps of each hop the protocol, a pseudonym that is a plain word
// and the comment, which holds a product; a host is one of many (RFC 9110
// section 7.6.3). They are a set: how many hops there were depends on the cache.
func viaProducts(value string) string {
	var hops []string
	for hop := range strings.SplitSeq(value, ",") {
		protocol, rest, told := strings.Cut(strings.Trim(hop, " "), " ")
		if i := strings.LastIndexByte(protocol, '/') + 1; !told || i == len(protocol) || !isDigit(protocol[i]) {
			continue // no hop as the standard has it: a node's name and its counters
		}
		if name, _, _ := strings.Cut(rest, " "); isPlainWord(name) {
			protocol += " " + name
		}
		if i := strings.IndexByte(rest, '('); i >= 0 {
			protocol += " " + mask(rest[i:])
		}
		hops = append(hops, protocol)
	}
	return joinSet(hops, ", ")
}

func isPlainWord(s string) bool {
	for i := range len(s) {
		if !isLetter(s[i]) && s[i] != '-' {
			return false
		}
	}
	return s != ""
}

// securityPolicy keeps a policy's directives and sources as sets, nonces masked.
// Hashes stay: they change only when a page does.
func securityPolicy(value string) string {
	parts := make([]string, 0, 12)
	for d := range strings.SplitSeq(value, ";") {
		words := strings.Fields(d)
		if len(words) == 0 {
			continue
		}
		words[0] = asciiLower(words[0])
		for i, w := range words[1:] {
			switch {
			case len(w) > 7 && strings.EqualFold(w[:7], "'nonce-"):
				w = "'nonce-" + maskValue + "'"
			case strings.HasPrefix(w, "'"):
			case words[0] == "report-uri":
				w = splitURL(w).String()
			default:
				w = mask(w)
			}
			words[i+1] = w
		}
		slices.Sort(words[1:])
		parts = append(parts, strings.Join(slices.Compact(words), " "))
	}
	return joinSet(parts, "; ")
}
