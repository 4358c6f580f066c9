package schemas

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// move does what the contract says a reader does with each type. It checks all
// before it changes anything.
func (f *HostFold) move(e *Event) error {
	at := position{e.Epoch, e.Seq}
	if e.Type.ofHost() {
		self, err := f.moveHost(e)
		if err == nil {
			f.self, f.selfAt = self, at
			if e.Type != HostExposed && e.Type != HostUnexposed {
				f.dropGrouped(at)
			}
		}
		return err
	}
	if e.Port == nil {
		return fmt.Errorf("%w: it has no port", ErrBroken)
	}
	key := e.Port.Key()
	next, err := movePort(e, f.ports[key])
	if err != nil {
		return err
	}
	if err := checkContext(e, next.port); err != nil {
		return err
	}
	next.at = at
	f.ports[key] = &next
	return nil
}

// moveHost returns the host's own body after the event.
func (f *HostFold) moveHost(e *Event) (HostBody, error) {
	switch e.Type {
	case HostTarpitSuspected, HostTarpitChanged, HostTarpitCleared:
		return f.moveGroups(e)
	case HostExposed, HostUnexposed:
	default:
		return HostBody{}, fmt.Errorf("%w: unknown type", ErrBroken)
	}
	var before, after ExposedValue
	if err := decodeBoth(e, &before, &after); err != nil {
		return HostBody{}, err
	}
	exposed := e.Type == HostExposed
	if f.self.Exposed == exposed || before.Exposed == exposed || after.Exposed != exposed {
		return HostBody{}, fmt.Errorf("%w: exposed was told %t", ErrBroken, f.self.Exposed)
	}
	body := f.self
	body.Exposed = exposed
	return body, nil
}

// moveGroups returns the host's own body after its groups of ports moved.
func (f *HostFold) moveGroups(e *Event) (HostBody, error) {
	var before, after GroupsValue
	if err := decodeBoth(e, &before, &after); err != nil {
		return HostBody{}, err
	}
	if !whole(e, before, after) || !sameJSON(before.Groups, f.self.Groups) {
		return HostBody{}, fmt.Errorf("%w: other groups were told", ErrBroken)
	}
	if (e.Type == HostTarpitSuspected) != (len(before.Groups) == 0) || (e.Type == HostTarpitCleared) != (len(after.Groups) == 0) {
		return HostBody{}, fmt.Errorf("%w: %d groups became %d", ErrBroken, len(before.Groups), len(after.Groups))
	}
	body := f.self
	body.Groups = after.Groups
	return body, nil
}

// dropGrouped drops the single ports told before now that a group holds.
func (f *HostFold) dropGrouped(now position) {
	for key, held := range f.ports {
		if held.at.before(now) && slices.ContainsFunc(f.self.Groups, func(g Group) bool { return g.holds(key) }) {
			delete(f.ports, key)
		}
	}
}

func (g Group) holds(key PortKey) bool {
	return key.Protocol == g.Protocol && slices.ContainsFunc(g.Ranges, func(r [2]int) bool { return r[0] <= key.Number && key.Number <= r[1] })
}

// movePort returns the port after the event; held is nil where there is none.
func movePort(e *Event, held *heldPort) (heldPort, error) {
	switch e.Type {
	case PortOpened, PortDiscovered:
		return putPort(e, held)
	case PortReopened, PortClosed, PortFiltered, PortStatusChanged, PortVanished:
		return moveStatus(e, held)
	case FlapStarted, FlapEnded:
		return moveFlapping(e, held)
	}
	if held == nil || held.port.Status != StatusOpen {
		return heldPort{}, fmt.Errorf("%w: the port is not told open", ErrBroken)
	}
	next := *held
	var err error
	switch e.Type {
	case ServiceAdded, ServiceRemoved, ServiceVersionChanged:
		next.port.Services, err = moveItem(e, held.port.Services, Service.key, same)
	case BannerAdded, BannerChanged:
		next.port.Banners, err = moveItem(e, held.port.Banners, bannerKey, sameBanner(held.partial))
	case CertificateAdded, CertificateRemoved, CertificateRenewed, CertificateReplaced, CertificateRolledBack, CertificateAlternating,
		CertificateSettled, CertificateUnstable, CertificateExpiring, CertificateExpired, CertificateNotYetValid:
		next.port.Certificate, err = moveCertificate(e, held)
	default:
		err = fmt.Errorf("%w: unknown type", ErrBroken)
	}
	return next, err
}

// putPort is port.opened and .discovered: nothing, or a vanished port whose
// record may be gone by now, stood there before.
func putPort(e *Event, held *heldPort) (heldPort, error) {
	if held != nil && held.port.Status != StatusVanished || !isNull(e.Before) {
		return heldPort{}, fmt.Errorf("%w: the port was told before", ErrBroken)
	}
	var after Port
	if err := decode("after", e.After, &after); err != nil {
		return heldPort{}, err
	}
	if (e.Type == PortOpened) != (after.Status == StatusOpen) {
		return heldPort{}, fmt.Errorf("%w: status %q", ErrBroken, after.Status)
	}
	return heldPort{port: after}, nil
}

// moveStatus is the events whose before is the whole port: what the fold holds
// in part it takes over from there.
func moveStatus(e *Event, held *heldPort) (heldPort, error) {
	var before, after Port // a bare status decodes into After as well
	if err := decodeBoth(e, &before, &after); err != nil {
		return heldPort{}, err
	}
	fits := before.Status == StatusVanished
	if held != nil {
		fits = same(before, held.port)
		if held.partial {
			fits = sameJSON(BodyOf(before), BodyOf(held.port))
		}
	}
	if !fits || isNull(e.Before) {
		return heldPort{}, fmt.Errorf("%w: another port was told", ErrBroken)
	}
	if e.Type == PortReopened {
		before = after
	} else {
		before.Status = after.Status
	}
	if (e.Type == PortReopened) != (before.Status == StatusOpen) {
		return heldPort{}, fmt.Errorf("%w: status %q", ErrBroken, before.Status)
	}
	return heldPort{port: before}, nil
}

// moveItem replaces, adds or removes one item of an ordered list.
func moveItem[T any](e *Event, list []T, key func(T) string, fits func(told, held T) bool) ([]T, error) {
	var before, after *T
	if err := decodeBoth(e, &before, &after); err != nil {
		return nil, err
	}
	if before == nil && after == nil || before != nil && after != nil && key(*before) != key(*after) {
		return nil, fmt.Errorf("%w: before and after are not of one thing", ErrBroken)
	}
	k := key(*cmp.Or(before, after))
	i, found := slices.BinarySearchFunc(list, k, func(x T, k string) int { return strings.Compare(key(x), k) })
	if found != (before != nil) || found && !fits(*before, list[i]) {
		return nil, fmt.Errorf("%w: another value was told", ErrBroken)
	}
	switch {
	case after == nil:
		return slices.Delete(slices.Clone(list), i, i+1), nil
	case found:
		list = slices.Clone(list)
		list[i] = *after
		return list, nil
	}
	return slices.Insert(slices.Clone(list), i, *after), nil
}

func moveCertificate(e *Event, held *heldPort) (*Certificate, error) {
	var before, after *Certificate
	if err := decodeBoth(e, &before, &after); err != nil {
		return nil, err
	}
	fits := same(before, held.port.Certificate)
	if held.partial {
		fits = sameJSON(BodyOf(Port{Certificate: before}), BodyOf(Port{Certificate: held.port.Certificate}))
	}
	if !fits {
		return nil, fmt.Errorf("%w: another certificate was told", ErrBroken)
	}
	return after, nil
}

// moveFlapping replaces the facets that flap, whatever the status.
func moveFlapping(e *Event, held *heldPort) (heldPort, error) {
	var before, after FlappingValue
	if err := decodeBoth(e, &before, &after); err != nil {
		return heldPort{}, err
	}
	if held == nil || !whole(e, before, after) || !sameJSON(before.Flapping, held.port.Flapping) || (e.Type == FlapStarted) != (len(after.Flapping) > len(before.Flapping)) {
		return heldPort{}, fmt.Errorf("%w: other facets were told to flap", ErrBroken)
	}
	next := *held
	next.port.Flapping = after.Flapping
	return next, nil
}

func bannerKey(s BannerSet) string { return s.Protocol }

func same[T any](told, held T) bool { return sameJSON(told, held) }

// sameBanner compares what a state record keeps where the fold knows no more.
func sameBanner(partial bool) func(told, held BannerSet) bool {
	if !partial {
		return same[BannerSet]
	}
	return func(told, held BannerSet) bool {
		return sameJSON(BodyOf(Port{Banners: []BannerSet{told}}), BodyOf(Port{Banners: []BannerSet{held}}))
	}
}

// checkContext holds the event to its own word: context is what is told right
// after it.
func checkContext(e *Event, p Port) error {
	told := e.Context
	want := ContextOf(&p, told.Labels)
	if told.Services == nil {
		told.Services = []Service{}
	}
	if told.Labels == nil {
		told.Labels = want.Labels
	}
	if !sameJSON(told, want) {
		return fmt.Errorf("%w: its context is not what is told after it", ErrBroken)
	}
	return nil
}

// whole says whether before and after hold what was read of them and nothing else.
func whole(e *Event, before, after any) bool {
	return sameJSON(e.Before, before) && sameJSON(e.After, after)
}

func isNull(raw json.RawMessage) bool { return raw == nil || string(raw) == "null" }

func decodeBoth(e *Event, before, after any) error {
	if err := decode("before", e.Before, before); err != nil {
		return err
	}
	return decode("after", e.After, after)
}

func decode(name string, raw json.RawMessage, v any) error {
	if raw == nil {
		raw = json.RawMessage("null")
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("%w: %s cannot be read: %v", ErrBroken, name, err)
	}
	return nil
}
