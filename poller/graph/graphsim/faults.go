package graphsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Fault is a way for the service to misbehave.
type Fault string

// The faults. The last five spoil lists and entities, the first four any answer.
const (
	// Throttle answers 429; Retry-After is whole seconds, in lower case,
	// decimal, or missing.
	Throttle Fault = "throttle"
	// Error5xx answers 500, 502, 503 or 504 with an HTML page.
	Error5xx Fault = "error5xx"
	// Truncate cuts the body, with a Content-Length that agrees with the cut or
	// with the whole.
	Truncate Fault = "truncate"
	// Slow delivers the body in pieces, over up to 3 s.
	Slow Fault = "slow"
	// Loop makes the links of a list lead back, to the same page or in a circle.
	Loop Fault = "loop"
	// Shift cuts a list in two and moves it by one between the pages: an item
	// comes twice or not at all, while the count stays.
	Shift Fault = "shift"
	// Hide leaves out a port that was shown before, and counts one less: every
	// count agrees, and only a read of the port itself finds it.
	Hide Fault = "hide"
	// Stale answers as an older replica: the host as an earlier look saw it.
	Stale Fault = "stale"
	// BadDate puts dates that do not exist where a field, not a fact, is lost
	// by them.
	BadDate Fault = "baddate"
)

var faultKinds = []Fault{Throttle, Error5xx, Truncate, Slow, Loop, Shift, Hide, Stale, BadDate}

// DefaultFaultRate is the rate of a fault named without one.
const DefaultFaultRate = 0.1

// Faults are rates by kind, from 0 (never) to 1 (always): the share of the
// answers the fault applies to.
type Faults map[Fault]float64

// ErrFault is what every refusal of a fault wraps.
var ErrFault = errors.New("not a fault")

// ParseFault reads KIND or KIND=RATE, as the flag of `portdelta sim` takes it.
func ParseFault(s string) (Fault, float64, error) {
	kind, text, given := strings.Cut(s, "=")
	rate := DefaultFaultRate
	if given {
		var err error
		if rate, err = strconv.ParseFloat(text, 64); err != nil {
			return "", 0, fmt.Errorf("%w: the rate %.40q is no number, expected 0 to 1", ErrFault, text)
		}
	}
	return Fault(kind), rate, Faults{Fault(kind): rate}.check()
}

func (f Faults) check() error {
	for kind, rate := range f {
		if !slices.Contains(faultKinds, kind) {
			return fmt.Errorf("%w: %.40q, expected one of %s", ErrFault, string(kind), kindList())
		}
		if math.IsNaN(rate) || rate < 0 || rate > 1 {
			return fmt.Errorf("%w: %s at rate %g, expected 0 to 1", ErrFault, kind, rate)
		}
	}
	return nil
}

func kindList() string {
	words := make([]string, len(faultKinds))
	for i, k := range faultKinds {
		words[i] = string(k)
	}
	return strings.Join(words, ", ")
}

// faultBox holds the rates in force. The k-th draw for a kind follows from the
// seed, so requests sent one after the other meet the same faults in every run.
type faultBox struct {
	seed  uint64
	mu    sync.Mutex
	rates Faults // guarded by mu, replaced as a whole
	draws map[Fault]uint64
}

func (b *faultBox) set(f Faults) {
	clean := make(Faults)
	for kind, rate := range f {
		if rate > 0 {
			clean[kind] = rate
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rates = clean
}

func (b *faultBox) get() Faults {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rates
}

// hit is what strikes one request; the number varies how.
type hit map[Fault]uint64

func (b *faultBox) draw() hit {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.rates) == 0 {
		return nil
	}
	struck := make(hit)
	for i, kind := range faultKinds {
		rate, armed := b.rates[kind]
		if !armed {
			continue
		}
		b.draws[kind]++
		h := mix(b.seed, uint64(i), b.draws[kind])
		if float64(h>>11)/(1<<53) < rate {
			struck[kind] = mix(h)
		}
	}
	return struck
}

// control serves /_sim/faults: GET shows the rates in force, PUT replaces them
// all, so that {} and a rate of 0 both clear.
func (s *Server) control(w http.ResponseWriter, r *http.Request, x *exchange) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodPut:
		const bodyLimit = 4 << 10
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
		var faults Faults
		if err == nil {
			err = json.Unmarshal(body, &faults)
		}
		if err == nil {
			err = faults.check()
		}
		if err != nil {
			s.send(w, r, x, refuse(x, http.StatusBadRequest, "BadRequest",
				"The faults could not be set: "+err.Error()+". Expected an object like {\"throttle\":0.1}."))
			return
		}
		s.faults.set(faults)
	default:
		reply := refuse(x, http.StatusMethodNotAllowed, "MethodNotAllowed", "Use GET or PUT.")
		reply.header.Set("Allow", "GET, PUT")
		s.send(w, r, x, reply)
		return
	}
	s.send(w, r, x, entity(s.faults.get()))
}
