package recording

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// A recording's files have numbers that count up, so that their names are in the
// order of what they hold, whatever the clock did.
const fileName = "looks-%08d.ndjson.zst"

type file struct {
	name string
	size int64
}

// files are those of a recording in a folder, in order. Others in the folder are
// not ours: they are neither counted nor dropped.
type files struct {
	list   []file
	number int // of the last
}

func listFiles(folder string) (files, error) {
	entries, err := os.ReadDir(folder) // by name
	if err != nil {
		return files{}, fmt.Errorf("recording: %w", err)
	}
	var f files
	for _, e := range entries {
		var number int
		if n, err := fmt.Sscanf(e.Name(), fileName, &number); n != 1 || err != nil || fmt.Sprintf(fileName, number) != e.Name() {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return files{}, fmt.Errorf("recording: %w", err)
		}
		f.list = append(f.list, file{e.Name(), info.Size()})
		f.number = max(f.number, number)
	}
	return f, nil
}

func (f *files) last() *file { return &f.list[len(f.list)-1] }

func (f *files) next() string {
	f.number++
	return fmt.Sprintf(fileName, f.number)
}

func (f *files) bytes() (sum int64) {
	for _, each := range f.list {
		sum += each.size
	}
	return sum
}

// names are the files that Open reads: every one of the folder that is not hidden,
// in the order of their names, or the one file itself.
func names(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		if e.Type().IsRegular() && e.Name()[0] != '.' {
			list = append(list, path+string(os.PathSeparator)+e.Name())
		}
	}
	slices.Sort(list)
	return list, nil
}
