package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portdelta/portdelta/internal/limits"
)

// Problem is one thing wrong with the configuration.
type Problem struct {
	File     string `json:"file,omitempty"`     // empty where a variable is at fault
	Line     int    `json:"line,omitempty"`     // from 1; 0 where there is no file
	Column   int    `json:"column,omitempty"`   // from 1, in characters
	Variable string `json:"variable,omitempty"` // the environment variable at fault
	Key      string `json:"key,omitempty"`      // dotted; an item of a list as watch.hosts[2]
	Message  string `json:"message"`            // what is wrong and what to do, without the key
}

// String is the problem as a compiler would write it: file:line:column: key: message.
func (p Problem) String() string {
	where := p.Variable
	if where == "" {
		where = p.File
		if p.File != "" {
			where += fmt.Sprintf(":%d:%d", p.Line, p.Column)
		}
	}
	if where != "" {
		where += ": "
	}
	if p.Key != "" {
		where += p.Key + ": "
	}
	return where + p.Message
}

// Error is everything that is wrong with a configuration, in the order of the
// file, then of the environment.
type Error struct {
	Problems []Problem
}

// Error is one line a problem, and bounded (P11): a file of the wrong sort
// should not fill a screen a thousand times.
func (e *Error) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i == limits.ConfigProblems.Max {
			limits.ConfigProblems.Hit()
			fmt.Fprintf(&b, "\nand %d more", len(e.Problems)-i)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.String())
	}
	return b.String()
}

func (e *Error) sort() {
	slices.SortStableFunc(e.Problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.Variable, b.Variable), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// quote bounds a value and makes it safe to print.
func quote(value string) string {
	const longest = 80
	if runes := []rune(value); len(runes) > longest {
		value = string(runes[:longest]) + "..."
	}
	return strconv.QuoteToASCII(value)
}

// printable bounds a message of the YAML library, which may hold the file's bytes.
func printable(message string) string {
	const longest = 200
	if runes := []rune(message); len(runes) > longest {
		message = string(runes[:longest]) + "..."
	}
	escaped := strconv.QuoteToASCII(message)
	return strings.ReplaceAll(escaped[1:len(escaped)-1], `\"`, `"`)
}

// plain is a key as it is where that is safe to print, else quoted.
func plain(key string) string {
	const longest = 80
	if key == "" || len(key) > longest || strings.ContainsFunc(key, func(r rune) bool { return !wordRune(r) }) {
		return quote(key)
	}
	return key
}

// listed joins words for people: "a, b or c".
func listed(words []string, last string) string {
	if len(words) == 1 {
		return words[0] + " alone"
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}

// nearest is the word that was probably meant, or "": the one with the fewest
// edits, if these are no more than a third of its letters.
func nearest(typed string, words []string) string {
	best, fewest := "", 0
	for _, word := range words {
		edits := distance(strings.ToLower(typed), strings.ToLower(word))
		if edits <= max(1, len(word)/3, len(typed)/3) && (best == "" || edits < fewest) {
			best, fewest = word, edits
		}
	}
	if best != "" {
		return best
	}
	// A word cut short, or one with its unit left off: budget for budget_per_second.
	for _, word := range words {
		if len(typed) >= 3 && (strings.HasPrefix(word, typed) || strings.HasPrefix(typed, word)) {
			return word
		}
	}
	return ""
}

// distance is Levenshtein's: insertions, deletions and substitutions of bytes.
// Words longer than any of ours are as far as they are long.
func distance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			edits := diagonal
			if a[i] != b[j] {
				edits = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], edits
		}
	}
	return row[len(b)]
}
