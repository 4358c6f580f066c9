package graph

import (
	"context"
	"errors"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/poller/graph/graphjson"
)

// Ask performs a point read. The port found is given as it is, whatever its
// protocol or number: an id holds no protocol, and what the difference means is
// the engine's to say (P1). Failed covers every error; the engine asks again at
// the next look.
func (c *Client) Ask(ctx context.Context, _ hostport.Host, ask hostport.Ask) hostport.Answer {
	answer := hostport.Answer{Ask: ask, Verdict: hostport.Failed}
	var (
		url    string
		decode func([]byte) error
	)
	switch ask.Kind {
	case hostport.AskPort:
		url = c.portURL(ask.ID)
		decode = func(body []byte) error {
			port, err := graphjson.DecodePort(body)
			answer.Port = &port
			return err
		}
	case hostport.AskCertificate:
		url = c.certificateURL(ask.ID)
		decode = func(body []byte) error {
			var (
				cert hostport.Certificate
				err  error
			)
			cert, answer.Malformed, answer.Raw, err = graphjson.DecodeCertificate(body)
			answer.Certificate = &cert
			return err
		}
	default: // a list is read by Look
		answer.Verdict = hostport.Unsupported
		return answer
	}
	if ask.ID == "" {
		return answer // the record's id could not be read: there is nothing to ask for
	}
	id, err := c.get(ctx, url, decode)
	switch {
	case err == nil:
		answer.Verdict, answer.Requests = hostport.Found, []string{id}
		return answer
	case errors.Is(err, errNotFound):
		return hostport.Answer{Ask: ask, Verdict: hostport.NotFound, Requests: []string{id}}
	}
	return hostport.Answer{Ask: ask, Verdict: hostport.Failed}
}
