package graph

import (
	"errors"
	"strings"
	"testing"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

// What azidentity tried reads as one line, without escaped line feeds.
func TestTokenErrorIsOneLine(t *testing.T) {
	err := &tokenError{errors.New("failed to acquire a token.\nAttempted credentials:\n\tEnvironment: missing\n")}
	if got, want := err.Error(), "no token: failed to acquire a token. Attempted credentials: Environment: missing"; got != want {
		t.Errorf("%q, expected %q", got, want)
	}
}

// Text of the outside is bounded, and ends with a whole escape.
func TestOutsideIsBounded(t *testing.T) {
	for _, unit := range []string{"a", "\n", "\x1b", "\u202e", "\xff", "\\"} {
		escaped := hostport.EscapeText(unit)
		for shift := range len(escaped) {
			head := strings.Repeat("a", shift)
			got := outside(head + strings.Repeat(unit, 10*limits.ErrorBytes.Max))
			most := limits.ErrorBytes.Max
			if len(got) > most || len(got) < most-7*len(escaped) {
				t.Errorf("%q after %d: %d bytes", unit, shift, len(got))
			}
			if rest := strings.TrimPrefix(got, head); strings.Repeat(escaped, len(rest)/len(escaped)) != rest {
				t.Errorf("%q after %d ends in %q", unit, shift, got[len(got)-8:])
			}
		}
	}
}
