package banner

import (
	"slices"
	"strings"

	"github.com/portdelta/portdelta/diff/banner/fingerprint"
)

// Bounds of what is read of a page (P11).
const (
	maxTags  = 256 // meta tags looked at
	maxMarks = 8   // versions named in its text
)

// pageReader gathers the lines of an HTML or XML body.
type pageReader struct {
	d     *document
	cut   bool
	lines []string
}

func (p *pageReader) line(prefix, value string) { p.lines = append(p.lines, prefix+value) }

func (p *pageReader) read(text string) {
	lower := asciiLower(text)
	if !p.title(text, lower) && !p.cut {
		p.heading(text, lower)
	}
	p.metas(text, lower)
	p.software(text, lower)
	if strings.HasPrefix(strings.TrimLeft(lower, " \n"), "<?xml") && !strings.Contains(lower, "<html") {
		p.elements(text, lower)
	}
}

// title says whether the page has the element, be it empty.
func (p *pageReader) title(text, lower string) bool {
	i := strings.Index(lower, "<title")
	if i < 0 {
		return false
	}
	open := strings.IndexByte(text[i:], '>')
	if open < 0 {
		return false
	}
	start := i + open + 1
	end := strings.Index(lower[start:], "</")
	if end < 0 {
		if p.cut {
			return true
		}
		end = len(text) - start
	}
	if title := mask(fold(strings.ReplaceAll(clip(text[start:start+end], maxField), "\n", " "))); title != "" {
		p.line("title: ", title)
		p.d.fact("title", Content, title)
		p.d.clue(fingerprint.HTMLTitle, title)
	}
	return true
}

// heading keeps the first heading of a page without title: "It works!".
func (p *pageReader) heading(text, lower string) {
	_, after, ok := strings.Cut(lower, "<h1>")
	if !ok {
		return
	}
	start := len(lower) - len(after)
	end := strings.IndexByte(after, '<')
	if end < 0 {
		return
	}
	if heading := mask(fold(strings.ReplaceAll(clip(text[start:start+end], maxField), "\n", " "))); heading != "" {
		p.line("heading: ", heading)
		p.d.fact("heading", Content, heading)
	}
}

// metas keeps the generators and a redirect of the page's own.
func (p *pageReader) metas(text, lower string) {
	for i, n := 0, 0; n < maxTags; n++ {
		k := strings.Index(lower[i:], "<meta")
		if k < 0 {
			return
		}
		i += k
		end := strings.IndexByte(lower[i:], '>')
		if end < 0 {
			return
		}
		tag, lowerTag := text[i:i+end], lower[i:i+end]
		i += end
		value := fold(attribute(tag, lowerTag, "content"))
		switch {
		case value == "":
		case attribute(lowerTag, lowerTag, "name") == "generator":
			p.line("generator: ", value)
			p.d.fact("generator", Identity, value)
		case attribute(lowerTag, lowerTag, "http-equiv") == "refresh":
			p.line("refresh: ", refreshTarget(value))
			p.d.fact("refresh", Routing, refreshTarget(value))
		}
	}
}

// attribute gives the value of an attribute of a tag, "" if it has none.
func attribute(tag, lowerTag, name string) string {
	for from := 0; ; {
		i := strings.Index(lowerTag[from:], name)
		if i < 0 {
			return ""
		}
		i += from
		from = i + len(name)
		rest := strings.TrimLeft(tag[from:], " \n")
		if i == 0 || strings.IndexByte(" \n\"'", tag[i-1]) < 0 || rest == "" || rest[0] != '=' {
			continue
		}
		rest = strings.TrimLeft(rest[1:], " \n")
		if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
			value, _, _ := strings.Cut(rest[1:], rest[:1])
			return strings.ReplaceAll(value, "\n", " ")
		}
		if end := strings.IndexAny(rest, " \n/"); end >= 0 {
			rest = rest[:end]
		}
		return rest
	}
}

// software keeps what the text between the tags calls product/version, as error
// pages do, and "version":"..." of a script. A version that ends where the text
// was cut is not sure.
func (p *pageReader) software(text, lower string) {
	found := make([]string, 0, maxMarks)
	keep := func(s string, end int) {
		// A point or hyphen at the very end belongs to a version that went on.
		open := p.cut && strings.TrimLeft(text[end:], ".-_+~") == ""
		if !open && len(found) < maxMarks && !slices.Contains(found, s) {
			found = append(found, s)
		}
	}
	for i := 0; i < len(text) && len(found) < maxMarks; {
		switch c := text[i]; {
		case c == '<':
			end := strings.IndexByte(text[i:], '>')
			if end < 0 {
				i = len(text)
				break
			}
			skip := ""
			for _, element := range []string{"script", "style"} {
				if strings.HasPrefix(lower[i+1:], element) {
					skip = "</" + element
				}
			}
			i += end + 1
			if skip != "" {
				if end = strings.Index(lower[i:], skip); end < 0 {
					end = len(text) - i
				}
				i += end
			}
		case c == '/' && i > 0 && isLetter(text[i-1]) && i+1 < len(text) && isDigit(text[i+1]):
			start := i
			for start > 0 && (alnum(text[start-1]) || text[start-1] == '_' || text[start-1] == '-') {
				start--
			}
			version := versionAt(text[i+1:])
			if name := text[start:i]; strings.Contains(version, ".") && name != "Mozilla" && (start == 0 || text[start-1] != '/') {
				keep(name+"/"+version, i+1+len(version))
			}
			i += 1 + len(version)
		default:
			i++
		}
	}
	const mark = `"version":"`
	for i := 0; len(found) < maxMarks; {
		k := strings.Index(lower[i:], mark)
		if k < 0 {
			break
		}
		i += k + len(mark)
		if version := versionAt(text[i:]); strings.Contains(version, ".") {
			keep("version "+version, i+len(version))
		}
	}
	for _, s := range found {
		p.line("software: ", s)
		p.d.fact("software", Identity, s)
	}
}

// named are the elements of XML that say which product answers, or why not:
// descriptions of devices (UPnP), errors of object stores.
var namedElements = []string{"code", "version", "modelname", "modelnumber", "modeldescription", "manufacturer", "friendlyname", "productname",
	"firmwareversion", "devicetype", "build", "apiversion", "message", "faultcode", "faultstring"}

func (p *pageReader) elements(text, lower string) {
	for _, name := range namedElements {
		_, after, ok := strings.Cut(lower, "<"+name+">")
		if !ok {
			continue
		}
		start := len(lower) - len(after)
		end := strings.IndexByte(after, '<')
		if end < 0 {
			continue
		}
		if value := fold(strings.ReplaceAll(clip(text[start:start+end], maxField), "\n", " ")); value != "" {
			class := Identity
			if name == "message" || name == "faultstring" {
				class, value = Content, mask(value)
			}
			p.line("element: ", name+" = "+value)
			p.d.named("element.", name, class, value)
		}
	}
}
