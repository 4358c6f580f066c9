package config

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// leaf reads the value of a key.
func (l *loader) leaf(k key, at origin, node ast.Node) {
	l.given[k.path] = at
	if k.kind != list {
		if it, ok := l.scalar(k.path, k.kind, node, at); ok {
			l.put(k, at, []item{it})
		} else {
			l.wrong[k.path] = true
		}
		return
	}
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		l.wrong[k.path] = true
		if !l.indirect(k.path, node) {
			l.problem(start(node), k.path, "must be a list such as [a, b], is %s", describe(node))
		}
		return
	}
	var items []item
	for i, value := range sequence.Values {
		if it, ok := l.scalar(fmt.Sprintf("%s[%d]", k.path, i), text, value, at); ok {
			items = append(items, it)
		} else {
			l.wrong[k.path] = true
		}
	}
	l.put(k, at, items)
}

// scalar reads one value of the kind wanted, or notes why it is none.
func (l *loader) scalar(name string, want kind, node ast.Node, at origin) (item, bool) {
	if node == nil || node.Type() == ast.NullType {
		l.problem(at, name, "has no value: leave the key out for its default")
		return item{}, false
	}
	it := item{at: start(node), value: node.GetToken().Value}
	textual := false
	switch n := node.(type) {
	case *ast.StringNode:
		textual = true
	case *ast.LiteralNode:
		textual, it.value = true, n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
	default:
		if !l.indirect(name, node) {
			l.problem(it.at, name, "must be %s, is %s%s", want.a(), describe(node), colonHint(want, node))
		}
		return item{}, false
	}
	quoted := textual && node.GetToken().Type != token.StringType
	switch want {
	case text, duration:
		// 10 without quotes may be a host for YAML's reader and a number for
		// the next tool; one spelling leaves no doubt.
		if !textual {
			l.problem(it.at, name, "must be %s, is %s: %s", want.a(), describe(node), unquotedHint(want, it.value))
			return item{}, false
		}
	default:
		if quoted {
			l.problem(it.at, name, "must be %s, is a text: leave the quotes off", want.a())
			return item{}, false
		}
	}
	return it, true
}

// colonHint helps where an address was meant: YAML's reader may take kafka:9092
// or 2001:db8:: for a key and its value.
func colonHint(want kind, node ast.Node) string {
	if want == text && (node.Type() == ast.MappingType || node.Type() == ast.MappingValueType) {
		return ": put a value with a colon in quotes"
	}
	return ""
}

func unquotedHint(want kind, value string) string {
	if want == duration {
		return "add a unit, as in 24h or 90d"
	}
	return fmt.Sprintf("put it in quotes, %s", quote(value))
}

// indirect refuses anchors, aliases and tags: a value is where its key is.
func (l *loader) indirect(name string, node ast.Node) bool {
	switch node.Type() {
	case ast.AnchorType, ast.AliasType, ast.TagType, ast.MergeKeyType:
		l.problem(start(node), name, "anchors, aliases, tags and merges are not taken: write the value out")
		return true
	}
	return false
}

// describe is what a value is, for messages; never the value.
func describe(node ast.Node) string {
	switch node.Type() {
	case ast.MappingType, ast.MappingValueType:
		return "a section"
	case ast.SequenceType:
		return "a list"
	case ast.StringType, ast.LiteralType:
		return "a text"
	case ast.IntegerType, ast.FloatType, ast.InfinityType, ast.NanType:
		return "a number"
	case ast.BoolType:
		return "true or false"
	case ast.NullType:
		return "empty"
	}
	return "something else"
}
