package spool

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

func gather(t testing.TB, s *Spool) (out []string) {
	t.Helper()
	for {
		key, values, err := s.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			out = append(out, fmt.Sprintf("%s %x", key, v[:8]))
		}
	}
}

// Whether it all fits into memory or not, records come out by key, and within a key
// as they were added.
func TestSorted(t *testing.T) {
	for _, size := range []int{16, 64 << 10} {
		dir := t.TempDir()
		s := New(dir)
		draw := rand.New(rand.NewPCG(1, 2))
		type record struct{ key, value string }
		var want []record
		for i := range 1500 {
			key := fmt.Sprint("key", draw.IntN(500))
			value := bytes.Repeat([]byte{0}, size+draw.IntN(100))
			copy(value, fmt.Sprintf("%08d", i))
			if err := s.Add([]byte(key), value); err != nil {
				t.Fatal(err)
			}
			want = append(want, record{key, fmt.Sprintf("%s %x", key, value[:8])})
		}
		slices.SortStableFunc(want, func(a, b record) int { return bytes.Compare([]byte(a.key), []byte(b.key)) })
		got := gather(t, s)
		for i, w := range want {
			if got[i] != w.value {
				t.Fatalf("size %d, record %d is %s, want %s", size, i, got[i], w.value)
			}
		}
		if files, _ := os.ReadDir(dir); (len(files) > 0) != (size > 1000) {
			t.Errorf("size %d: %d files", size, len(files))
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if files, _ := os.ReadDir(dir); len(files) > 0 {
			t.Errorf("left behind: %v", files)
		}
	}
}

func TestNothing(t *testing.T) {
	s := New(t.TempDir())
	if _, _, err := s.Next(); err != io.EOF {
		t.Error(err)
	}
}

func TestNoFolder(t *testing.T) {
	s := New("/nowhere/at/all")
	var err error
	for range 20 {
		if err = s.Add([]byte("k"), make([]byte, 1<<20)); err != nil {
			break
		}
	}
	if err == nil {
		t.Error("nothing said that there is no folder")
	}
}
