package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/schemas"
	"github.com/portdelta/portdelta/schemas/schematest"
)

// check holds every record to the contract by itself, and those of a host to
// their order. A read_committed reader gets every event once, whatever happened (P6).
func (h *heard) check() []string {
	faults := slices.Clone(h.faults)
	if h.doubled > 0 {
		faults = append(faults, fmt.Sprintf("%d change events came more than once", h.doubled))
	}
	for _, r := range h.records {
		if err := schematest.Check(r); err != nil {
			faults = append(faults, fmt.Sprintf("%s, key %q: %v\n%s", r.Topic, r.Key, err, r.Value))
		}
		// Records about the process as a whole have a key of their own.
		if host, _, _ := strings.Cut(r.Key, "|"); h.baseline[host] != nil && r.Partition != schemas.Partition(host, partitions) {
			faults = append(faults, fmt.Sprintf("%s, key %q: in partition %d", r.Topic, r.Key, r.Partition))
		}
	}
	for host, events := range h.changes {
		for i, e := range events {
			if e.Seq != uint64(i+1) || e.Epoch != events[0].Epoch {
				faults = append(faults, fmt.Sprintf("%s: event %d has epoch %d, seq %d", host, i+1, e.Epoch, e.Seq))
				break
			}
		}
		for step := range steps(events) {
			if !slices.IsSortedFunc(step, inStep) {
				faults = append(faults, fmt.Sprintf("%s: the step of seq %d is not in the order of the table", host, step[0].Seq))
			}
		}
	}
	return faults
}

// inStep is the order of the table in design section 5.
func inStep(a, b *schemas.Event) int {
	if a.Port == nil || b.Port == nil {
		return cmp.Compare(boolInt(a.Port == nil), boolInt(b.Port == nil))
	}
	return cmp.Or(cmp.Compare(a.Port.Protocol, b.Port.Protocol), cmp.Compare(a.Port.Number, b.Port.Number),
		cmp.Compare(facet(a.Type), facet(b.Type)))
}

func facet(t schemas.Type) int {
	head, _, _ := strings.Cut(string(t), ".")
	return slices.Index([]string{"port", "service", "banner", "certificate"}, head)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fold checks the law of design section 2, for each host: its events folded over
// its baseline give the state topic, and so they do for a reader who begins with
// the state topic as it is now.
func (h *heard) fold() []string {
	var faults []string
	for _, host := range h.hosts() {
		baseline, current := schemas.NewHostFold(host), schemas.NewHostFold(host)
		load := func(f *schemas.HostFold, key string, value []byte) {
			if err := f.Load(key, value); err != nil {
				faults = append(faults, fmt.Sprintf("state record %q: %v", key, err))
			}
		}
		for _, r := range h.initial[host] {
			load(baseline, r.Key, r.Value)
		}
		for key, value := range h.state {
			if of, _, _ := strings.Cut(key, "|"); of == host {
				load(current, key, value)
			}
		}
		told := states(current)
		for name, fold := range map[string]*schemas.HostFold{"baseline": baseline, "state topic": current} {
			for _, e := range h.changes[host] {
				if err := fold.Apply(e); err != nil {
					faults = append(faults, fmt.Sprintf("fold over the %s: %v", name, err))
					break
				}
			}
			if diff := gocmp.Diff(told, states(fold)); diff != "" {
				faults = append(faults, fmt.Sprintf("%s: the state topic (-) is not the fold over the %s (+):\n%s", host, name, diff))
			}
		}
	}
	return faults
}

// states is what a fold holds, as text that can be compared.
func states(f *schemas.HostFold) map[string]string {
	self, ports := f.States()
	out := map[string]string{"": text(self)}
	for key, body := range ports {
		out[key] = text(body)
	}
	return out
}

func text(v any) string {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(v); err != nil {
		return err.Error()
	}
	return b.String()
}
