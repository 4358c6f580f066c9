package app

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/portdelta/portdelta/internal/version"
)

func (e *env) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: `  portdelta version --output json`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			info := version.Get()
			if e.output == "json" {
				return e.printer().value(info)
			}
			_, err := fmt.Fprintln(e.Out, info)
			return err
		},
	}
}
