package app

import "github.com/spf13/cobra"

// explainCommand holds what answers the question why.
func (e *env) explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "explain", Short: "Say why something was told, or was not",
		Example: `  portdelta explain host 203.0.113.7 --config portdelta.yaml
  portdelta explain event 0f3c9a5e0c4b4f0e9d1b2a3c4d5e6f70 --config portdelta.yaml
  portdelta explain banner old.txt new.txt --scan-protocol http
  portdelta explain banner --pairs pairs.jsonl`,
	}
	cmd.AddCommand(e.explainHostCommand(), e.explainEventCommand(), e.explainBannerCommand())
	return group(cmd)
}
