package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"golang.org/x/term"

	"github.com/portdelta/portdelta/internal/telemetry"
)

// Stdio is where a command reads and writes.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

// env is what every command has: its streams, the common flags and the second
// signal, which cuts a stop short.
type env struct {
	Stdio
	hurry    context.Context
	output   string
	logLevel string
}

// Run executes one command line and returns the exit code. stop ends long work
// in order; hurry ends it at once.
func Run(stop, hurry context.Context, args []string, stdio Stdio) int {
	stdio.Out = &results{Writer: stdio.Out}
	e := &env{Stdio: stdio, hurry: hurry}
	root := e.root()
	root.SetArgs(args)
	root.SetIn(stdio.In)
	root.SetOut(stdio.Out)
	root.SetErr(stdio.Err)
	return e.exit(root.ExecuteContext(stop))
}

func (e *env) root() *cobra.Command {
	root := group(&cobra.Command{
		Use:   "portdelta",
		Short: "Watch exposed ports and tell every real change on Kafka",
		Long: `portdelta takes snapshots of the ports of hosts from Microsoft Graph security
threat intelligence, compares them with what it knew, and publishes typed change
events to Kafka topics.

Exit codes: 0 done; 1 the answer is no (a fault found, files differ); 2 usage,
configuration or unreadable input; 3 the outside failed (Graph, Kafka, store, disk).`,
		Example: `  portdelta demo                              see it work: simulator, broker and events in one process
  portdelta config defaults > portdelta.yaml  begin a configuration
  portdelta run --config portdelta.yaml       watch for real`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains([]string{"text", "json"}, e.output) {
				return usage(fmt.Errorf("--output %q: use text or json", e.output))
			}
			if e.logLevel != "" && !slices.Contains(telemetry.Levels, e.logLevel) {
				return usage(fmt.Errorf("--log-level %q: use %s", e.logLevel, strings.Join(telemetry.Levels, ", ")))
			}
			return nil
		},
	})
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	root.PersistentFlags().StringVar(&e.output, "output", "text", "text or json")
	root.PersistentFlags().StringVar(&e.logLevel, "log-level", "", "debug, info, warn or error (default: as configured)")
	choices(root, "output", "text", "json")
	choices(root, "log-level", telemetry.Levels...)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(withTry(cmd, err)) })
	root.CompletionOptions.DisableDefaultCmd = true // completionCommand stands in its place
	root.SetHelpCommand(helpCommand())
	root.AddCommand(e.demoCommand(), e.runCommand(), e.simCommand(), e.pollCommand(), e.tailCommand(), e.diffCommand(), e.topicsCommand(),
		e.configCommand(), e.replayCommand(), e.storeCommand(), e.explainCommand(), e.versionCommand(), e.completionCommand())
	return root
}

// logger writes to stderr; the flag wins over what is configured.
func (e *env) logger(level, format string) (*zap.Logger, error) {
	if e.logLevel != "" {
		level = e.logLevel
	}
	log, _, err := telemetry.NewLogger(level, format, e.Err)
	if err != nil {
		return nil, usage(err)
	}
	return log, nil
}

// coloured says whether a stream is a terminal that wants colours
// (https://no-color.org).
func coloured(w io.Writer) bool {
	if r, ok := w.(*results); ok {
		w = r.Writer
	}
	f, ok := w.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}
