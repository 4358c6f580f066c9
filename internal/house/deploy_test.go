package house

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"go.uber.org/zap"

	"github.com/portdelta/portdelta/internal/crashpoint"
	"github.com/portdelta/portdelta/internal/kafkatest"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/internal/telemetry"
)

// imageName is what every file of deploy/ calls the image.
const imageName = "portdelta:local"

// telemetryPaths starts the endpoint and says of a path whether it is served.
func telemetryPaths(t *testing.T) func(path string) bool {
	t.Helper()
	server, err := telemetry.Listen("127.0.0.1:0", telemetry.NewRegistry("test", "test"), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return func(path string) bool {
		answer, err := http.Get("http://" + server.Addr() + path)
		if err != nil {
			t.Error(err)
			return false
		}
		defer answer.Body.Close()
		return answer.StatusCode != http.StatusNotFound
	}
}

// stopSeconds is how long a stop may take: looks in flight, the outbox, then the
// last sync of the store and the last requests to the health endpoint, 5 s each.
func stopSeconds() int { return limits.LookDrainSeconds.Max + limits.DrainSeconds.Max + 10 }

func decode(t *testing.T, name, text string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// instruction is one line of a container file; continued lines are one.
type instruction struct{ word, rest string }

func containerfile(t *testing.T) []instruction {
	t.Helper()
	var list []instruction
	text := strings.ReplaceAll(read(t, "deploy/Containerfile"), "\\\n", " ")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		list = append(list, instruction{word, strings.TrimSpace(rest)})
	}
	return list
}

func TestContainerfile(t *testing.T) {
	var last = map[string]string{} // of the last stage
	var froms []string
	for _, i := range containerfile(t) {
		switch i.word {
		case "FROM":
			last = map[string]string{}
			froms = append(froms, i.rest)
		case "COPY":
			if image, ok := strings.CutPrefix(strings.Fields(i.rest)[0], "--from="); ok && image != "build" {
				froms = append(froms, image)
			}
		case "RUN":
			build := regexp.MustCompile(`go build .* -o (\S+) (\S+)$`).FindStringSubmatch(i.rest)
			if build == nil {
				break
			}
			if _, err := os.Stat(filepath.Join(root, build[2], "main.go")); err != nil {
				t.Errorf("go build %s: %v", build[2], err)
			}
			if !strings.HasSuffix(build[1], "/usr/local/bin/portdelta") {
				t.Errorf("the binary goes to %s", build[1])
			}
			if !strings.Contains(i.rest, "CGO_ENABLED=0") {
				t.Error("without CGO_ENABLED=0 the binary is not static, and an empty image has no libc")
			}
			last["build"] = build[1]
		}
		last[i.word] = i.rest
	}
	for _, from := range froms {
		image := strings.Fields(from)[0]
		_, tag, tagged := strings.Cut(image, ":")
		if image != "scratch" && (!tagged || tag == "latest") {
			t.Errorf("image %s has no tag of its own", image)
		}
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))[1]
	if !strings.HasPrefix(froms[0], "golang:"+version+"-") {
		t.Errorf("built with %s, go.mod says %s", froms[0], version)
	}
	if user := last["USER"]; !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(user) {
		t.Errorf("USER %q: a number that is not root, so that runAsNonRoot can be checked", user)
	}
	if last["ENTRYPOINT"] != `["/usr/local/bin/portdelta"]` {
		t.Errorf("ENTRYPOINT %s", last["ENTRYPOINT"])
	}
	var args, volumes []string
	decode(t, "CMD", last["CMD"], &args)
	decode(t, "VOLUME", last["VOLUME"], &volumes)
	container{
		where: "deploy/Containerfile", args: args, mounts: volumes, ports: []string{last["EXPOSE"]}, health: []string{"/readyz"},
		// What is mounted there is the user's; these are the keys an image needs.
		files: map[string]string{"/etc/portdelta/portdelta.yaml": "watch: {hosts: [203.0.113.7]}\nkafka: {bootstrap_servers: [\"kafka:9092\"]}\n" +
			"store: {path: /var/lib/portdelta/store}\ntelemetry: {listen: \":9464\"}\n"},
	}.check(t)
	if last["WORKDIR"] != volumes[0] {
		t.Errorf("WORKDIR %s is not the volume %s: a relative store.path would go with the container", last["WORKDIR"], volumes[0])
	}
}

// compose is what is read of deploy/compose.yaml.
type compose struct {
	Services map[string]struct {
		Image       string
		Build       struct{ Context, Dockerfile string }
		Command     []string
		Environment map[string]string
		Ports       []string
		Volumes     []string
		HealthCheck struct{ Test []string } `yaml:"healthcheck"`
		DependsOn   map[string]any          `yaml:"depends_on"`
		Grace       string                  `yaml:"stop_grace_period"`
	}
	Volumes map[string]any
}

func TestCompose(t *testing.T) {
	var c compose
	decode(t, "deploy/compose.yaml", read(t, "deploy/compose.yaml"), &c)
	broker, ours := c.Services["kafka"], c.Services["portdelta"]
	if want := "apache/kafka:" + kafkatest.Version; broker.Image != want {
		t.Errorf("the broker is %s, the tests are made with %s", broker.Image, want)
	}
	if ours.Image != imageName {
		t.Errorf("the image is %s, elsewhere %s", ours.Image, imageName)
	}
	if _, err := os.Stat(filepath.Join(root, "deploy", ours.Build.Context, ours.Build.Dockerfile)); err != nil {
		t.Error(err)
	}
	if _, ok := ours.DependsOn["kafka"]; !ok {
		t.Error("portdelta does not wait for kafka")
	}
	if want := strings.TrimSuffix(ours.Grace, "s"); !atLeast(want, stopSeconds()) {
		t.Errorf("stop_grace_period %s, a stop may take %d s", ours.Grace, stopSeconds())
	}
	con := container{where: "deploy/compose.yaml", args: ours.Command, env: ours.Environment, files: map[string]string{}}
	for _, volume := range ours.Volumes {
		parts := strings.Split(volume, ":")
		if _, named := c.Volumes[parts[0]]; named {
			con.mounts = append(con.mounts, parts[1])
			continue
		}
		entries, err := os.ReadDir(filepath.Join(root, "deploy", parts[0]))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			con.files[parts[1]+"/"+e.Name()] = read(t, filepath.Join("deploy", parts[0], e.Name()))
		}
	}
	for _, p := range ours.Ports {
		_, inside, _ := cutLast(p, ":")
		con.ports = append(con.ports, inside)
	}
	asked := ours.HealthCheck.Test[len(ours.HealthCheck.Test)-1]
	health := regexp.MustCompile(`^http://127\.0\.0\.1:(\d+)(/\S*)$`).FindStringSubmatch(asked)
	if health == nil {
		t.Fatalf("the health check asks %q", asked)
	}
	con.ports, con.health = append(con.ports, health[1]), health[2:]
	cfg := con.check(t)
	advertised := broker.Environment["KAFKA_ADVERTISED_LISTENERS"]
	for _, server := range cfg.Kafka.BootstrapServers {
		if !strings.Contains(advertised+",", "//"+server+",") {
			t.Errorf("portdelta asks %s, the broker advertises %s", server, advertised)
		}
	}
	if !cfg.Kafka.CreateTopics {
		t.Error("nobody creates the topics")
	}
}

// What starts with one of our prefixes and stands in a file for people must exist.
func TestVariablesExist(t *testing.T) {
	known := read(t, "docs/configuration.md") // held against the code by internal/config
	azure := sourceOf(t, "github.com/Azure/azure-sdk-for-go/sdk/azidentity")
	ours := []string{kafkatest.LibsVariable, crashpoint.Variable, "PORTDELTA_ORACLES"}
	names := regexp.MustCompile(`\b(PORTDELTA|AZURE)_[A-Z0-9_]*[A-Z0-9]\b`)
	for _, file := range slices.Concat(files(t, ".md", ".yaml", "Containerfile"), []string{"Makefile", ".ci/run"}) {
		for _, name := range names.FindAllString(read(t, file), -1) {
			switch {
			case strings.HasPrefix(name, "AZURE_") && !strings.Contains(azure, `"`+name+`"`):
				t.Errorf("%s: azidentity does not know %s", file, name)
			case strings.HasPrefix(name, "PORTDELTA_") && !strings.Contains(known, "`"+name+"`") && !slices.Contains(ours, name):
				t.Errorf("%s: %s is the variable of no key in docs/configuration.md", file, name)
			}
		}
	}
}

// sourceOf is the Go code of a package of others.
func sourceOf(t *testing.T, path string) string {
	t.Helper()
	folder := strings.TrimSpace(golist(t, "-f", "{{.Dir}}", path))
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %d files, %v", folder, len(names), err)
	}
	var all strings.Builder
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}
