package e2e

import (
	"os/exec"
	"syscall"
)

// endWithParent makes the kernel end the process with the test binary, also
// where that dies of a timeout and no cleanup runs.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
