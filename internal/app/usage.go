package app

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// group makes a command that only holds others: alone it is a usage error, and
// an unknown word after it comes back with the words that are near.
func group(cmd *cobra.Command) *cobra.Command {
	cmd.SuggestionsMinimumDistance = 2
	cmd.Args = func(cmd *cobra.Command, list []string) error {
		if len(list) == 0 {
			return nil
		}
		err := fmt.Errorf("unknown command %q", cmd.CommandPath()+" "+list[0])
		if near := cmd.SuggestionsFor(list[0]); len(near) > 0 {
			err = fmt.Errorf("%w: did you mean %s?", err, strings.Join(near, " or "))
		}
		return usage(withTry(cmd, err))
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var names []string
		for _, sub := range cmd.Commands() {
			names = append(names, sub.Name())
		}
		return usage(withTry(cmd, fmt.Errorf("%s needs a command: %s", cmd.CommandPath(), strings.Join(names, ", "))))
	}
	return cmd
}

// noArgs refuses arguments. cobra's own word for one, "unknown command", helps
// nobody who forgot the dashes of a flag.
func noArgs(cmd *cobra.Command, list []string) error {
	if len(list) > 0 {
		return usage(withTry(cmd, fmt.Errorf("%s takes no arguments, got %q", cmd.CommandPath(), list[0])))
	}
	return nil
}

// someArgs demands at least one.
func someArgs(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, list []string) error {
		if len(list) == 0 {
			return usage(withTry(cmd, fmt.Errorf("%s needs %s", cmd.CommandPath(), what)))
		}
		return nil
	}
}

func withTry(cmd *cobra.Command, err error) error {
	return fmt.Errorf("%w\ntry: %s --help", err, cmd.CommandPath())
}

func configFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "config", "", "configuration file; PORTDELTA_... variables win over it")
	if err := cmd.MarkFlagFilename("config", "yaml", "yml"); err != nil {
		panic(err) // a flag that does not exist
	}
}

// folder completes a flag's value with folders.
func folder(cmd *cobra.Command, flag string) {
	if err := cmd.MarkFlagDirname(flag); err != nil {
		panic(err) // a flag that does not exist
	}
}

// choices completes a flag's value with the words it takes.
func choices(cmd *cobra.Command, flag string, words ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // a flag that does not exist
	}
}

// helpCommand is cobra's, but for an unknown command, which is an error here.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [command]",
		Short:   "Help about any command",
		Example: `  portdelta help tail`,
		RunE: func(cmd *cobra.Command, list []string) error {
			found, rest, err := cmd.Root().Find(list)
			if err == nil && len(rest) > 0 {
				err = found.ValidateArgs(rest)
			}
			if err != nil {
				return err
			}
			found.InitDefaultHelpFlag() // else its help would not list it
			return found.Help()
		},
	}
}

func (e *env) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a shell's completion script",
		Long: `Print the script that completes portdelta's commands, flags and their values in
a shell. That of bash needs the package bash-completion.`,
		Example: `  source <(portdelta completion bash)
  portdelta completion bash > /etc/bash_completion.d/portdelta
  portdelta completion zsh > "${fpath[1]}/_portdelta"
  portdelta completion fish > ~/.config/fish/completions/portdelta.fish`,
		ValidArgs: shells,
		Args: func(cmd *cobra.Command, list []string) error {
			if len(list) == 1 && cobra.OnlyValidArgs(cmd, list) == nil {
				return nil
			}
			return usage(withTry(cmd, errors.New("name one shell: "+strings.Join(shells, ", "))))
		},
		RunE: func(cmd *cobra.Command, list []string) error {
			root := cmd.Root()
			switch list[0] {
			case "bash":
				return root.GenBashCompletionV2(e.Out, true)
			case "zsh":
				return root.GenZshCompletion(e.Out)
			case "fish":
				return root.GenFishCompletion(e.Out, true)
			default:
				return root.GenPowerShellCompletionWithDesc(e.Out)
			}
		},
	}
}
