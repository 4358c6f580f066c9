package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portdelta/portdelta/internal/crashpoint"
	"github.com/portdelta/portdelta/schemas"
)

// The world of a scenario. At this speed a port is scanned every 10.8 s, each kind
// of change has been shown once after 12 s, and then two changes come in 3 s.
const (
	hostCount = 50
	speed     = 2000
)

const (
	startWithin = 30 * time.Second
	// A loss needs two scan intervals; the rest is for a busy machine.
	settleWithin = 90 * time.Second
	// The deadline of the drain and then some (contract section 3: 20 s).
	stopWithin = 40 * time.Second
)

// rig is one pipe under test: a simulator, portdelta, and a reader of its topics,
// whose prefix is the scenario's name.
type rig struct {
	*testing.T
	binary, dir string
	broker      string
	prefix      string
	rng         *rand.Rand

	base   string // URL of the simulated service
	hosts  []string
	config string
	truth  *truth
	reader *reader

	pipe      *process // portdelta run
	crashAt   string   // internal/crashpoint of the next start
	starts    int
	telemetry string // address of the running pipe
}

// newRig starts everything but portdelta itself.
func newRig(t *testing.T, binary, broker, prefix string, seed uint64) *rig {
	r := &rig{T: t, binary: binary, broker: broker, prefix: prefix, dir: t.TempDir(), rng: rand.New(rand.NewPCG(seed, 0))}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with -run '%s' -e2e.seed=%d", t.Name(), seed)
		}
	})
	r.truth = newTruth(filepath.Join(r.dir, "truth.ndjson"))
	simulator := launch(t, binary, r.dir, "sim", "sim", "--hosts", strconv.Itoa(hostCount), "--speed", strconv.Itoa(speed),
		"--seed", strconv.FormatUint(seed, 10), "--truth", r.truth.file)
	eventually(t, "the simulator's hosts", startWithin, func() error {
		text, err := os.ReadFile(simulator.out)
		if lines := strings.Fields(string(text)); len(lines) == 1+hostCount && bytes.HasSuffix(text, []byte("\n")) {
			r.base, r.hosts = lines[0], lines[1:]
			return nil
		}
		return errors.Join(err, errWaiting)
	})
	r.configure()
	run(t, binary, r.dir, "topics", "topics", "create", "--config", r.config)
	r.reader = follow(t, broker, prefix)
	return r
}

func (r *rig) configure() {
	r.Helper()
	hosts := make([]string, len(r.hosts))
	for i, h := range r.hosts {
		hosts[i] = strconv.Quote(h)
	}
	r.config = filepath.Join(r.dir, "portdelta.yaml")
	// The budget is twice what 50 looks a second need: point reads and repeated
	// readings are paid from it too.
	text := fmt.Sprintf(`source: {graph: {base_url: %q, auth: {kind: none}}}
watch: {hosts: [%s], tiers: {default: {max_age: 1s}}}
schedule: {budget_per_second: %d}
store: {path: %q}
kafka: {bootstrap_servers: [%q]}
topics: {prefix: %s, partitions: %d}
telemetry: {listen: "127.0.0.1:0"}
`, r.base, strings.Join(hosts, ", "), 2*hostCount, filepath.Join(r.dir, "data"), r.broker, r.prefix, partitions)
	if err := os.WriteFile(r.config, []byte(text), 0o600); err != nil {
		r.Fatal(err)
	}
}

var telemetryField = regexp.MustCompile(`"telemetry":"([^"]+)"`)

// start starts portdelta on what it left, and waits until it watches.
func (r *rig) start() {
	r.Helper()
	r.starts++
	r.pipe = r.launchRun()
	eventually(r.T, "portdelta watches", startWithin, func() error {
		log, err := os.ReadFile(r.pipe.err)
		if found := telemetryField.FindSubmatch(log); found != nil {
			r.telemetry = string(found[1])
			return nil
		}
		if r.pipe.ended() {
			r.Fatalf("portdelta ended with exit code %d", r.pipe.cmd.ProcessState.ExitCode())
		}
		return errors.Join(err, errWaiting)
	})
}

// launchRun starts portdelta, which crashes where crashAt says.
func (r *rig) launchRun() *process {
	r.Helper()
	var env []string
	if r.crashAt != "" {
		env = []string{crashpoint.Variable + "=" + r.crashAt}
		r.crashAt = ""
	}
	return launchWith(r.T, env, r.binary, r.dir, fmt.Sprintf("run-%d", r.starts), "run", "--config", r.config)
}

// baselined waits until every host has its baseline.
func (r *rig) baselined() {
	r.Helper()
	eventually(r.T, "a baseline of every host", startWithin, func() error {
		if n := len(baselines(r.reader.sofar(schemas.Lifecycles))); n < hostCount {
			return fmt.Errorf("%d of %d hosts", n, hostCount)
		}
		return nil
	})
}

// restored waits until every shard of so many take-overs has been told as restored.
// An owner that goes before that takes what it had not published with it.
func (r *rig) restored(takeOvers int) {
	r.Helper()
	eventually(r.T, "the restored shards", startWithin, func() error {
		n := 0
		for _, l := range r.heard().lifecycle {
			if l.Type == schemas.StateRestored {
				n++
			}
		}
		if want := takeOvers * partitions; n < want {
			return fmt.Errorf("%d of %d", n, want)
		}
		return nil
	})
}

// changed waits until the world has made n changes.
func (r *rig) changed(n int) {
	r.Helper()
	within := settleWithin + time.Duration(n)*2*time.Second
	eventually(r.T, "changes of the world", within, func() error {
		if err := r.truth.update(); err != nil {
			return err
		}
		if got := len(r.truth.changes); got < n {
			return fmt.Errorf("%d of %d", got, n)
		}
		return nil
	})
}

// settle waits until every change made up to now has been told, while the world
// goes on, and returns that moment.
func (r *rig) settle() time.Time {
	r.Helper()
	cut := time.Now()
	eventually(r.T, "every change of the world is told", settleWithin, func() error {
		// The topics first: what stands there has its line in the truth by then.
		heard := r.heard()
		if err := r.truth.update(); err != nil {
			return err
		}
		verdict := judge(r.truth, heard, cut)
		if len(verdict.missed) > 0 {
			return fmt.Errorf("%d changes have no event yet:\n%s", len(verdict.missed), firstLines(verdict.missed))
		}
		return nil
	})
	return cut
}

// stop ends portdelta by SIGTERM, which drains and exits with 0.
func (r *rig) stop() {
	r.Helper()
	r.pipe.signal(r.T, syscall.SIGTERM)
	if code := r.pipe.exit(r.T, stopWithin); code != 0 {
		r.Errorf("exit code %d after SIGTERM, expected 0", code)
	}
}

// heard is what the reader has got so far.
func (r *rig) heard() *heard {
	return newHeard(r.reader.sofar(schemas.Changes), r.reader.sofar(schemas.Lifecycles), r.reader.sofar(schemas.State))
}

// prove stops portdelta, has it check its store, and holds everything on the
// topics against the truth.
// lifecycle are the types that may stand on the lifecycle topic beside the usual
// ones.
func (r *rig) prove(cut time.Time, lifecycle ...schemas.Type) {
	r.Helper()
	r.stop()
	r.reader.stop(r.T)
	run(r.T, r.binary, r.dir, "verify", "store", "verify", "--config", r.config)
	now := r.world()
	if err := r.truth.update(); err != nil {
		r.Fatal(err)
	}
	heard := r.heard()
	verdict := judge(r.truth, heard, cut)
	r.report("every real change has exactly its events", append(verdict.faults, verdict.missed...))
	r.report("the topics keep the contract", heard.check())
	r.report("the fold of the events is the state topic", heard.fold())
	r.report("what is told is how the world is", heard.compare(now, r.truth, cut))
	usual := []schemas.Type{schemas.BaselineCompleted, schemas.ChangeSuppressed, schemas.ShardCheckpoint, schemas.Heartbeat}
	loads := 0
	for _, l := range heard.lifecycle {
		if l.Type == schemas.ScopeChanged { // the first load of the watch list, and no start after it
			if loads++; loads == 1 && string(l.Details) == fmt.Sprintf(`{"added":%d,"removed":0,"total":%[1]d}`, hostCount) {
				continue
			}
		}
		if !slices.Contains(usual, l.Type) && !slices.Contains(lifecycle, l.Type) {
			r.Errorf("unexpected on the lifecycle topic: %s of %q: %s", l.Type, deref(l.Host), l.Details)
		}
	}
	if heard.events() == 0 {
		r.Error("no event at all: the test has shown nothing")
	}
	r.Logf("%d changes of the world (%d that are noise), %d answers (%d spoilt); %d change events, %d doubled, %d starts",
		len(r.truth.changes), r.truth.noise, len(r.truth.answers), r.truth.spoilt(), heard.events(), heard.doubled, r.starts)
}

func (r *rig) report(law string, faults []string) {
	r.Helper()
	if len(faults) > 0 {
		r.Errorf("%s: %d faults:\n%s", law, len(faults), firstLines(faults))
	}
}

// firstLines bounds a failure's text.
func firstLines(list []string) string {
	const most = 20
	if len(list) > most {
		list = append(slices.Clone(list[:most]), "...")
	}
	return strings.Join(list, "\n")
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// faults sets the simulator's misbehaviour, as a JSON object of rates.
func (r *rig) faults(body string) {
	r.Helper()
	url := strings.TrimSuffix(r.base, "/v1.0") + "/_sim/faults"
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPut, url, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	r.get(request, nil)
}
