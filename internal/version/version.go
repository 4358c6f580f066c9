// Package version says what this binary was built from. It reads what the Go
// tool has stamped into it, so that no build needs flags to get it right.
package version

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// Info is what is known of the build. What is not known is empty.
type Info struct {
	Version  string `json:"version"`  // the module's version; "devel" outside a release
	Commit   string `json:"commit"`   // of the version control, in full
	Modified bool   `json:"modified"` // the files differed from the commit
	Go       string `json:"go"`       // toolchain, as in go1.26.8
	Platform string `json:"platform"` // as in linux/amd64
}

// Get reads the running binary.
func Get() Info {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		build = &debug.BuildInfo{}
	}
	return from(build)
}

func from(build *debug.BuildInfo) Info {
	info := Info{
		Version:  "devel",
		Go:       cmp.Or(build.GoVersion, runtime.Version()),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	if v := build.Main.Version; v != "" && v != "(devel)" {
		info.Version = v
	}
	for _, s := range build.Settings {
		switch s.Key {
		case "vcs.revision":
			info.Commit = s.Value
		case "vcs.modified":
			info.Modified = s.Value == "true"
		}
	}
	return info
}

// String is one line for people: portdelta v1.2.3 (commit 0123456789ab, go1.26.8, linux/amd64).
func (i Info) String() string {
	var details []string
	if i.Commit != "" {
		commit := "commit " + i.Commit[:min(12, len(i.Commit))]
		if i.Modified {
			commit += " with changes"
		}
		details = append(details, commit)
	}
	details = append(details, i.Go, i.Platform)
	return fmt.Sprintf("portdelta %s (%s)", i.Version, strings.Join(details, ", "))
}
