package kafkatest

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// Version is the release of Apache Kafka the pom names.
const Version = "4.3.0"

// LibsVariable names a folder that already holds the jars of the pom; Maven is
// not needed then.
const LibsVariable = "PORTDELTA_KAFKA_LIBS"

// fetchTimeout bounds the one download of 54 MB.
const fetchTimeout = 5 * time.Minute

//go:embed pom.xml
var pom []byte

// tools finds Java and the jars. Where a part is missing the test is skipped
// with its name, or fails where CI=true: there it must not go unnoticed.
func tools(t testing.TB) (java, classpath string) {
	t.Helper()
	java, err := exec.LookPath("java")
	if err != nil {
		missing(t, "Java 17 is not installed")
	}
	libs := os.Getenv(LibsVariable)
	if libs == "" {
		if libs, err = download(t); err != nil {
			t.Fatalf("fetch Apache Kafka %s: %v", Version, err)
		}
	}
	return java, filepath.Join(libs, "*")
}

func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s, but CI=true: the tests against Apache Kafka must run", what)
	}
	t.Skipf("%s: test against Apache Kafka skipped", what)
}

// download brings the jars into the user's cache folder, once for all test
// binaries: they may run at the same time, so a lock file lets one of them fetch.
// A fetch that was cut leaves no complete folder and is begun anew.
func download(t testing.TB) (string, error) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "portdelta-test")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	libs := filepath.Join(dir, "kafka-"+Version)
	unlock, err := lockedfile.MutexAt(libs + ".lock").Lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(libs); err == nil {
		return libs, nil
	}
	maven, err := exec.LookPath("mvn")
	if err != nil {
		missing(t, "Maven is not installed and "+LibsVariable+" is not set")
	}
	part := libs + ".part"
	if err := os.RemoveAll(part); err != nil {
		return "", err
	}
	if err := os.MkdirAll(part, 0o755); err != nil {
		return "", err
	}
	pomFile := libs + ".pom.xml"
	if err := os.WriteFile(pomFile, pom, 0o644); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, maven, "-q", "-B", "-f", pomFile,
		"dependency:copy-dependencies", "-DoutputDirectory="+part).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("mvn dependency:copy-dependencies: %w\n%s", err, out)
	}
	return libs, os.Rename(part, libs)
}
