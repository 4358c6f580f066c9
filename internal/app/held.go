package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/portdelta/portdelta/diff"
	"github.com/portdelta/portdelta/internal/config"
	"github.com/portdelta/portdelta/internal/control"
	"github.com/portdelta/portdelta/internal/detect"
	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/store"
)

// heldFlags name an instance by its configuration or by its store's folder.
type heldFlags struct{ file, dir string }

func (f *heldFlags) add(cmd *cobra.Command) {
	configFlag(cmd, &f.file)
	cmd.Flags().StringVar(&f.dir, "store", "", "the store's folder, in place of a configuration")
	folder(cmd, "store")
}

// held answers from what an instance holds: the instance itself where one runs on
// the folder, else its store, opened read-only.
type held struct {
	dir    string
	config *config.Config  // nil where the folder alone was named
	ask    *control.Client // nil where no instance runs
	store  *store.Store    // nil where one does
}

// named reads which instance is meant, and touches nothing of it.
func (f *heldFlags) named() (*held, error) {
	h := &held{dir: f.dir}
	if f.dir == "" || f.file != "" {
		cfg, err := loadConfig(f.file, "--store DIR")
		if err != nil {
			return nil, err
		}
		h.config = cfg
	}
	if h.dir == "" {
		h.dir = h.config.Store.Path
	}
	return h, nil
}

// open finds who answers.
func (h *held) open(ctx context.Context) (err error) {
	h.ask, err = control.Dial(ctx, h.dir)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission):
		return outside(fmt.Errorf("%w\ntry: as the user that runs portdelta", err))
	case !errors.Is(err, control.ErrNotRunning) && !errors.Is(err, control.ErrPath):
		return outside(err)
	}
	tooLong := errors.Is(err, control.ErrPath)
	h.store, err = openStopped(h.dir)
	switch locked := errors.Is(err, store.ErrLocked); {
	case err == nil:
		return nil
	case locked && tooLong:
		err = fmt.Errorf("%w\ntry: a shorter store.path: with this one the instance that runs there can have no control socket", err)
	case locked:
		err = fmt.Errorf("%w\ntry: again in a moment: the instance that runs there does not answer on its control socket yet", err)
	}
	return storeError(err)
}

func (h *held) Close() error {
	if h.store == nil {
		return nil
	}
	return h.store.Close()
}

// policy is the configured one; a folder alone does not say which it ran with.
func (h *held) policy() diff.Policy {
	if h.config == nil {
		return diff.DefaultPolicy()
	}
	return policyOf(h.config, nil)
}

// policyOf is what the configuration sets about the rules of evidence; forms is
// nil where no banner will be read.
func policyOf(cfg *config.Config, forms *detect.Normalizer) diff.Policy {
	p := diff.Policy{VanishAfter: cfg.Detect.VanishAfter, RetainGone: cfg.Detect.RetainGone}
	if forms != nil {
		p.Normalize = forms.Normalize
	}
	return p
}

// explainHost asks for what is held of a host, or of one port of it. What is not
// held is the answer no.
func (h *held) explainHost(ctx context.Context, host hostport.Host, key *hostport.PortKey) (*detect.Explanation, error) {
	if h.store != nil {
		x, err := detect.Explain(h.store, h.store.Shards(), host, key, h.policy())
		switch {
		case errors.Is(err, detect.ErrNotHeld):
			return nil, &failure{exitNo, fmt.Errorf("%w\ntry: is this the store of the instance that watches it?", err)}
		case err != nil:
			return nil, storeError(err)
		}
		return x, nil
	}
	query := url.Values{"host": {string(host)}}
	if key != nil {
		query.Set("port", key.String())
	}
	x := new(detect.Explanation)
	return x, asked(h.ask.Get(ctx, pathExplainHost, query, x))
}

// asked gives an answer of a running instance its exit code.
func asked(err error) error {
	var refusal *control.Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refusal) && refusal.Status == http.StatusNotFound:
		return &failure{exitNo, err}
	}
	return outside(err)
}

// The paths of the control socket.
const (
	pathExplainHost  = "/v1/explain/host"
	pathExplainEvent = "/v1/explain/event"
)

// control is what a running instance answers on its socket. Each command that
// asks has its line here.
func (p *pipeline) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathExplainHost, p.answerHost)
	mux.HandleFunc("GET "+pathExplainEvent, p.answerEvent)
	return mux
}

func (p *pipeline) answerHost(w http.ResponseWriter, r *http.Request) {
	host, err := hostport.ParseHost(r.URL.Query().Get("host"))
	var key *hostport.PortKey
	if port := r.URL.Query().Get("port"); err == nil && port != "" {
		var k hostport.PortKey
		k, err = hostport.ParsePortKey(port)
		key = &k
	}
	if err != nil {
		control.Refuse(w, http.StatusBadRequest, err)
		return
	}
	d := p.handler.detector
	x, err := detect.Explain(d.Store, d.Shards, host, key, d.Policy)
	switch {
	case errors.Is(err, detect.ErrNotHeld):
		control.Refuse(w, http.StatusNotFound, fmt.Errorf("%w\ntry: does this instance watch it, and has it been looked at yet?", err))
	case err != nil:
		control.Refuse(w, http.StatusInternalServerError, err)
	default:
		control.Answer(w, x)
	}
}
