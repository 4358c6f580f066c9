package control

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/portdelta/portdelta/internal/limits"
)

// dialTimeout is how long an instance may take to accept; it waits only for one
// of its few connections.
const dialTimeout = 10 * time.Second

// Client asks a running instance.
type Client struct {
	name string
	http *http.Client
}

// Refusal is a request that the instance answered with an error.
type Refusal struct {
	Status  int // of HTTP
	Message string
}

func (r *Refusal) Error() string { return r.Message }

// Dial finds the instance that runs on the folder. ErrNotRunning: there is none.
// Any other error is the system's, for instance that the socket is another
// user's.
func Dial(ctx context.Context, folder string) (*Client, error) {
	name, err := socket(folder)
	if err != nil {
		return nil, err
	}
	dial := func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "unix", name)
	}
	conn, err := dial(ctx)
	if absent(err) {
		return nil, fmt.Errorf("%w at %s", ErrNotRunning, name)
	}
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := conn.Close(); err != nil {
		return nil, fmt.Errorf("control socket %s: %w", name, err)
	}
	return &Client{name: name, http: &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, // a command asks once or twice, and holds no connection
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}}}, nil
}

// Get asks for a path with a query and reads the answer into out. An error the
// instance answered with is a *Refusal.
func (c *Client) Get(ctx context.Context, path string, query url.Values, out any) error {
	// The host is nobody's: the transport dials the socket whatever it says.
	address := url.URL{Scheme: "http", Host: "portdelta", Path: path, RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("control socket %s: %w", c.name, err)
	}
	defer func() { _ = answer.Body.Close() }() // what was wanted has been read
	limit := int64(limits.ControlAnswerBytes.Max)
	body, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return fmt.Errorf("control socket %s: %w", c.name, err)
	}
	if int64(len(body)) > limit {
		limits.ControlAnswerBytes.Hit()
		return fmt.Errorf("control socket %s: the answer is longer than the limit control_answer_bytes", c.name)
	}
	if answer.StatusCode != http.StatusOK {
		var why refused
		if json.Unmarshal(body, &why) != nil || why.Error == "" {
			why.Error = fmt.Sprintf("control socket %s: status %d; does another version run there?", c.name, answer.StatusCode)
		}
		return &Refusal{answer.StatusCode, why.Error}
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("control socket %s: the answer cannot be read: %w", c.name, err)
	}
	return nil
}
