package detect

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/store"
)

// A host is kept as one facet for itself, one for each port, one for its
// groups of ports, one for what was suppressed and one for the witnesses of pending
// absences, so that an unchanged port is not written again.
const (
	facetHost       = "h"
	facetSuppressed = "s"
	facetGroups     = "g"
	facetWitnesses  = "w"
	facetPort       = "p" // + protocol, NUL, number in two bytes
)

// stateFormat is the first byte of every facet. A facet of another format is
// refused: another version of portdelta wrote it. Format 1 was never released.
const stateFormat = 2

func portFacet(k hostport.PortKey) string {
	return facetPort + k.Protocol + "\x00" + string(binary.BigEndian.AppendUint16(nil, k.Number))
}

// encodeState returns the host's facets. It is a pure function of the state:
// equal states give equal bytes.
func encodeState(st *diff.State) map[string][]byte {
	out := make(map[string][]byte, len(st.Ports)+2)
	out[facetHost] = encodeHost(st)
	if len(st.Suppressed) > 0 {
		out[facetSuppressed] = encodeSuppressed(st.Suppressed)
	}
	if len(st.Alike)+len(st.Quiet) > 0 {
		out[facetGroups] = encodeGroups(st)
	}
	if len(st.Witnesses) > 0 {
		out[facetWitnesses] = encodeWitnesses(st.Witnesses)
	}
	for k, p := range st.Ports {
		out[portFacet(k)] = encodePort(p)
	}
	return out
}

// decodeState puts a host's facets together again. The error names host and facet.
func decodeState(host hostport.Host, facets []store.Facet) (diff.State, error) {
	st := diff.State{Host: host, Ports: make(map[hostport.PortKey]*diff.PortState, len(facets))}
	for _, f := range facets {
		r := &reader{rest: f.Value}
		if format := r.byte(); format != stateFormat {
			return st, &formatError{string(host), f.Key, format}
		}
		switch {
		case f.Key == facetHost:
			decodeHost(r, &st)
		case f.Key == facetEngine:
			st.Restored = decodeMark(r).restored
		case f.Key == facetSuppressed:
			st.Suppressed = decodeSuppressed(r)
		case f.Key == facetGroups:
			decodeGroups(r, &st)
		case f.Key == facetWitnesses:
			st.Witnesses = decodeWitnesses(r)
		case strings.HasPrefix(f.Key, facetPort):
			protocol, number, ok := strings.Cut(f.Key[len(facetPort):], "\x00")
			if !ok || len(number) != 2 {
				return st, fmt.Errorf("host %s, facet %q: %w", host, f.Key, errState)
			}
			st.Ports[hostport.PortKey{Protocol: protocol, Number: binary.BigEndian.Uint16([]byte(number))}] = decodePort(r)
		default:
			r.bad = true
		}
		if err := r.done(); err != nil {
			return st, fmt.Errorf("host %s, facet %q: %w", host, f.Key, err)
		}
	}
	return st, nil
}

// formatError is a facet that another version of portdelta wrote.
type formatError struct {
	host, facet string
	got         byte
}

func (e *formatError) Error() string {
	return fmt.Sprintf("host %s, facet %q: %v: format %d, this version knows %d", e.host, e.facet, errState, e.got, stateFormat)
}
func (e *formatError) Unwrap() error { return errState }

func encodeHost(st *diff.State) []byte {
	w := &writer{b: []byte{stateFormat}}
	w.int(st.Epoch)
	w.uint(uint64(st.Revision))
	w.uint(st.Seq)
	w.string(string(st.Baseline))
	w.bool(st.Exposed)
	w.time(st.LookedAt)
	w.time(st.Evidence)
	w.time(st.ProvenAt)
	w.bool(st.Blind != nil)
	if st.Blind != nil {
		w.time(st.Blind.Since)
		w.string(st.Blind.Reason)
	}
	w.uint(uint64(st.Unknown.Answers))
	w.time(st.Unknown.Since)
	w.time(st.Unknown.Last)
	w.bool(st.Unknown.Told)
	w.bool(st.Former != nil)
	if f := st.Former; f != nil {
		w.int(f.Epoch)
		w.string(f.Reason)
	}
	w.bool(st.Unreachable != nil)
	if u := st.Unreachable; u != nil {
		w.uint(uint64(u.Failures))
		w.time(u.Since)
		w.string(string(u.Class))
	}
	w.uint(uint64(len(st.Noted)))
	for _, kind := range slices.Sorted(maps.Keys(st.Noted)) {
		w.string(kind)
		w.int(st.Noted[kind].Day)
		w.uint(uint64(st.Noted[kind].Pending))
		w.uint(uint64(len(st.Noted[kind].Digests)))
		for _, d := range st.Noted[kind].Digests {
			w.string(d)
		}
	}
	return w.b
}

func decodeHost(r *reader, st *diff.State) {
	st.Epoch = r.int()
	st.Revision = int(r.uint())
	st.Seq = r.uint()
	st.Baseline = diff.Baseline(r.string())
	st.Exposed = r.bool()
	st.LookedAt = r.time()
	st.Evidence = r.time()
	st.ProvenAt = r.time()
	if r.bool() {
		st.Blind = &diff.BlindNote{Since: r.time(), Reason: r.string()}
	}
	st.Unknown = diff.UnknownState{Answers: int(r.uint()), Since: r.time(), Last: r.time(), Told: r.bool()}
	if r.bool() {
		st.Former = &diff.Former{Epoch: r.int(), Reason: r.string()}
	}
	if r.bool() {
		st.Unreachable = &diff.UnreachableNote{Failures: int(r.uint()), Since: r.time(), Class: hostport.Class(r.string())}
	}
	st.Noted = map[string]diff.NoteState{}
	for range r.count() {
		kind := r.string()
		n := diff.NoteState{Day: r.int(), Pending: int(r.uint())}
		for range r.count() {
			n.Digests = append(n.Digests, r.string())
		}
		st.Noted[kind] = n
	}
}

func encodeSuppressed(by map[diff.Rule]diff.Suppression) []byte {
	w := &writer{b: []byte{stateFormat}}
	w.uint(uint64(len(by)))
	for _, rule := range slices.Sorted(maps.Keys(by)) {
		w.string(string(rule))
		w.uint(uint64(by[rule].Count))
		w.time(by[rule].Last)
		w.string(string(by[rule].Facet))
	}
	return w.b
}

func decodeSuppressed(r *reader) map[diff.Rule]diff.Suppression {
	n := r.count()
	out := make(map[diff.Rule]diff.Suppression, n)
	for range n {
		rule := diff.Rule(r.string())
		out[rule] = diff.Suppression{Count: int(r.uint()), Last: r.time(), Facet: diff.Facet(r.string())}
	}
	return out
}

func encodeWitnesses(list []diff.Witness) []byte {
	w := &writer{b: []byte{stateFormat}}
	w.uint(uint64(len(list)))
	for _, witness := range list {
		w.time(witness.At)
		w.uint(uint64(len(witness.Evidence)))
		for _, k := range slices.SortedFunc(maps.Keys(witness.Evidence), hostport.PortKey.Compare) {
			w.string(k.Protocol)
			w.uint(uint64(k.Number))
			w.time(witness.Evidence[k])
		}
	}
	return w.b
}

func decodeWitnesses(r *reader) []diff.Witness {
	out := make([]diff.Witness, r.count())
	for i := range out {
		out[i].At = r.time()
		n := r.count()
		out[i].Evidence = make(map[hostport.PortKey]time.Time, n)
		for range n {
			k := hostport.PortKey{Protocol: r.string(), Number: uint16(r.uint())}
			out[i].Evidence[k] = r.time()
		}
	}
	return out
}
