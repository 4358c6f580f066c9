package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/portdelta/portdelta/internal/store"
)

func (e *env) storeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "store", Short: "Look after the local store",
		Example: `  portdelta store verify --store data`,
	}
	var file, dir string
	verify := &cobra.Command{
		Use:   "verify",
		Short: "Read everything in the store of a stopped instance and report what is damaged",
		Long: `Read everything in the store of a stopped instance: that every value is as it
was written, every host whole, and the outbox without gaps. Nothing is changed.
Exit code 1 if a fault was found.`,
		Example: `  portdelta store verify --config portdelta.yaml
  portdelta store verify --store data --output json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.storeVerify(cmd.Context(), file, dir) },
	}
	configFlag(verify, &file)
	verify.Flags().StringVar(&dir, "store", "", "the store's folder, in place of a configuration")
	folder(verify, "store")
	cmd.AddCommand(verify)
	return group(cmd)
}

func (e *env) storeVerify(ctx context.Context, file, dir string) (err error) {
	if dir == "" {
		cfg, err := loadConfig(file, "--store DIR")
		if err != nil {
			return err
		}
		dir = cfg.Store.Path
	}
	s, err := openStopped(dir)
	switch {
	case errors.Is(err, store.ErrDamaged):
		return outside(err) // too hurt for a list
	case err != nil:
		return storeError(err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	report, err := s.Verify(ctx)
	if err != nil {
		return storeError(err)
	}
	if e.output == "json" {
		err = e.printer().value(report)
	} else {
		_, err = fmt.Fprintf(e.Out, "store %s, incarnation %s\nshards   %d\nhosts    %d\nfacets   %d\noutbox   %d records\nbytes    %d\nfaults   %d\n",
			escaped(dir), report.Incarnation, report.Shards, report.Hosts, report.Facets, report.OutboxRecords, report.Bytes, report.FaultCount)
		for _, f := range report.Faults {
			fmt.Fprintln(e.Out, "  "+escaped(f))
		}
	}
	if err == nil && report.FaultCount > 0 {
		return errNo
	}
	return err
}

// openStopped opens the store of a stopped instance to read it.
func openStopped(dir string) (*store.Store, error) {
	s, err := store.OpenReadOnly(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		err = usage(fmt.Errorf("%w\ntry: --store with the folder that store.path names", err))
	}
	return s, err
}
