package crashpoint

import (
	"os"
	"os/exec"
	"testing"
)

// The test runs itself with the variable set: the second time the point is
// reached nothing may happen any more, not even a deferred call.
func TestReached(t *testing.T) {
	if os.Getenv(Variable) != "" {
		defer os.Exit(0)
		Reached("elsewhere")
		Reached("here")
		os.Stdout.WriteString("once\n")
		Reached("here")
		os.Stdout.WriteString("twice\n")
		return
	}
	Reached("here") // without the variable it does nothing
	cmd := exec.Command(os.Args[0], "-test.run=TestReached$")
	cmd.Env = append(os.Environ(), Variable+"=here:2")
	out, err := cmd.Output()
	if err == nil || string(out) != "once\n" {
		t.Errorf("the process printed %q and ended with %v, want to die at the second point", out, err)
	}
}
