package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// readYAML walks the file's tree instead of decoding it, since a decoder stops
// at the first fault. False means that the file is no YAML at all, which leaves
// nothing else to be said about it.
func (l *loader) readYAML(data []byte) bool {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		l.problem(badRune(data), "", "is not UTF-8")
		return false
	}
	// Keys given twice are found by section, with both places.
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var syntax yaml.Error
		if !errors.As(err, &syntax) {
			l.problem(origin{}, "", "is not YAML: %s", printable(err.Error()))
			return false
		}
		l.problem(place(syntax.GetToken()), "", "is not YAML: %s", printable(syntax.GetMessage()))
		return false
	}
	read := false
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case doc.Body.Type() == ast.DirectiveType:
			l.problem(start(doc.Body), "", "directives are not taken")
		case read:
			l.problem(start(doc.Body), "", "a second document in one file is not taken")
		default:
			l.section("", doc.Body, start(doc.Body))
			read = true
		}
	}
	return true
}

// badRune is the place of the first byte that is no UTF-8.
func badRune(data []byte) origin {
	at := origin{line: 1, column: 1}
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && size == 1:
			return at
		case r == '\n':
			at.line, at.column = at.line+1, 1
		default:
			at.column++
		}
		data = data[size:]
	}
	return at
}

func place(t *token.Token) origin {
	if t == nil || t.Position == nil {
		return origin{}
	}
	return origin{line: t.Position.Line, column: max(t.Position.Column, 1)}
}

// start is where a value begins; the token of a mapping without braces is its
// first colon.
func start(node ast.Node) origin {
	switch n := node.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return start(n.Values[0])
		}
	case *ast.MappingValueNode:
		return place(n.Key.GetToken())
	}
	return place(node.GetToken())
}

// section reads a mapping; path is "" for the file as a whole. An empty one
// leaves all defaults in place.
func (l *loader) section(path string, node ast.Node, at origin) {
	var entries []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		entries = n.Values
	case *ast.MappingValueNode:
		entries = []*ast.MappingValueNode{n}
	case *ast.NullNode:
		return
	default:
		if l.indirect(path, node) {
			return
		}
		l.problem(at, path, "must be a section with keys (%s), is %s", strings.Join(l.children(path), ", "), describe(node))
		return
	}
	seen := make(map[string]origin)
	for _, entry := range entries {
		token := entry.Key.GetToken()
		at := place(token)
		if _, ok := entry.Key.(*ast.StringNode); !ok {
			l.problem(at, path, "%s is no key: a key is a plain word (no anchors, aliases, tags or merges)", quote(token.Value))
			continue
		}
		name, child := token.Value, join(path, token.Value)
		if first, twice := seen[name]; twice {
			l.problem(at, join(path, plain(name)), "stands here a second time, first in line %d", first.line)
			continue
		}
		seen[name] = at
		l.entry(path, name, child, at, entry.Value)
	}
}

// entry reads one key of a section.
func (l *loader) entry(path, name, child string, at origin, value ast.Node) {
	i := slices.IndexFunc(l.keys, func(k key) bool { return k.path == child })
	switch {
	case strings.Contains(name, "."): // "store.path" as one word
		l.unknown(path, name, at)
	case i >= 0:
		l.leaf(l.keys[i], at, value)
	case len(l.children(child)) > 0:
		if child == "kafka.embedded" && value.Type() == ast.NullType {
			// A section that chooses something by standing there must be meant.
			l.given[child] = at
			l.problem(at, child, "has no value: write {} for the embedded broker with its defaults, or leave the key out")
			return
		}
		l.given[child] = at
		l.section(child, value, start(value))
	default:
		l.unknown(path, name, at)
	}
}

// children are the names that a section takes, in the order of the table.
func (l *loader) children(path string) []string {
	var names []string
	for _, k := range l.keys {
		rest := k.path
		if path != "" {
			var found bool
			if rest, found = strings.CutPrefix(k.path, path+"."); !found {
				continue
			}
		}
		name, _, _ := strings.Cut(rest, ".")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// unknown refuses a key, with the one that was probably meant: a neighbour of
// nearly its name, or the same name in another section.
func (l *loader) unknown(path, name string, at origin) {
	siblings := l.children(path)
	hint := fmt.Sprintf("%s takes %s", cmp.Or(path, "the file"), strings.Join(siblings, ", "))
	if path == "watch.tiers" {
		hint = "this version has the tier default alone"
	}
	if near := nearest(name, siblings); near != "" {
		hint = fmt.Sprintf("did you mean %s?", join(path, near))
	} else if i := slices.IndexFunc(l.keys, func(k key) bool {
		return k.path == name || strings.HasSuffix(k.path, "."+name)
	}); i >= 0 {
		hint = fmt.Sprintf("did you mean %s, a key of its own section?", l.keys[i].path)
	}
	l.problem(at, join(path, plain(name)), "unknown key: %s", hint)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
