package graph

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/limits"
)

const (
	// DefaultBaseURL is the global cloud, the only one that has the API.
	DefaultBaseURL = "https://graph.microsoft.com/v1.0"
	// DefaultTimeout bounds one answer from the first byte sent to the last read.
	DefaultTimeout = 60 * time.Second

	dialTimeout   = 10 * time.Second
	headerTimeout = 30 * time.Second
)

// Options say how to reach Graph. The zero value is the global cloud without a
// credential, which New refuses.
type Options struct {
	// BaseURL ends in the API's version, such as DefaultBaseURL, the default.
	// Plain http is for loopback addresses only.
	BaseURL string
	// Credential gives the tokens; nil sends none, for loopback addresses only.
	Credential azcore.TokenCredential
	// Acquire takes one token of the request budget; it is called before every
	// HTTP request, concurrently. Nil means no budget.
	Acquire func(ctx context.Context) error
	// Transport sends the requests; nil is one of the client's own.
	Transport http.RoundTripper
	// Now is the clock that dates snapshots; nil is time.Now.
	Now func() time.Time
	// UserAgent is sent with every request; "portdelta" by default.
	UserAgent string
	// Timeout bounds one answer; DefaultTimeout by default. Waiting for the
	// budget and the throttle gate is not counted.
	Timeout time.Duration
}

// Client is a poller's source. All its methods may be called concurrently.
type Client struct {
	base     *url.URL
	gate     *gate
	http     *http.Client
	pipeline runtime.Pipeline
	now      func() time.Time
}

// New checks the options and returns a client. It sends nothing: a wrong
// credential shows at the first look.
func New(o Options) (*Client, error) {
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	base, err := parseBase(o.BaseURL)
	if err != nil {
		return nil, err
	}
	loopback := isLoopback(base.Hostname())
	if base.Scheme == "http" && !loopback {
		return nil, fmt.Errorf("base URL %s: plain http would show the token to the network; use https, or a loopback address", base)
	}
	if o.Credential == nil && !loopback {
		return nil, fmt.Errorf("base URL %s: no credential, which only a loopback address may go without; set an auth kind other than none", base)
	}
	if o.Acquire == nil {
		o.Acquire = func(context.Context) error { return nil }
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.UserAgent == "" {
		o.UserAgent = "portdelta"
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	c := &Client{
		base: base,
		gate: &gate{},
		now:  o.Now,
		http: &http.Client{
			Transport: o.Transport,
			// A redirect followed without its token can look like success, and
			// one followed with it gives the token away: neither is followed.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	c.pipeline = newPipeline(o.Credential, base, &wire{
		http: c.http, gate: c.gate, acquire: o.Acquire, userAgent: o.UserAgent, timeout: o.Timeout,
	})
	return c, nil
}

// Throttled is until when the service has told this client to hold back; the
// zero time where it has not. For readiness and metrics.
func (c *Client) Throttled() time.Time { return c.gate.closedUntil() }

// Close lets go of idle connections. Looks in flight are not disturbed.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func newPipeline(cred azcore.TokenCredential, base *url.URL, w *wire) runtime.Pipeline {
	var authorize []policy.Policy
	if cred != nil {
		authorize = append(authorize, runtime.NewBearerTokenPolicy(credential{cred}, []string{scope(base)},
			// New has checked that plain http goes to a loopback address.
			&policy.BearerTokenOptions{InsecureAllowCredentialWithHTTP: base.Scheme == "http"}))
	}
	return runtime.NewPipeline("portdelta", "", runtime.PipelineOptions{PerRetry: authorize}, &policy.ClientOptions{
		// Retries are ours (request.go): these would sleep while they hold a
		// worker, and know neither the budget nor the gate.
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Telemetry: policy.TelemetryOptions{Disabled: true},
		Transport: w,
	})
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    dialTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConnsPerHost:    limits.LooksInFlight.Max,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

func parseBase(s string) (*url.URL, error) {
	base, err := url.Parse(s)
	if err != nil {
		return nil, errors.New("base URL is not a URL; it looks like " + DefaultBaseURL)
	}
	switch {
	case base.Scheme != "https" && base.Scheme != "http", base.Hostname() == "":
		return nil, fmt.Errorf("base URL %q is not an absolute https URL; it looks like %s", base.Redacted(), DefaultBaseURL)
	case base.User != nil:
		return nil, fmt.Errorf("base URL %q holds a user or password; set a credential instead", base.Redacted())
	case base.RawQuery != "", base.Fragment != "":
		return nil, fmt.Errorf("base URL %q holds a query or fragment; it ends in the API's version, as in %s", base, DefaultBaseURL)
	}
	return base.JoinPath("/"), nil
}

// isLoopback takes addresses of 127.0.0.0/8 and ::1, and the name localhost,
// which RFC 6761 section 6.3 reserves for them.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// scope is what tokens are asked for: that of the base URL's own host, so that
// another host never gets a token for Graph. A loopback address stands for Graph.
func scope(base *url.URL) string {
	if isLoopback(base.Hostname()) {
		return "https://graph.microsoft.com/.default"
	}
	return "https://" + base.Host + "/.default"
}

// portsURL, portURL and certificateURL are the three reads. The certificate is
// always expanded, or a rotation could not be described.
func (c *Client) portsURL(host hostport.Host) string {
	return c.url("hosts/"+url.PathEscape(string(host))+"/ports", "$count=true&"+expandCertificate)
}

func (c *Client) portURL(id string) string {
	return c.url("hostPorts/"+url.PathEscape(id), expandCertificate)
}

func (c *Client) certificateURL(id string) string {
	return c.url("sslCertificates/"+url.PathEscape(id), "")
}

const expandCertificate = "$expand=mostRecentSslCertificate"

func (c *Client) url(path, query string) string {
	u := strings.TrimSuffix(c.base.String(), "/") + "/security/threatIntelligence/" + path
	if query != "" {
		u += "?" + query
	}
	return u
}
