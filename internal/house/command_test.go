package house

import (
	"bytes"
	"context"
	"net"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portdelta/portdelta/internal/app"
	"github.com/portdelta/portdelta/internal/config"
	"github.com/portdelta/portdelta/poller"
)

// help is what a command says of itself; ok is false where there is none.
func help(t *testing.T, words ...string) (text string, ok bool) {
	t.Helper()
	var out, complaint bytes.Buffer
	code := app.Run(context.Background(), context.Background(), append(slices.Clone(words), "--help"),
		app.Stdio{In: strings.NewReader(""), Out: &out, Err: &complaint})
	// Cobra shows the help of the nearest command it knows: the usage line tells.
	usage := "portdelta"
	if len(words) > 0 {
		usage += " " + strings.Join(words, " ")
	}
	return out.String(), code == 0 && regexp.MustCompile(`(?m)^  `+regexp.QuoteMeta(usage)+`( |$)`).MatchString(out.String())
}

var flag = regexp.MustCompile(`(?m)^ .*--([a-z-]+)`)

// checkCommand says what of a command line does not exist. It takes the longest
// row of words that is a command as the command.
func checkCommand(t *testing.T, where string, args []string) {
	t.Helper()
	words := args
	for i, arg := range args {
		if strings.HasPrefix(arg, "-") {
			words = args[:i]
			break
		}
	}
	text, ok := help(t, words...)
	for !ok && len(words) > 1 {
		words = words[:len(words)-1] // the rest are arguments
		text, ok = help(t, words...)
	}
	if !ok {
		t.Errorf("%s: %q is no command of portdelta", where, strings.Join(args, " "))
		return
	}
	_, flags, _ := strings.Cut(text, "\nFlags:")
	var known []string
	for _, m := range flag.FindAllStringSubmatch(flags, -1) {
		known = append(known, m[1])
	}
	for _, arg := range args {
		name, isFlag := strings.CutPrefix(arg, "--")
		name, _, _ = strings.Cut(name, "=")
		if isFlag && !slices.Contains(known, name) {
			t.Errorf("%s: portdelta %s has no flag --%s, it has %v", where, strings.Join(words, " "), name, known)
		}
	}
}

// container is one container of deploy/, however it is written down.
type container struct {
	where  string
	args   []string
	env    map[string]string
	mounts []string          // folders that can be written to
	files  map[string]string // files that lie ready, with what is in them
	ports  []string          // that it says it listens on
	health []string          // paths that are asked of it
}

// check holds a container that watches against what portdelta is, and returns
// its configuration.
func (c container) check(t *testing.T) *config.Config {
	t.Helper()
	checkCommand(t, c.where, c.args)
	i := slices.Index(c.args, "--config")
	if i < 0 || i+1 >= len(c.args) {
		t.Fatalf("%s: no --config in %q", c.where, c.args)
	}
	text, ok := c.files[c.args[i+1]]
	if !ok {
		t.Fatalf("%s: no file is mounted at %s", c.where, c.args[i+1])
	}
	file := filepath.Join(t.TempDir(), "portdelta.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, func(name string) (string, bool) { v, ok := c.env[name]; return v, ok },
		func(s string) error { _, err := poller.ParseTarget(s); return err })
	if err != nil {
		t.Fatalf("%s: %v", c.where, err)
	}
	if len(cfg.Watch.Hosts)+len(cfg.Watch.Files) == 0 {
		t.Errorf("%s: nothing is watched, which a start refuses", c.where)
	}
	for _, name := range cfg.Watch.Files {
		hosts, ok := c.files[name]
		if !ok {
			t.Errorf("%s: watch.files names %s, which is not mounted", c.where, name)
			continue
		}
		local := filepath.Join(t.TempDir(), "hosts.txt")
		if err := os.WriteFile(local, []byte(hosts), 0o600); err != nil {
			t.Fatal(err)
		}
		if list, err := poller.ReadWatchList(nil, []string{local}); err != nil || len(list.Hosts) == 0 {
			t.Errorf("%s: %s names %d hosts: %v", c.where, name, len(list.Hosts), err)
		}
	}
	if !slices.ContainsFunc(c.mounts, func(m string) bool { return strings.HasPrefix(path.Clean(cfg.Store.Path)+"/", m+"/") }) {
		t.Errorf("%s: store.path %s lies on no volume, only %v do: the state would go with the container", c.where, cfg.Store.Path, c.mounts)
	}
	host, port, err := net.SplitHostPort(cfg.Telemetry.Listen)
	if err != nil || host != "" {
		t.Errorf("%s: telemetry.listen is %q, and must be on every address to be reached from outside of the container", c.where, cfg.Telemetry.Listen)
	}
	if len(c.ports) == 0 || slices.ContainsFunc(c.ports, func(p string) bool { return p != port }) {
		t.Errorf("%s: the ports are %v, telemetry.listen has %s", c.where, c.ports, port)
	}
	served := telemetryPaths(t)
	for _, p := range c.health {
		if !served(p) {
			t.Errorf("%s: the telemetry address does not serve %s", c.where, p)
		}
	}
	if len(c.health) == 0 {
		t.Errorf("%s: nobody asks how it is", c.where)
	}
	return cfg
}
