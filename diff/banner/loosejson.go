package banner

import (
	"math"
	"strconv"
	"strings"
)

func trimFloat(bits uint64) string {
	return strconv.FormatFloat(math.Float64frombits(bits), 'f', -1, 64)
}

// looseJSON flattens JSON as servers and shells print it, cut anywhere or with
// calls as values (NumberLong(1), ISODate("...")), into paths and scalar values.
// Elements of an array share its path. What stands before the first brace is
// skipped; of a text that was cut the last value is left out.
func looseJSON(text string, cut bool) (out []pair) {
	i := strings.IndexByte(text, '{')
	if i < 0 {
		return nil
	}
	type level struct {
		path  string
		array bool
	}
	var levels []level
	key := ""
	path := func() string {
		if len(levels) == 0 {
			return key
		}
		top := levels[len(levels)-1]
		if top.array || key == "" {
			return top.path
		}
		return strings.TrimPrefix(top.path+"."+key, ".")
	}
	for i < len(text) && len(out) < maxElements {
		switch c := text[i]; c {
		case '{', '[':
			if len(levels) == maxNesting {
				return out
			}
			levels = append(levels, level{path(), c == '['})
			key = ""
			i++
		case '}', ']':
			if len(levels) > 0 {
				levels = levels[:len(levels)-1]
			}
			key = ""
			i++
		case ' ', '\n', ',', ':':
			i++
		default:
			value, next := looseValue(text, i)
			rest := strings.TrimLeft(text[next:], " \n")
			if cut && rest == "" {
				return out
			}
			inArray := len(levels) > 0 && levels[len(levels)-1].array
			if strings.HasPrefix(rest, ":") && !inArray {
				key = asciiLower(clip(value, maxProduct))
			} else {
				if whole, ok := strings.CutSuffix(value, ".0"); ok && c != '"' && isDigits(whole) {
					value = whole // a shell writes 1.0 what another writes 1
				}
				out = append(out, pair{path(), fold(strings.ReplaceAll(value, "\n", " "))})
				if !inArray {
					key = ""
				}
			}
			i = next
		}
	}
	return out
}

// looseValue reads a string, a word or a call, and where it ends.
func looseValue(text string, i int) (value string, next int) {
	if text[i] == '"' || text[i] == '\'' {
		return quoted(text, i)
	}
	end := i
	for end < len(text) && strings.IndexByte(" \n,:{}[]\"'(", text[end]) < 0 {
		end++
	}
	if end < len(text) && text[end] == '(' {
		if closing := strings.IndexAny(text[end:], ")\n"); closing > 0 {
			return strings.Trim(text[end+1:end+closing], `"' `), end + closing + 1
		}
	}
	if end == i {
		end++ // a quote or a parenthesis out of place
	}
	return text[i:end], end
}

// quoted reads a string in quotes, or to the end where they are not closed.
func quoted(text string, i int) (value string, next int) {
	quote := text[i]
	for k := i + 1; k < len(text); k++ {
		switch text[k] {
		case '\\':
			k++
		case quote:
			return text[i+1 : k], k + 1
		}
	}
	return text[i+1:], len(text)
}
