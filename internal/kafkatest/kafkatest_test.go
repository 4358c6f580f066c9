package kafkatest_test

import (
	"testing"

	"github.com/portdelta/portdelta/internal/kafkatest"
)

// What Stop leaves, the tests of publisher/kafka show; here it is a kill.
func TestRestartKeepsTheAddress(t *testing.T) {
	broker := kafkatest.Start(t)
	addr := broker.Addr()
	broker.Kill(t)
	broker.Start(t)
	if broker.Addr() != addr {
		t.Errorf("address moved from %s to %s", addr, broker.Addr())
	}
}
