package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/portdelta/portdelta/internal/limits"
)

// Load reads the file at path and the variables that env knows (os.LookupEnv);
// a variable wins over the file, and an empty one counts as not set. With an
// empty path the environment alone is read. host judges one entry of watch.hosts
// and says what is wrong with it.
//
// Everything wrong comes at once, as an *Error. A file that cannot be read is
// another error, which wraps the system's.
func Load(path string, env func(string) (string, bool), host func(string) error) (*Config, error) {
	if path == "" {
		return parse("", nil, env, host)
	}
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	return parse(path, data, env, host)
}

// read takes one byte more than may be, to see that there is more.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		err = fmt.Errorf("configuration: %w", err)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w (`portdelta config defaults` prints a file to begin with)", err)
		}
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, int64(limits.ConfigBytes.Max)+1))
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	if len(data) > limits.ConfigBytes.Max {
		limits.ConfigBytes.Hit()
		return nil, fmt.Errorf("configuration: %s is larger than %d bytes; put long lists of hosts into watch.files",
			path, limits.ConfigBytes.Max)
	}
	return data, nil
}

// loader is one load under way.
type loader struct {
	file     string
	cfg      Config
	keys     []key
	given    map[string]origin // keys and sections that stand somewhere, right or wrong
	wrong    map[string]bool   // keys whose value is wrong
	problems []Problem
}

// origin is where something was given: a place in the file or a variable.
type origin struct {
	line, column int
	variable     string
}

// String is the origin as a message about another place names it.
func (o origin) String() string {
	if o.variable != "" {
		return o.variable
	}
	return fmt.Sprintf("line %d", o.line)
}

func parse(file string, data []byte, env func(string) (string, bool), host func(string) error) (*Config, error) {
	l := &loader{
		file: file, cfg: Default(), keys: keys(host),
		given: make(map[string]origin), wrong: make(map[string]bool),
	}
	if l.readYAML(data) {
		l.readEnv(env)
		l.checkKafka()
		l.checkLoopback()
	}
	if len(l.problems) > 0 {
		err := &Error{Problems: l.problems}
		err.sort()
		return nil, err
	}
	l.cfg.Source.Graph.BaseURL = strings.TrimRight(l.cfg.Source.Graph.BaseURL, "/")
	return &l.cfg, nil
}

// item is one value with its place: a list has several, any other key has one.
type item struct {
	at    origin
	value string
}

// put sets a key and notes what is wrong with each of its values.
func (l *loader) put(k key, at origin, items []item) {
	l.given[k.path] = at
	for i, it := range items {
		if err := k.put(&l.cfg, i, it.value); err != nil {
			name := k.path
			if k.kind == list {
				name = fmt.Sprintf("%s[%d]", name, i)
			}
			l.wrong[k.path] = true
			l.problem(it.at, name, "%v", err)
		}
	}
}

// problem notes one. What stands nowhere, since it is missing, is told at the
// file's beginning.
func (l *loader) problem(at origin, key, format string, args ...any) {
	p := Problem{Variable: at.variable, Key: key, Message: fmt.Sprintf(format, args...)}
	if at.variable == "" && l.file != "" {
		p.File, p.Line, p.Column = l.file, max(at.line, 1), max(at.column, 1)
	}
	l.problems = append(l.problems, p)
}

func (l *loader) readEnv(env func(string) (string, bool)) {
	for _, k := range l.keys {
		value, ok := env(k.env())
		if !ok || value == "" {
			continue
		}
		at := origin{variable: k.env()}
		items := []item{{at, value}}
		if k.kind == list {
			items = nil
			for part := range strings.SplitSeq(value, ",") {
				items = append(items, item{at, strings.TrimSpace(part)})
			}
		}
		l.put(k, at, items)
		section := k.path[:strings.LastIndexByte(k.path, '.')]
		if _, ok := l.given[section]; !ok {
			l.given[section] = at
		}
	}
}

// checkKafka demands one place to publish to.
func (l *loader) checkKafka() {
	servers, haveServers := l.given["kafka.bootstrap_servers"]
	embedded, haveEmbedded := l.given["kafka.embedded"]
	switch {
	case haveServers && haveEmbedded:
		l.problem(embedded, "kafka.embedded", "stands beside kafka.bootstrap_servers (%s): keep one of them", servers)
	case haveEmbedded:
		l.cfg.Kafka.embedded()
	case !haveServers || len(l.cfg.Kafka.BootstrapServers) == 0 && !l.wrong["kafka.bootstrap_servers"]:
		at := servers
		if section, ok := l.given["kafka"]; !haveServers && ok {
			at = section
		}
		l.problem(at, "kafka.bootstrap_servers", "is missing: name the brokers of a cluster, such as [\"127.0.0.1:9092\"], "+
			"or use the broker within the process, kafka.embedded: {}")
	}
}

// checkLoopback keeps tokens off plain connections, and requests without one on
// this machine.
func (l *loader) checkLoopback() {
	const urlKey, authKey = "source.graph.base_url", "source.graph.auth.kind"
	base := l.cfg.Source.Graph.BaseURL
	if l.wrong[urlKey] || loopback(base) {
		return
	}
	if strings.HasPrefix(strings.ToLower(base), "http:") {
		l.problem(l.given[urlKey], urlKey, "is plain http, which is taken for loopback addresses only: use https")
	}
	if !l.wrong[authKey] && l.cfg.Source.Graph.Auth.Kind == "none" {
		l.problem(l.given[authKey], authKey, "none is taken for loopback addresses only, and %s is none: use default", urlKey)
	}
}
