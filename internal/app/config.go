package app

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/portdelta/portdelta/internal/config"
	"github.com/portdelta/portdelta/poller"
)

func (e *env) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "config", Short: "Check a configuration, or begin one",
		Example: `  portdelta config defaults > portdelta.yaml
  portdelta config check --config portdelta.yaml`,
	}
	var file string
	check := &cobra.Command{
		Use:   "check",
		Short: "Check a configuration and say what it needs of the source",
		Example: `  portdelta config check --config portdelta.yaml
  portdelta config check --config portdelta.yaml --output json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return e.configCheck(file) },
	}
	defaults := &cobra.Command{
		Use:     "defaults",
		Short:   "Print a commented configuration that holds the defaults",
		Example: `  portdelta config defaults > portdelta.yaml`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := e.Out.Write(config.Defaults())
			return err
		},
	}
	configFlag(check, &file)
	configFlag(defaults, &file)
	defaults.Flags().Lookup("config").Usage = "taken, as by every command that has it; the defaults do not depend on it"
	cmd.AddCommand(check, defaults)
	return group(cmd)
}

// loadConfig reads the configuration; without a file the environment alone.
// instead is the flag that would do in its place, if there is one.
func loadConfig(file, instead string) (*config.Config, error) {
	cfg, err := config.Load(file, os.LookupEnv, func(s string) error {
		_, err := poller.ParseTarget(s)
		return err
	})
	switch {
	case err != nil && file == "":
		hint := "--config FILE"
		if instead != "" {
			hint += ", or " + instead
		}
		return nil, usage(fmt.Errorf("no configuration file is named, and the environment alone does not do: %w\ntry: %s", err, hint))
	case err != nil:
		return nil, usage(err)
	}
	if broker := cfg.Kafka.Embedded; broker != nil {
		if err := checkLoopback(broker.Listen); err != nil {
			return nil, usage(fmt.Errorf("kafka.embedded.listen: %w: the embedded broker asks nobody who they are", err))
		}
	}
	return cfg, nil
}

// watched is what a configuration watches and whether the budget carries it. A
// default max-age that cannot be kept is stretched in cfg.
func watched(cfg *config.Config) (poller.List, config.Report, error) {
	list, err := poller.ReadWatchList(cfg.Watch.Hosts, cfg.Watch.Files)
	if err != nil {
		return list, config.Report{}, usage(err)
	}
	report, err := config.Feasibility(len(list.Hosts), *cfg)
	if err != nil {
		return list, report, usage(err)
	}
	if report.StretchedTo > 0 {
		cfg.Watch.Tiers.Default.MaxAge = report.StretchedTo
	}
	return list, report, nil
}

func (e *env) configCheck(file string) error {
	cfg, err := loadConfig(file, "")
	if err != nil {
		return err
	}
	_, report, err := watched(cfg)
	if err != nil {
		return err
	}
	if warning := report.Warning(); warning != "" {
		fmt.Fprintln(e.Err, "warning: "+warning)
	}
	if e.output == "json" {
		return e.printer().value(report)
	}
	_, err = fmt.Fprint(e.Out, report.String())
	return err
}
