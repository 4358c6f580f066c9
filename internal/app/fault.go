package app

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/publisher/kafka"
)

// storeError adds the next step to what the store refuses.
func storeError(err error) error {
	if _, judged := errors.AsType[*failure](err); judged {
		return err
	}
	switch {
	case errors.Is(err, store.ErrShards), errors.Is(err, store.ErrSource):
		return usage(err)
	case errors.Is(err, store.ErrDamaged):
		return outside(fmt.Errorf("%w\ntry: portdelta store verify, which lists what is hurt", err))
	case errors.Is(err, fs.ErrPermission):
		return outside(fmt.Errorf("%w\ntry: let the user that runs portdelta own the folder, or set store.path to one it owns", err))
	}
	return outside(err)
}

// kafkaError says which brokers were asked.
func kafkaError(err error, brokers []string) error {
	if failure, ok := errors.AsType[*kafka.Error](err); ok && failure.Class() == kafka.ClassTimeout {
		err = fmt.Errorf("%w; check that what listens there is a Kafka broker, and not behind a firewall", err)
	}
	return outside(fmt.Errorf("kafka at %s: %w", strings.Join(brokers, ", "), err))
}

func faultLines(faults []kafka.Fault) string {
	lines := make([]string, len(faults))
	for i, f := range faults {
		lines[i] = "  " + f.String()
	}
	return strings.Join(lines, "\n")
}
