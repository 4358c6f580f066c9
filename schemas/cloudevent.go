package schemas

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// jsonHeader is the one header of a state record and the last of an event's.
var jsonHeader = Header{"content-type", "application/json"}

// Source is the CloudEvents source of everything one instance tells of a tenant.
func Source(tenant, kind string) string { return "/portdelta/" + tenant + "/" + kind }

// Record returns the event as it will be sent: CloudEvents 1.0 in the binary
// mode of the Kafka protocol binding, key and partition by host (P6). The event
// must have been sealed for the same source.
func (e *Event) Record(source string, partitions int) (Record, error) {
	id, err := e.identify(source)
	if err == nil && id != e.ID {
		err = errors.New("changed since it was sealed, or sealed for another source")
	}
	if err != nil {
		return Record{}, fmt.Errorf("%s: %w", e.name(), err)
	}
	data, err := e.Encode()
	if err != nil {
		return Record{}, err
	}
	subject := e.Host
	if e.Port != nil {
		subject += fmt.Sprintf("/%s/%d", e.Port.Protocol, e.Port.Number)
	}
	headers, err := cloudHeaders(e.ID, source, e.Type, e.Time.Detected, subject, e.Host)
	if err != nil {
		return Record{}, fmt.Errorf("%s: %w", e.name(), err)
	}
	headers = append(headers, Header{"ce_hostseq", fmt.Sprintf("%020d", e.Seq)}, jsonHeader)
	return Record{
		Topic: Changes, Partition: Partition(e.Host, partitions), Key: e.Host,
		Value: data, Headers: headers, Time: millis(e.Time.Detected),
	}, nil
}

// Record returns the event as it will be sent; as Event.Record. What concerns the
// process as a whole has the key "0" and goes to partition 0, what concerns a
// shard has its number for a key and goes there.
func (l *Lifecycle) Record(source string, partitions int) (Record, error) {
	id, err := l.identify(source)
	if err == nil && id != l.ID {
		err = errors.New("changed since it was sealed, or sealed for another source")
	}
	if err != nil {
		return Record{}, fmt.Errorf("%s: %w", l.name(), err)
	}
	data, err := l.Encode()
	if err != nil {
		return Record{}, err
	}
	key, partition, subject := "0", 0, "process"
	if l.Host != nil {
		key, partition, subject = *l.Host, Partition(*l.Host, partitions), *l.Host
	}
	if l.Type.ofShard() {
		key, partition, subject = strconv.Itoa(l.Shard), l.Shard, fmt.Sprintf("shard/%d", l.Shard)
	}
	if l.Port != nil {
		subject += fmt.Sprintf("/%s/%d", l.Port.Protocol, l.Port.Number)
	}
	headers, err := cloudHeaders(l.ID, source, l.Type, l.Time.Detected, subject, key)
	if err != nil {
		return Record{}, fmt.Errorf("%s: %w", l.name(), err)
	}
	return Record{
		Topic: Lifecycles, Partition: partition, Key: key,
		Value: data, Headers: append(headers, jsonHeader), Time: millis(l.Time.Detected),
	}, nil
}

// ShardRecord is a lifecycle event about a shard, as it will be sent.
func ShardRecord(t Type, source string, shard int, at time.Time, details any) (Record, error) {
	l := &Lifecycle{Type: t, Shard: shard, Severity: SeverityOf(t, nil, nil), Time: LifecycleTime{Detected: at}}
	var err error
	if l.Details, err = Raw(details); err != nil {
		return Record{}, err
	}
	if err := l.Seal(source); err != nil {
		return Record{}, err
	}
	return l.Record(source, shard+1) // its partition is the shard, however many there are
}

// cloudHeaders are the attributes of CloudEvents 1.0 with the partitioning
// extension. There is no dataschema: type and version stand in ce_type.
func cloudHeaders(id, source string, t Type, at time.Time, subject, key string) ([]Header, error) {
	when, err := stamp(at)
	if err != nil {
		return nil, err
	}
	return []Header{
		{"ce_specversion", "1.0"},
		{"ce_id", id},
		{"ce_source", source},
		{"ce_type", t.cloudType()},
		{"ce_time", when},
		{"ce_subject", subject},
		{"ce_partitionkey", key},
	}, nil
}

// Record returns the state record as it will be sent; at is `detected` of the step.
func (s PortState) Record(partitions int, at time.Time) (Record, error) {
	value, err := s.Encode()
	return stateRecord(s.StateHead, value, partitions, at), err
}

// Record returns the state record as it will be sent; at is `detected` of the step.
func (s HostState) Record(partitions int, at time.Time) (Record, error) {
	value, err := s.Encode()
	return stateRecord(s.StateHead, value, partitions, at), err
}

// Tombstone deletes the state record of a port, or of the host where port is nil.
func Tombstone(host string, port *PortKey, partitions int, at time.Time) Record {
	return stateRecord(StateHead{Host: host, Port: port}, nil, partitions, at)
}

func stateRecord(head StateHead, value []byte, partitions int, at time.Time) Record {
	return Record{
		Topic: State, Partition: Partition(head.Host, partitions), Key: head.key(),
		Value: value, Headers: []Header{jsonHeader}, Time: millis(at),
	}
}

// StateKey is the key of a record on the state topic: "host|protocol|port", or
// "host" where port is nil. It can be taken apart: a host holds no bar.
func StateKey(host string, port *PortKey) string {
	if port == nil {
		return host
	}
	return fmt.Sprintf("%s|%s|%d", host, port.Protocol, port.Number)
}

func (h StateHead) key() string { return StateKey(h.Host, h.Port) }

// millis is what a Kafka timestamp keeps of a time.
func millis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
