package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Keys, all big-endian so that their order is the order of their parts:
//
//	shard(2) 00 'n'                      the next position and bytes ever written
//	shard(2) 00 't'                      the last position and bytes ever trimmed
//	shard(2) 01 position(8)              one record of the outbox
//	shard(2) 02 len(1) host              the host's version: its facet key is empty
//	shard(2) 02 len(1) host facet        one facet
//	shard(2) 03 time(8) host             the host is due from this Unix second on; no value
//	shard(2) 04 name                     a value of the shard itself
//	ff ff name                           format, incarnation, shards, source
//
// A shard is one range of keys, so it can be dropped as one. The length before
// the host keeps one host's keys from lying within another's.
//
// Every value ends in the CRC-32C of key and value (4 bytes): Pebble's block
// checksums guard bytes at rest, this one also a value under a wrong key and
// whatever happens between us and the block.
const (
	kindPosition = 0x00
	kindOutbox   = 0x01
	kindState    = 0x02
	kindDue      = 0x03
	kindShared   = 0x04

	nextMark    = 'n'
	trimmedMark = 't'

	metaShard = 0xffff
	// maxShards keeps metaShard free.
	maxShards = metaShard

	checkBytes = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func shardKey(shard int, kind byte) []byte {
	return append(binary.BigEndian.AppendUint16(make([]byte, 0, 32), uint16(shard)), kind)
}

func markKey(shard int, mark byte) []byte { return append(shardKey(shard, kindPosition), mark) }

func outboxKey(shard int, position uint64) []byte {
	return binary.BigEndian.AppendUint64(shardKey(shard, kindOutbox), position)
}

// hostKey is the key of the host's version and the prefix of its facets' keys.
func hostKey(shard int, host string) []byte {
	key := append(shardKey(shard, kindState), byte(len(host)))
	return append(key, host...)
}

func dueKey(shard int, due uint64, host string) []byte {
	return append(binary.BigEndian.AppendUint64(shardKey(shard, kindDue), due), host...)
}

func sharedKey(shard int, name string) []byte { return append(shardKey(shard, kindShared), name...) }

func metaKey(name string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, metaShard), name...)
}

// after is the smallest key greater than every key with the prefix. No prefix
// of ours is all ff.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		end[i]++
		if end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// parseState splits a key of kindState; facet is empty for the version.
func parseState(key []byte) (host, facet string, err error) {
	if len(key) < 4 || len(key) < 4+int(key[3]) || key[3] == 0 {
		return "", "", errors.New("key is cut short")
	}
	end := 4 + int(key[3])
	return string(key[4:end]), string(key[end:]), nil
}

// parseOutbox reads the position of a key of kindOutbox.
func parseOutbox(key []byte) (uint64, error) {
	if len(key) != 11 {
		return 0, fmt.Errorf("key has %d bytes instead of 11", len(key))
	}
	return binary.BigEndian.Uint64(key[3:]), nil
}

// parseDue splits a key of kindDue.
func parseDue(key []byte) (due uint64, host string, err error) {
	if len(key) < 12 {
		return 0, "", errors.New("key is cut short")
	}
	return binary.BigEndian.Uint64(key[3:]), string(key[11:]), nil
}

// seal appends the check to a value that is to stand under the key.
func seal(key, value []byte) []byte {
	return binary.BigEndian.AppendUint32(value, checkOf(key, value))
}

func checkOf(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

var errCheck = errors.New("checksum does not match")

// unseal returns the value without its check, and the check as it stands. The
// value aliases sealed.
func unseal(key, sealed []byte) (value []byte, check uint32, err error) {
	if len(sealed) < checkBytes {
		return nil, 0, errCheck
	}
	value = sealed[:len(sealed)-checkBytes]
	check = binary.BigEndian.Uint32(sealed[len(value):])
	if check != checkOf(key, value) {
		return nil, check, errCheck
	}
	return value, check, nil
}

// mark is the value of a position key: a position and the outbox bytes (keys
// and values) written or trimmed up to it since the store was made. The
// difference of the two marks of a shard is what the outbox holds.
type mark struct{ position, bytes uint64 }

func (m mark) seal(key []byte) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 16+checkBytes), m.position)
	return seal(key, binary.BigEndian.AppendUint64(b, m.bytes))
}

func parseMark(value []byte) (mark, error) {
	if len(value) != 16 {
		return mark{}, fmt.Errorf("position has %d bytes instead of 16", len(value))
	}
	return mark{binary.BigEndian.Uint64(value), binary.BigEndian.Uint64(value[8:])}, nil
}

// version is the value of a host's key: what compare-and-swap compares, and
// enough about the host's facets to see that one is missing or old.
type version struct {
	number uint64 // 1 for the host's first step
	facets uint32
	digest uint32 // the facets' checks, combined by exclusive or
	due    uint64 // where the host stands among those due; 0: nowhere
}

func (v version) seal(key []byte) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 24+checkBytes), v.number)
	b = binary.BigEndian.AppendUint32(b, v.facets)
	b = binary.BigEndian.AppendUint32(b, v.digest)
	return seal(key, binary.BigEndian.AppendUint64(b, v.due))
}

func parseVersion(value []byte) (version, error) {
	if len(value) != 24 {
		return version{}, fmt.Errorf("version has %d bytes instead of 24", len(value))
	}
	return version{binary.BigEndian.Uint64(value), binary.BigEndian.Uint32(value[8:]), binary.BigEndian.Uint32(value[12:]),
		binary.BigEndian.Uint64(value[16:])}, nil
}
