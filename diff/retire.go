package diff

import (
	"maps"
	"slices"

	"github.com/portdelta/portdelta/internal/hostport"
)

// Retire takes a host out of the watch: its public records are deleted, without a
// change event for any port, and all that is kept of it is its epoch. A host that
// has no baseline has nothing to retire, and stays as it is.
func Retire(state State) Result {
	if state.Epoch == 0 {
		return Result{State: state}
	}
	res := Result{State: State{Host: state.Host, Former: &Former{Epoch: state.Epoch, Reason: AddedAgain}}, HostGone: true}
	for _, key := range slices.SortedFunc(maps.Keys(state.Ports), hostport.PortKey.Compare) {
		if state.Ports[key].Told != nil {
			res.Gone = append(res.Gone, key)
		}
	}
	return res
}
