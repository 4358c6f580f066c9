package fingerprint

import (
	"regexp/syntax"
	"strings"
)

// Prefilter is what a text must hold for an expression to match it: one of these
// literals, in lower case. An empty one lets every text through.
type Prefilter []string

// maxAlternatives bounds a prefilter: with more literals it would cost more than
// it saves.
const maxAlternatives = 16

// NewPrefilter finds the literals of an expression. Only ASCII is lower-cased: an
// expression that ignores case is not run on a text that spells its literal with
// the Kelvin sign or the long s, which no server does.
func NewPrefilter(pattern string) (Prefilter, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	return PrefilterOf(re), nil
}

// PrefilterOf is NewPrefilter of a parsed expression.
func PrefilterOf(re *syntax.Regexp) Prefilter { return required(re.Simplify()) }

// Passes says whether the expression may match a text, given in lower case.
func (p Prefilter) Passes(lower string) bool {
	for _, literal := range p {
		if strings.Contains(lower, literal) {
			return true
		}
	}
	return len(p) == 0
}

// required is the best set of literals one of which every match holds; nil if
// there is none.
func required(re *syntax.Regexp) Prefilter {
	switch re.Op {
	case syntax.OpLiteral:
		return Prefilter{Lower(string(re.Rune))}
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return required(re.Sub[0])
		}
	case syntax.OpConcat:
		var best Prefilter
		for _, sub := range re.Sub {
			if p := required(sub); p.weight() > best.weight() {
				best = p
			}
		}
		return best
	case syntax.OpAlternate:
		var all Prefilter
		for _, sub := range re.Sub {
			p := required(sub)
			if p == nil || len(all)+len(p) > maxAlternatives {
				return nil
			}
			all = append(all, p...)
		}
		return all
	}
	return nil
}

// weight ranks prefilters: the shortest literal decides how much passes.
func (p Prefilter) weight() int {
	if len(p) == 0 {
		return 0
	}
	shortest := len(p[0])
	for _, literal := range p {
		shortest = min(shortest, len(literal))
	}
	return 100*shortest - len(p)
}
