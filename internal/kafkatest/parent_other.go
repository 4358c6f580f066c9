//go:build !linux

package kafkatest

import "os/exec"

// endWithParent has no equal here: a broker outlives a test binary that is killed.
func endWithParent(*exec.Cmd) {}
