package detect

import (
	"maps"
	"slices"

	"github.com/portdelta/portdelta/diff"
)

func encodeGroups(st *diff.State) []byte {
	w := &writer{b: []byte{stateFormat}}
	w.uint(uint64(len(st.Groups)))
	for _, g := range st.Groups {
		w.string(g.Protocol)
		w.string(g.Fingerprint)
		encodeRanges(w, g.Ranges)
		w.uint(uint64(g.Count))
	}
	w.uint(uint64(len(st.Alike)))
	for _, g := range st.Alike {
		w.string(g.Protocol)
		w.string(g.Fingerprint)
		encodeRanges(w, g.Ports)
		w.time(g.Evidence)
		w.uint(uint64(g.Newest))
		encodeRanges(w, g.Missing)
		w.time(g.Witness)
		encodeBanners(w, g.Banners)
	}
	w.uint(uint64(len(st.Quiet)))
	for _, protocol := range slices.Sorted(maps.Keys(st.Quiet)) {
		w.string(protocol)
		encodeRanges(w, st.Quiet[protocol])
	}
	return w.b
}

func decodeGroups(r *reader, st *diff.State) {
	for range r.count() {
		st.Groups = append(st.Groups, diff.Group{Protocol: r.string(), Fingerprint: r.string(), Ranges: decodeRanges(r), Count: int(r.uint())})
	}
	for range r.count() {
		st.Alike = append(st.Alike, diff.GroupState{Protocol: r.string(), Fingerprint: r.string(), Ports: decodeRanges(r),
			Evidence: r.time(), Newest: uint16(r.uint()), Missing: decodeRanges(r), Witness: r.time(), Banners: decodeBanners(r)})
	}
	n := r.count()
	if n > 0 {
		st.Quiet = make(map[string][]diff.Range, n)
	}
	for range n {
		protocol := r.string()
		st.Quiet[protocol] = decodeRanges(r)
	}
}

// setBytes is a set of ports, a bit each: shorter than many short runs.
const (
	setBytes   = 1 << 16 / 8
	manyRanges = setBytes / 2
)

// encodeRanges writes each run as its distance from the one before and its length,
// or the whole set as bits where the runs are many.
func encodeRanges(w *writer, ranges []diff.Range) {
	w.uint(uint64(len(ranges)))
	if len(ranges) > manyRanges {
		set := make([]byte, setBytes)
		for _, r := range ranges {
			for n := int(r.First); n <= int(r.Last); n++ {
				set[n/8] |= 1 << (n % 8)
			}
		}
		w.b = append(w.b, set...)
		return
	}
	next := 0
	for _, r := range ranges {
		w.uint(uint64(int(r.First) - next))
		w.uint(uint64(r.Last - r.First))
		next = int(r.Last) + 1
	}
}

func decodeRanges(r *reader) []diff.Range {
	n := r.uint()
	if n > manyRanges {
		return decodeSet(r)
	}
	var out []diff.Range
	next := uint64(0)
	for range n {
		first := next + r.uint()
		last := first + r.uint()
		if r.bad || first < next || last < first || last > 65535 {
			r.bad = true
			return nil
		}
		out = append(out, diff.Range{First: uint16(first), Last: uint16(last)})
		next = last + 1
	}
	return out
}

func decodeSet(r *reader) []diff.Range {
	set := r.rest
	if r.skip(setBytes) == 0 {
		return nil
	}
	var out []diff.Range
	for n := range setBytes * 8 {
		switch last := len(out) - 1; {
		case set[n/8]>>(n%8)&1 == 0:
		case last >= 0 && int(out[last].Last)+1 == n:
			out[last].Last = uint16(n)
		default:
			out = append(out, diff.Range{First: uint16(n), Last: uint16(n)})
		}
	}
	return out
}
