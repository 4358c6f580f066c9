package store

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"go.uber.org/zap"
)

// Alarms: troubles of the disk under the store that no call returns, because
// Pebble meets them in the background and retries for ever.
const (
	AlarmBackground = "background_error" // a flush or compaction fails; ends when one succeeds
	AlarmStall      = "write_stall"      // commits wait for flushes or compactions; ends
	AlarmSlow       = "disk_slow"        // one write takes more than 5 s; has no end of its own
	AlarmCorruption = "corruption"       // a block on disk does not match its checksum; has no end
	AlarmDiskUsage  = "disk_usage"       // the free disk could not be read; ends
)

// Sizes. The cache serves one read of a host a look; the memtable is large
// enough that most outbox records are published and trimmed before it is
// flushed, and then never reach a table, and small enough for a quick replay.
const (
	cacheBytes    = 64 << 20
	memTableBytes = 16 << 20
	memTables     = 4
	bloomBits     = 10
)

// formatMajorVersion is pinned, so that a newer Pebble does not make stores an
// older portdelta cannot open. V6 tables have a checksum in their footer, and
// every version since FormatWALSyncChunks can tell a damaged log from a torn end.
const formatMajorVersion = pebble.FormatTableFormatV6

// exitOutside is the exit code for a disk that fails (contract section 4).
const exitOutside = 3

func (s *Store) pebbleOptions(opts Options, readOnly bool) *pebble.Options {
	log := pebbleLog{log: opts.Logger.Sugar(), fatal: opts.Fatal, failed: s.fail}
	o := &pebble.Options{
		FS:                          s.fs,
		Lock:                        s.lock,
		ReadOnly:                    readOnly,
		FormatMajorVersion:          formatMajorVersion,
		CacheSize:                   cacheBytes,
		MemTableSize:                memTableBytes,
		MemTableStopWritesThreshold: memTables,
		Logger:                      log,
		EventListener:               alarms(opts.OnAlarm, &s.troubled),
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(bloomBits)
	}
	return o
}

// alarms turns Pebble's events into calls of raise: at the start of a trouble
// with an error, at its end with nil. Meanwhile troubled is set where a flush
// would not end.
func alarms(raise func(kind string, err error), troubled *atomic.Bool) *pebble.EventListener {
	var background, stalled atomic.Bool
	tell := func(kind string, err error) {
		troubled.Store(background.Load() || stalled.Load())
		raise(kind, err)
	}
	// A failing flush is retried in a tight loop, thousands of times a second:
	// only its first failure is told.
	better := func(err error) {
		if err == nil && background.CompareAndSwap(true, false) {
			tell(AlarmBackground, nil)
		}
	}
	return &pebble.EventListener{
		BackgroundError: func(err error) {
			if background.CompareAndSwap(false, true) {
				tell(AlarmBackground, err)
			}
		},
		FlushEnd:      func(info pebble.FlushInfo) { better(info.Err) },
		CompactionEnd: func(info pebble.CompactionInfo) { better(info.Err) },
		WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
			stalled.Store(true)
			tell(AlarmStall, errors.New(info.Reason))
		},
		WriteStallEnd: func() {
			stalled.Store(false)
			tell(AlarmStall, nil)
		},
		DiskSlow: func(info pebble.DiskSlowInfo) { raise(AlarmSlow, errors.New(info.String())) },
		// Without this Pebble would end the process at the first bad block; the
		// read that met it returns ErrDamaged and costs its host alone (P12).
		DataCorruption: func(info pebble.DataCorruptionInfo) { raise(AlarmCorruption, info.Details) },
	}
}

// pebbleLog passes Pebble's log on. Its chatter is debug.
type pebbleLog struct {
	log    *zap.SugaredLogger
	fatal  func(error)
	failed func(error) error
}

func (l pebbleLog) Infof(format string, args ...any)  { l.log.Debugf(format, args...) }
func (l pebbleLog) Errorf(format string, args ...any) { l.log.Errorf(format, args...) }

// Fatalf is called where Pebble cannot go on, for instance after a failed write
// of its log or manifest, and must not return: what Pebble would do next is
// undefined and could acknowledge what was never stored (P5).
func (l pebbleLog) Fatalf(format string, args ...any) {
	err := l.failed(fmt.Errorf(format, args...))
	l.fatal(err)
	panic(err)
}

// exit is the default for Options.Fatal.
func exit(log *zap.Logger) func(error) {
	return func(err error) {
		log.Error("the store cannot go on", zap.Error(err))
		_ = log.Sync()
		os.Exit(exitOutside)
	}
}
