package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// settle finds out what became of the last transaction. The next epoch of our
// identity ends it, whichever way its outcome is; then the progress record says
// which way that was.
func (t *Transactional) settle(ctx context.Context, s *txnShard) *Error {
	id, failure := t.client.initProducer(ctx, s.name, s.timeout, s.id)
	if failure != nil {
		switch {
		case failure.v.then == fenced:
			return t.fenced(ctx, s, failure)
		case errors.Is(failure.cause, kafka.InvalidProducerIDMapping):
			s.id = nobody
		}
		return failure
	}
	s.id = id
	return t.reread(ctx, s)
}

// reread takes what the topic says for true, if it still says that we are the owner.
func (t *Transactional) reread(ctx context.Context, s *txnShard) *Error {
	progress, failure := t.readProgress(ctx, s)
	switch {
	case failure != nil:
		return failure
	case progress == nil: // not even our claim went through
	case t.foreign(s, progress):
		return t.takenOver(s, progress)
	default:
		s.progress = *progress
	}
	s.settled, s.checked = true, time.Now()
	return nil
}

// foreign says that another process wrote the record, and not the one we took
// the shard from, whose record stands until our claim is through.
func (t *Transactional) foreign(s *txnShard, p *Progress) bool {
	return p.Run != t.run && p.Run != s.progress.Run
}

// fenced tells apart the two reasons for which a coordinator no longer knows our
// epoch: another instance took the shard, and has left its name, or the
// transaction was open for too long (this machine slept, say). Only where no
// name comes the identity is taken again: two instances that fence each other in
// turn would be the alternative.
func (t *Transactional) fenced(ctx context.Context, s *txnShard, failure *Error) *Error {
	for deadline := time.Now().Add(claimWait); ; {
		progress, unread := t.readProgress(ctx, s)
		if unread != nil {
			return unread
		}
		if progress != nil && t.foreign(s, progress) {
			return t.takenOver(s, progress)
		}
		if time.Now().After(deadline) {
			break
		}
		if err := sleep(ctx, claimWait/10); err != nil {
			return failure
		}
	}
	// A transaction that took too long would take as long again.
	s.id, s.timeout = nobody, min(2*s.timeout, maxTransactionTimeout)
	return failure
}

// takenOver is the end: what is in our outbox was decided from a state that is
// no longer the one readers were told.
func (t *Transactional) takenOver(s *txnShard, by *Progress) *Error {
	return &Error{
		what: "transactional id " + s.name,
		v: verdict{class: ClassFenced, fatal: true, then: give,
			hint: "let only one instance run on these topics; this one restores from them when it is started again"},
		cause: fmt.Errorf("taken over by %s (store %s) at %s", bounded(by.Instance), bounded(by.Incarnation), by.At.UTC().Format(time.RFC3339)),
	}
}

// stillOurs looks, on shard 0 and now and then, whether an instance that has
// taken over has left its name: an idle instance would not hear of it.
func (t *Transactional) stillOurs(ctx context.Context, s *txnShard) *Error {
	if s.number != 0 || time.Since(s.checked) < ownerCheck {
		return nil
	}
	return t.reread(ctx, s)
}
