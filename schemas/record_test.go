package schemas

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestRecordKeepsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Record{
			Topic:     rapid.SampledFrom([]Topic{Changes, Lifecycles, State}).Draw(t, "topic"),
			Partition: rapid.IntRange(0, 10_000).Draw(t, "partition"),
			Key:       rapid.String().Draw(t, "key"),
			Value:     rapid.SliceOf(rapid.Byte()).Draw(t, "value"),
			Time:      time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "time")).UTC(),
		}
		if rapid.Bool().Draw(t, "tombstone") {
			want.Value = nil
		}
		for range rapid.IntRange(0, 9).Draw(t, "headers") {
			want.Headers = append(want.Headers, Header{rapid.String().Draw(t, "name"), rapid.String().Draw(t, "content")})
		}
		data, err := want.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		var got Record
		if err := got.UnmarshalBinary(data); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzRecord(f *testing.F) {
	whole := Record{Topic: Changes, Partition: 3, Key: "203.0.113.7", Value: []byte("{}"), Headers: []Header{{"ce_id", "a"}, jsonHeader}, Time: time.UnixMilli(1795451662000).UTC()}
	for _, r := range []Record{whole, {Topic: State, Key: "203.0.113.7|tcp|80", Time: whole.Time}, {}} {
		data, _ := r.AppendBinary(nil)
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var r Record
		if r.UnmarshalBinary(data) != nil {
			return
		}
		again, _ := r.AppendBinary(nil)
		var r2 Record
		if err := r2.UnmarshalBinary(again); err != nil {
			t.Fatal(err)
		}
		if twice, _ := r2.AppendBinary(nil); !bytes.Equal(again, twice) {
			t.Fatalf("%x became %x", again, twice)
		}
	})
}

func TestDamagedRecordIsRefused(t *testing.T) {
	r := Record{Topic: State, Key: "203.0.113.7", Headers: []Header{jsonHeader}}
	data, _ := r.AppendBinary(nil)
	for name, bad := range map[string][]byte{
		"empty":                    nil,
		"another format":           append([]byte{9}, data[1:]...),
		"bytes after a tombstone":  append(bytes.Clone(data), 'x'),
		"neither value nor tomb":   append(bytes.Clone(data[:len(data)-1]), 2),
		"cut within":               data[:len(data)/2],
		"more headers than bytes":  {recordFormat, 0, 0, 0, 0, 0xff, 0xff, 0x03},
		"a length beyond the data": {recordFormat, 0xff, 0x01, 'x'},
	} {
		if err := new(Record).UnmarshalBinary(bad); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
}
