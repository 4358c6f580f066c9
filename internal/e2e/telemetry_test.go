package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// client asks the telemetry endpoint and the simulator; it keeps no connection,
// so that no answer comes from a process that was killed.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// get sends a request that must be answered with 200, and decodes the JSON
// answer into v unless that is nil.
func (r *rig) get(request *http.Request, v any) {
	r.Helper()
	response, err := client.Do(request)
	if err != nil {
		r.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %.200s", response.StatusCode, body)
	}
	if err == nil && v != nil {
		err = json.Unmarshal(body, v)
	}
	if err != nil {
		r.Fatalf("%s %s: %v", request.Method, request.URL, err)
	}
}

// page reads a path of the telemetry endpoint.
func (r *rig) page(path string) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://"+r.telemetry+path, nil)
	if err != nil {
		return 0, nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// ready returns nil where /readyz answers 200, else why not.
func (r *rig) ready() error {
	status, body, err := r.page("/readyz")
	if err != nil || status == http.StatusOK {
		return err
	}
	return fmt.Errorf("/readyz %d: %s", status, bytes.TrimSpace(body))
}

// unready returns nil where /readyz answers 503 and names the condition.
func (r *rig) unready(condition string) error {
	status, body, err := r.page("/readyz")
	if err != nil {
		return err
	}
	var answer struct {
		Conditions []struct {
			Name   string
			OK     bool
			Reason string
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return err
	}
	for _, c := range answer.Conditions {
		if c.Name == condition && !c.OK && c.Reason != "" && status == http.StatusServiceUnavailable {
			return nil
		}
	}
	return fmt.Errorf("/readyz %d: %s", status, bytes.TrimSpace(body))
}

// metric is the sum over the series of /metrics that begin so: a name alone takes
// all labels, "name{label=\"value\"}" one series.
func (r *rig) metric(series string) float64 {
	r.Helper()
	_, body, err := r.page("/metrics")
	if err != nil {
		r.Fatal(err)
	}
	sum, found := 0.0, false
	lines := bufio.NewScanner(bytes.NewReader(body))
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), series)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		value, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			r.Fatalf("/metrics: %q: %v", lines.Text(), err)
		}
		sum, found = sum+value, true
	}
	if !found {
		r.Fatalf("/metrics has no %s", series)
	}
	return sum
}
