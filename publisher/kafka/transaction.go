package kafka

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/portdelta/portdelta/internal/crashpoint"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/schemas"
)

const (
	// transactionTimeout is after which the coordinator aborts a transaction its
	// owner left open. Until then it blocks every read_committed reader.
	transactionTimeout = 30 * time.Second
	// maxTransactionTimeout is as far as it grows after one that took too long;
	// brokers allow 15 min unless told otherwise.
	maxTransactionTimeout = 4 * time.Minute
	// claimWait is how long a fenced producer waits for the name of whoever fenced
	// it, before it concludes that the coordinator ended a transaction for its age.
	claimWait = 3 * time.Second
	// ownerCheck is how often an idle shard 0 looks whether it has been taken over.
	ownerCheck = 5 * time.Second
)

// Owner is what a Transactional writes into its progress records.
type Owner struct {
	Source      string // of the events: schemas.Source
	Incarnation string // of the store: a UUID made with it
	Instance    string // machine and process, for people
}

// Transactional publishes the outbox exactly once (P6): what is in the outbox and
// the record of how far it got go out in one transaction. Take a shard before
// anything is produced for it. Calls for different shards are concurrent, those
// for one shard never are.
type Transactional struct {
	// Refused, if set before anything is produced, is told of each change event that
	// goes out without its values, with the class of the broker's refusal. It
	// returns at once, and may be called concurrently.
	Refused func(id, class string)

	client *Client
	owner  Owner
	run    string // names this process on the progress topic
	shards []txnShard
}

// txnShard is one transactional id.
type txnShard struct {
	number  int
	name    string // the transactional id
	id      identity
	timeout time.Duration
	// settled: no transaction is open, and progress is what the topic says.
	settled  bool
	progress Progress
	most     int               // bytes of a batch: less where the broker refused one
	largest  int               // bytes of the largest batch of the last transaction
	refused  map[string]string // records the broker does not take as they are, by checksum: why
	checked  time.Time         // when the owner was last seen to be us
}

// NewTransactional makes a producer for the shards; the client stays the
// caller's to close.
func NewTransactional(client *Client, shards int, owner Owner) *Transactional {
	t := &Transactional{client: client, owner: owner, run: rand.Text(), shards: make([]txnShard, shards)}
	for i := range t.shards {
		t.shards[i] = txnShard{number: i, name: client.config.Prefix + "-" + strconv.Itoa(i), id: nobody, timeout: transactionTimeout, most: limits.ProduceBytes.Max}
	}
	return t
}

// Take makes the shard ours and returns how far it is published, nil where
// nobody ever published it. From here on whoever had it is fenced: his open
// transaction is settled, and nothing he sends is taken any more. Only what is
// read after Take may be built upon.
func (t *Transactional) Take(ctx context.Context, shard int) (*Progress, error) {
	s := &t.shards[shard]
	s.settled = false
	id, failure := t.client.initProducer(ctx, s.name, s.timeout, nobody)
	if failure != nil {
		return nil, failure
	}
	s.id = id
	progress, failure := t.readProgress(ctx, s)
	if failure != nil {
		return nil, failure
	}
	s.settled, s.checked = true, time.Now()
	s.progress = Progress{Shard: shard, Checkpoint: Chain{Digest: chainStart, At: time.Now().UTC()}}
	if progress != nil {
		s.progress = *progress
	}
	return progress, nil
}

// Claim says on the progress topic that the shard is ours and that its outbox is
// published up to position; restored is false while the local state is not whole
// yet. It is what tells a former owner by whom he was fenced.
func (t *Transactional) Claim(ctx context.Context, shard int, position uint64, restored bool) error {
	s := &t.shards[shard]
	next := s.progress
	if position != next.Position || next.Incarnation != t.owner.Incarnation {
		next.Checksum = "" // of a record of another outbox
	}
	next.Position, next.Restored = position, restored
	if failure := t.transact(ctx, s, nil, next); failure != nil {
		return failure
	}
	return nil
}

// Produce returns nil when every entry is committed. Otherwise the error is an
// *Error; whether the transaction went through may be unknown then, and the next
// call settles that before it sends anything, so that what is sent again is sent
// because it is not there. Without entries it does what is due of itself: a
// checkpoint, and a look whether the shard is still ours.
func (t *Transactional) Produce(ctx context.Context, shard int, entries []schemas.Entry) error {
	if failure := t.produce(ctx, &t.shards[shard], entries); failure != nil {
		failure.rest = entries
		return failure
	}
	return nil
}

func (t *Transactional) produce(ctx context.Context, s *txnShard, entries []schemas.Entry) *Error {
	if !s.settled {
		if failure := t.settle(ctx, s); failure != nil {
			return failure
		}
	}
	if n := len(entries); n == 0 {
		if failure := t.stillOurs(ctx, s); failure != nil {
			return failure
		}
	}
	entries = after(entries, s.progress.Position)
	next := s.progress
	records := make([]schemas.Record, 0, len(entries)+2)
	for i := range entries {
		e := &entries[i]
		records = append(records, e.Record)
		if id := eventID(&e.Record); id != "" {
			next.Checkpoint.add(id)
		}
		next.Position = e.Position
	}
	if n := len(entries); n > 0 {
		next.Checksum, next.Restored = Checksum(&entries[n-1].Record), true
	}
	if now := time.Now().UTC().Truncate(time.Millisecond); next.Checkpoint.due(now) {
		record, chain, err := next.Checkpoint.event(t.owner.Source, s.number, now)
		if err != nil {
			return &Error{what: "checkpoint", v: verdict{class: ClassRejected, fatal: true, then: give}, cause: err}
		}
		records, next.Checkpoint = append(records, record), chain
	}
	if len(records) == 0 {
		return nil
	}
	return t.transact(ctx, s, records, next)
}

// after drops what is published already.
func after(entries []schemas.Entry, position uint64) []schemas.Entry {
	n, _ := slices.BinarySearchFunc(entries, position+1, func(e schemas.Entry, p uint64) int { return cmp.Compare(e.Position, p) })
	return entries[n:]
}

// transact sends the records and the progress that goes with them as one
// transaction. A crash or a lost answer anywhere in it leaves the whole of it
// published or nothing; which, the progress topic says.
func (t *Transactional) transact(ctx context.Context, s *txnShard, records []schemas.Record, next Progress) *Error {
	next.V, next.Source, next.Shard = progressVersion, t.owner.Source, s.number
	next.Incarnation, next.Instance, next.Run = t.owner.Incarnation, t.owner.Instance, t.run
	next.ProducerID, next.Epoch = s.id.producer, s.id.epoch
	s.cut(records)
	partitions, failure := s.encode(records, next, t.client.config.Prefix)
	if failure != nil {
		return failure
	}
	s.settled = false
	if failure := t.send(ctx, s, partitions); failure != nil {
		return t.judge(s, failure)
	}
	s.progress, s.checked = next, time.Now()
	s.most, s.refused, s.timeout = limits.ProduceBytes.Max, nil, transactionTimeout
	crashpoint.Reached("committed")
	// A new epoch for every transaction: a late or repeated EndTxn of this one is
	// refused then, and cannot end the next (KAFKA-17754). Where it fails, the
	// next call settles first.
	id, failure := t.client.initProducer(ctx, s.name, s.timeout, s.id)
	if failure == nil {
		s.id, s.settled = id, true
	}
	return nil
}

// send has the batches produced and committed.
func (t *Transactional) send(ctx context.Context, s *txnShard, partitions []partBatches) *Error {
	if failure := t.client.addPartitions(ctx, s.name, s.id, partitions); failure != nil {
		return failure
	}
	crashpoint.Reached("added")
	for round := 0; ; round++ {
		var parts []part
		for i := range partitions {
			p := &partitions[i]
			if round >= len(p.batches) {
				continue
			}
			b := p.batches[round]
			b.stamp(s.id, p.sequence)
			p.sequence = nextSequence(p.sequence, b.count)
			parts = append(parts, part{topic: p.topic, partition: p.partition, batch: b})
		}
		if len(parts) == 0 {
			break
		}
		if failure := t.client.produceParts(ctx, s.name, parts); failure != nil {
			if r, ok := errors.AsType[*refusal](failure.cause); ok && (failure.v.class == ClassTooLarge || failure.v.class == ClassRejected) {
				i := slices.IndexFunc(parts, func(p part) bool { return p.topic == r.topic })
				t.refuses(s, parts[i].batch, failure)
			}
			return failure
		}
		crashpoint.Reached("produced")
	}
	crashpoint.Reached("before_commit")
	return t.client.endTransaction(ctx, s.name, s.id)
}

// encode makes the batches of a transaction. The progress record comes last.
func (s *txnShard) encode(records []schemas.Record, next Progress, prefix string) ([]partBatches, *Error) {
	fail := func(err error) ([]partBatches, *Error) {
		return nil, &Error{what: "encode a transaction of " + s.name, v: verdict{class: ClassRejected, fatal: true, then: give}, cause: err}
	}
	progress, err := next.record(time.Now().UTC().Truncate(time.Millisecond))
	if err != nil {
		return fail(err)
	}
	entries := make([]schemas.Entry, 0, len(records)+1)
	for _, r := range append(records, progress) {
		if r.Partition != s.number {
			return fail(fmt.Errorf("a record of topic %s is for partition %d", r.Topic, r.Partition))
		}
		entries = append(entries, schemas.Entry{Record: r})
	}
	var out []partBatches
	s.largest = 0
	for _, stream := range split(entries, prefix) {
		p := partBatches{topic: stream.topic, partition: stream.partition}
		for rest := stream.entries; len(rest) > 0; {
			n := fit(rest, s.most)
			if n < len(rest) {
				limits.ProduceBytes.Hit()
			}
			b, err := encodeBatch(rest[:n], true)
			if err != nil {
				return fail(err)
			}
			s.largest = max(s.largest, size(rest[:n]))
			p.batches = append(p.batches, b)
			rest = rest[n:]
		}
		out = append(out, p)
	}
	return out, nil
}

// judge is what a failed transaction means for the next one. Nothing is aborted
// here: a new epoch does that, and decides what is unknown (KAFKA-14053).
func (t *Transactional) judge(s *txnShard, failure *Error) *Error {
	if errors.Is(failure.cause, kafka.InvalidProducerIDMapping) {
		s.id = nobody // the coordinator has forgotten the transactional id: a new one is as good
	}
	return failure
}
