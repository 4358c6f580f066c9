package detect

import (
	"strings"
	"sync"

	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/internal/limits"
)

// Normalizer makes canonical forms of banners and remembers them: a port's record
// holds its whole history of banners, and every look brings all of it again. It
// is for diff.Policy. Its methods may be called concurrently.
//
// What is remembered is found by the whole text, not by a hash of it, so that
// nobody can write a banner that is taken for another. Two generations hold it:
// when the younger one is full it becomes the older one, and what stood there and
// was not asked for since is forgotten.
type Normalizer struct {
	further banner.Identify
	version string

	mu         sync.Mutex
	young, old map[asked]banner.Form
	bytes      int // of young
}

// asked is what Normalize is given.
type asked struct {
	text, scanProtocol string
	port               int
}

// NewNormalizer makes a Normalizer that asks further for products that our own
// table does not know; version is that source's. Both are zero where there is none.
func NewNormalizer(further banner.Identify, version string) *Normalizer {
	return &Normalizer{further: further, version: version, young: map[asked]banner.Form{}}
}

// RulesVersion names the rules that forms are made with (P9).
func (n *Normalizer) RulesVersion() string { return banner.RulesVersion(n.version) }

// Normalize is banner.NormalizeWith. Callers must not change the Form's facts.
func (n *Normalizer) Normalize(text, scanProtocol string, port int) banner.Form {
	key := asked{text, scanProtocol, port}
	n.mu.Lock()
	f, ok := n.young[key]
	if !ok {
		if f, ok = n.old[key]; ok {
			n.keep(key, f)
		}
	}
	n.mu.Unlock()
	if ok {
		return f
	}
	f = banner.NormalizeWith(text, scanProtocol, port, n.further)
	// The text is a part of a page that would stay in memory with it.
	key.text, key.scanProtocol = strings.Clone(text), strings.Clone(scanProtocol)
	n.mu.Lock()
	n.keep(key, f)
	n.mu.Unlock()
	return f
}

// keep adds to the younger generation. Each may take half of the bounds.
func (n *Normalizer) keep(key asked, f banner.Form) {
	size := len(key.text) + len(key.scanProtocol) + len(f.Text) + formOverhead
	for _, fact := range f.Facts {
		size += len(fact.Path) + len(fact.Value) + factOverhead
	}
	if len(n.young) >= limits.MemoForms.Max/2 || n.bytes+size > limits.MemoBytes.Max/2 {
		limits.MemoForms.Hit()
		n.old, n.young, n.bytes = n.young, map[asked]banner.Form{}, 0
	}
	if _, twice := n.young[key]; !twice {
		n.bytes += size
	}
	n.young[key] = f
}

// What a remembered form and a fact take beside their text: two structs in a map
// of which a quarter may be empty, and a slice of facts. Rounded up.
const (
	formOverhead = 512
	factOverhead = 64
)
