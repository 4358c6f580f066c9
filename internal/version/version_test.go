package version

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestInfo(t *testing.T) {
	platform := runtime.GOOS + "/" + runtime.GOARCH
	release := debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.modified", Value: "true"},
	}}
	for _, tt := range []struct {
		name  string
		build debug.BuildInfo
		want  Info
		line  string
	}{
		{"release", release,
			Info{Version: "v1.2.3", Commit: "0123456789abcdef", Modified: true, Go: "go1.26.8", Platform: platform},
			"portdelta v1.2.3 (commit 0123456789ab with changes, go1.26.8, " + platform + ")"},
		{"no version control", debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: "(devel)"}},
			Info{Version: "devel", Go: "go1.26.8", Platform: platform},
			"portdelta devel (go1.26.8, " + platform + ")"},
		{"nothing stamped", debug.BuildInfo{},
			Info{Version: "devel", Go: runtime.Version(), Platform: platform},
			"portdelta devel (" + runtime.Version() + ", " + platform + ")"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := from(&tt.build)
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if got.String() != tt.line {
				t.Errorf("got %q, want %q", got, tt.line)
			}
		})
	}
}

func TestGet(t *testing.T) {
	if got := Get(); got.Version == "" || got.Go == "" {
		t.Errorf("got %+v, want at least a version and a toolchain", got)
	}
}
