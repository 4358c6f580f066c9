package snapshotfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/portdelta/portdelta/internal/limits"
)

// The first bytes of RFC 1952 and RFC 8878.
var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// Decompress reads gzip and zstd by their first bytes and anything else as it is,
// without a byte order mark. It looks through one layer, decodes while it is read
// and starts no goroutine.
func Decompress(r io.Reader) (*bufio.Reader, error) {
	b, err := decompress(bufio.NewReaderSize(r, bufferSize))
	if err != nil {
		return nil, err
	}
	head, _ := b.Peek(len(bom)) // an error comes again with the first read
	switch {
	case bytes.HasPrefix(head, []byte(bom)):
		b.Discard(len(bom))
	case bytes.HasPrefix(head, []byte("\xfe\xff")), bytes.HasPrefix(head, []byte("\xff\xfe")):
		return nil, errors.New("UTF-16 text; save it as UTF-8")
	}
	return b, nil
}

const (
	bufferSize = 64 << 10
	bom        = "\ufeff"
)

func decompress(b *bufio.Reader) (*bufio.Reader, error) {
	head, err := b.Peek(len(zstdMagic))
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		return bufio.NewReaderSize(z, bufferSize), nil
	case bytes.HasPrefix(head, zstdMagic):
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(uint64(limits.ZstdWindowBytes.Max)))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return bufio.NewReaderSize(z, bufferSize), nil
	}
	return b, nil
}
