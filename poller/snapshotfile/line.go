package snapshotfile

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/poller/graph/graphjson"
)

// tolerant is how all text of a file is read: the bytes of a banner may be no
// UTF-8, which must cost nothing.
var tolerant = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// lowercase reads members that are written in lower case into the fields of hostport.
var lowercase = json.MatchCaseInsensitiveNames(true)

// The results of lines that a recording holds beside snapshots. Whoever wants
// snapshots passes over them.
const (
	ResultHead   = "recording" // with what the lines after it were decided
	ResultFailed = "failed"    // a look that brought nothing
	ResultTick   = "tick"      // what time alone brought to a host was decided
)

// errNoSnapshot is a line that holds something else of a recording.
var errNoSnapshot = errors.New("a line of a recording that holds no snapshot")

// Parse reads one snapshot line. The error says what is wrong with it and quotes
// none of it.
func Parse(text []byte) (hostport.Snapshot, error) { return parseSnapshot(text) }

// line is a snapshot line. Members it does not name are passed over.
type line struct {
	V        int                    `json:"v"`
	Host     string                 `json:"host"`
	At       string                 `json:"at"`
	Result   hostport.Result        `json:"result"`
	Proof    hostport.Proof         `json:"proof"`
	Coverage map[string][][2]uint16 `json:"coverage"`
	Requests []string               `json:"requests"`
	Ports    jsontext.Value         `json:"ports"`
	Answers  []answer               `json:"answers"`
	// Only where there is something to say.
	Malformed []hostport.Malformed `json:"malformed"`
	Paging    *hostport.Paging     `json:"paging"`
}

type answer struct {
	Kind        hostport.AskKind `json:"kind"`
	Key         *string          `json:"key"`
	ID          string           `json:"id"`
	Verdict     hostport.Verdict `json:"verdict"`
	Requests    []string         `json:"requests"`
	Port        jsontext.Value   `json:"port"`
	Certificate jsontext.Value   `json:"certificate"`
	List        jsontext.Value   `json:"list"`
}

func parseSnapshot(text jsontext.Value) (hostport.Snapshot, error) {
	var l line
	if err := json.Unmarshal(text, &l, tolerant, lowercase); err != nil {
		return hostport.Snapshot{}, errors.New("a snapshot line with a member of the wrong type") // err quotes the text
	}
	if l.V != Version {
		return hostport.Snapshot{}, fmt.Errorf("a snapshot line of version %d, and version %d is read here", l.V, Version)
	}
	if slices.Contains([]hostport.Result{ResultHead, ResultFailed, ResultTick}, l.Result) {
		return hostport.Snapshot{}, errNoSnapshot
	}
	host, err := hostport.ParseHost(l.Host)
	if err != nil {
		return hostport.Snapshot{}, errors.New("a snapshot line whose host is neither an address nor a name")
	}
	at, err := time.Parse(time.RFC3339, l.At)
	if at = at.UTC(); err != nil || at.Year() < 1 || at.Year() > 9999 {
		return hostport.Snapshot{}, errors.New("a snapshot line whose at is no time of RFC 3339")
	}
	if !slices.Contains([]hostport.Result{hostport.Ports, hostport.Unknown}, l.Result) {
		return hostport.Snapshot{}, errors.New("a snapshot line whose result is neither ports nor unknown")
	}
	if !slices.Contains([]hostport.Proof{hostport.Single, hostport.Counted, hostport.Unproven}, l.Proof) {
		return hostport.Snapshot{}, errors.New("a snapshot line whose proof is none of single, counted, unproven")
	}
	page, err := graphjson.DecodeRecords(l.Ports)
	if err != nil {
		return hostport.Snapshot{}, fmt.Errorf("the ports of a snapshot line: %w", err)
	}
	var list graphjson.List
	if err := list.Add(page); err != nil {
		return hostport.Snapshot{}, err
	}
	s := hostport.Snapshot{Host: host, At: at, Result: l.Result, Proof: l.Proof, Requests: l.Requests,
		Ports: list.Ports, Malformed: list.Unreadable, Paging: list.Paging()}
	s.Malformed = append(s.Malformed, l.Malformed...)
	if l.Paging != nil {
		s.Paging = *l.Paging
	}
	if s.Coverage, err = parseCoverage(l.Coverage); err != nil {
		return hostport.Snapshot{}, err
	}
	for _, a := range l.Answers {
		parsed, err := parseAnswer(a)
		if err != nil {
			return hostport.Snapshot{}, err
		}
		s.Answers = append(s.Answers, parsed)
	}
	return s, nil
}

func parseCoverage(from map[string][][2]uint16) (hostport.Coverage, error) {
	if from == nil {
		return nil, nil
	}
	c := hostport.Coverage{}
	for protocol, ranges := range from {
		out := make([]hostport.PortRange, len(ranges))
		for i, r := range ranges {
			if out[i] = (hostport.PortRange{First: r[0], Last: r[1]}); r[0] > r[1] {
				return nil, errors.New("a snapshot line whose coverage has a range that ends before it begins")
			}
		}
		c[protocol] = hostport.Ranges(out)
	}
	return c, nil
}

func parseAnswer(from answer) (hostport.Answer, error) {
	a := hostport.Answer{Ask: hostport.Ask{Kind: from.Kind, ID: from.ID}, Verdict: from.Verdict, Requests: from.Requests}
	if from.Key != nil {
		var err error
		if a.Key, err = hostport.ParsePortKey(*from.Key); err != nil {
			return a, errors.New("an answer whose key is no port")
		}
	}
	if present(from.Port) {
		p, err := graphjson.DecodePort(from.Port)
		if err != nil {
			return a, fmt.Errorf("an answer's port: %w", err)
		}
		a.Port = &p
	}
	if present(from.Certificate) {
		c, lost, raw, err := graphjson.DecodeCertificate(from.Certificate)
		if err != nil {
			return a, fmt.Errorf("an answer's certificate: %w", err)
		}
		a.Certificate, a.Malformed, a.Raw = &c, lost, raw
	}
	if present(from.List) {
		s, err := parseSnapshot(from.List)
		if err != nil {
			return a, fmt.Errorf("an answer's list: %w", err)
		}
		a.List = &s
	}
	return a, nil
}

// present tells a value from none and from null.
func present(v jsontext.Value) bool { return len(v) > 0 && v.Kind() != 'n' }
