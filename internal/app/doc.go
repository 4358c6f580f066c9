// Package app is the composition root: one file a subcommand, the parts of the
// running pipe put together in pipeline.go with the order in which they start
// and stop.
//
// It promises the exit codes of the command line (see Exit codes in the README),
// results on stdout and everything else on stderr, and that no text from outside
// reaches a terminal unescaped. It holds no rule of its own about what a change is.
package app
