package app

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/portdelta/portdelta/internal/config"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/internal/recording"
)

// runFlags are what `portdelta run` is told.
type runFlags struct {
	file, record string
	mib          int
}

func (f *runFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.record, "record", "", "folder to record every look in, for portdelta replay")
	cmd.Flags().IntVar(&f.mib, "record-mib", limits.RecordBytes.Max>>20, "MiB the recording's folder may hold; the oldest file is dropped")
	folder(cmd, "record")
}

func (f *runFlags) check() error {
	const most = 1 << 30 // MiB: beyond it bytes are no int64 of any disk
	if f.mib < 1 || f.mib > most {
		return fmt.Errorf("--record-mib %d: use 1 to %d", f.mib, most)
	}
	return nil
}

// record has every step's input recorded from now on.
func (p *pipeline) record(f runFlags, cfg *config.Config) error {
	rules, err := json.Marshal(cfg.Detect)
	if err != nil {
		return err
	}
	p.recorder, err = recording.Create(recording.Options{
		Folder: f.record, Bytes: int64(f.mib) << 20, Registerer: p.registry,
		Head: recording.Head{Source: p.handler.detector.Source, Shards: p.handler.detector.Shards, Detect: rules},
		OnFault: func(err error) {
			p.log.Error("the recording ends here; the watch goes on", zap.Error(err))
		},
		OnDrop: func(name string) {
			p.log.Warn("the recording's folder is full: its oldest file was dropped", zap.String("file", name), zap.Int("mib", f.mib))
		},
	})
	if err != nil {
		return fmt.Errorf("--record: %w", err)
	}
	p.handler.detector.Decided = p.recorder.Record
	return nil
}
