package diff

import "testing"

// The first look after a restore tells gains and what the source states, but
// confirms no loss: the state may be older than what had been seen.
func TestRestoredConfirmsNoLoss(t *testing.T) {
	tl := newTimeline(t)
	nginx := service("nginx", "1.20", -50, 0, true)
	tl.look(0, port(80, 0, nginx), port(443, 0), port(22, 0))
	expect(t, "absent once", tl.look(24, port(80, 20), port(22, 20)))
	tl.state.Restored = true
	expect(t, "first look", tl.look(48, port(80, 40), port(22, 40, status("closed")), port(8443, 40)), "port.closed tcp/22", "port.opened tcp/8443")
	if tl.state.Restored {
		t.Error("a complete look leaves the state restored")
	}
	expect(t, "second look", tl.look(72, port(80, 60), port(22, 60, status("closed")), port(8443, 60)), "service.removed tcp/80", "port.vanished tcp/443")

	tl.state.Restored = true
	unproven := snapshot(96, port(80, 80))
	unproven.Proof = "unproven"
	tl.take(unproven)
	if !tl.state.Restored {
		t.Error("an incomplete look counts as the first")
	}
}
