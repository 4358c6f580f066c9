package app

import "github.com/spf13/cobra"

// explainCommand holds what answers the question why.
func (e *env) explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "explain", Short: "Say why something was told, or was not",
		Example: `  portdelta explain host 203.0.113.7 --config portdelta.yaml
  portdelta explain banner old.txt new.txt --scan-protocol http
  portdelta explain banner --pairs pairs.jsonl`,
	}
	cmd.AddCommand(e.explainHostCommand(), e.explainBannerCommand())
	return group(cmd)
}
