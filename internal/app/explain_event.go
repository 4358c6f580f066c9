package app

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portdelta/portdelta/internal/control"
	"github.com/portdelta/portdelta/internal/limits"
	"github.com/portdelta/portdelta/internal/store"
	"github.com/portdelta/portdelta/publisher/kafka"
	"github.com/portdelta/portdelta/schemas"
)

func (e *env) explainEventCommand() *cobra.Command {
	var f heldFlags
	cmd := &cobra.Command{
		Use:   "event ID",
		Short: "Say why an event was told: its rule, its evidence, its severity",
		Long: `Find an event by its id and say why it was told: the rule behind each of its
reasons, the evidence, what changed, why it is as grave as it is, and which event
caused it.

It is looked for in the outbox, of the running instance or of the store, and, with
--config, in the topics of the configured Kafka from their beginning. Exit code 1
if it is nowhere.`,
		Example: `  portdelta explain event 0f3c9a5e0c4b4f0e9d1b2a3c4d5e6f70 --config portdelta.yaml
  portdelta explain event 0f3c9a5e0c4b4f0e9d1b2a3c4d5e6f70 --store data --output json`,
		Args: func(cmd *cobra.Command, list []string) error {
			if len(list) != 1 {
				return usage(withTry(cmd, fmt.Errorf("%s needs the id of an event", cmd.CommandPath())))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, list []string) error { return e.explainEvent(cmd.Context(), f, list[0]) },
	}
	f.add(cmd)
	return cmd
}

// foundEvent is an event and where it was found.
type foundEvent struct {
	Where     string          `json:"where"` // outbox or topic
	Topic     string          `json:"topic"`
	Partition int             `json:"partition"`
	Offset    int64           `json:"offset"` // in the outbox: the position
	Event     json.RawMessage `json:"event"`
}

func (e *env) explainEvent(ctx context.Context, f heldFlags, arg string) error {
	id, err := parseEventID(arg)
	if err != nil {
		return usage(err)
	}
	h, err := f.named()
	if err != nil {
		return err
	}
	found, unread := h.waiting(ctx, id)
	switch {
	case found != nil:
		return e.showEvent(found)
	case h.config == nil && unread != nil:
		return unread
	case h.config == nil:
		return &failure{exitNo, fmt.Errorf("no event %s waits in the outbox of %s\ntry: --config FILE, to look in the topics too", id, h.dir)}
	}
	// The events of a store that is elsewhere, or cannot be read, are in the topics
	// all the same.
	if found, err = e.published(ctx, h, id); err != nil {
		return err
	}
	if found != nil {
		return e.showEvent(found)
	}
	prefix := h.config.Topics.Prefix
	where, hint := fmt.Sprintf("the topics %s and %s", schemas.Changes.Name(prefix), schemas.Lifecycles.Name(prefix)), ""
	if unread == nil {
		where = "the outbox or " + where
	} else {
		hint = "the outbox could not be read: " + unread.Error() + "\n"
	}
	return &failure{exitNo, fmt.Errorf("no event %s in %s\n%stry: is it of this Kafka and prefix, and not older than the topics keep?", id, where, hint)}
}

// parseEventID takes an id as events have it: 16 bytes in hex.
func parseEventID(arg string) (string, error) {
	id := strings.ToLower(arg)
	if b, err := hex.DecodeString(id); err != nil || len(b) != 16 {
		return "", fmt.Errorf("%q is no id of an event: those have 32 hexadecimal digits", arg)
	}
	return id, nil
}

// waiting looks for an event that is committed and perhaps not published yet; nil
// where there is none.
func (h *held) waiting(ctx context.Context, id string) (found *foundEvent, err error) {
	if err := h.open(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	if h.store != nil {
		if found, err = inOutbox(ctx, h.store, id); err != nil {
			err = storeError(err)
		}
		return found, err
	}
	err = asked(h.ask.Get(ctx, pathExplainEvent, url.Values{"id": {id}}, &found))
	return found, err
}

func (p *pipeline) answerEvent(w http.ResponseWriter, r *http.Request) {
	id, err := parseEventID(r.URL.Query().Get("id"))
	if err != nil {
		control.Refuse(w, http.StatusBadRequest, err)
		return
	}
	found, err := inOutbox(r.Context(), p.store, id)
	if err != nil {
		control.Refuse(w, http.StatusInternalServerError, err)
		return
	}
	control.Answer(w, found) // null where there is none
}

// inOutbox reads what waits, shard by shard, as the publisher does.
func inOutbox(ctx context.Context, s *store.Store, id string) (*foundEvent, error) {
	for shard := range s.Shards() {
		for last := uint64(0); ; {
			entries, err := s.Read(shard, last, limits.PublishRecords.Max, limits.PublishBytes.Max)
			if err != nil {
				return nil, err
			}
			for i := range entries {
				if r := &entries[i].Record; hasID(r.Headers, id) {
					return &foundEvent{"outbox", string(r.Topic), shard, int64(entries[i].Position), r.Value}, nil
				}
			}
			if len(entries) == 0 {
				break
			}
			last = entries[len(entries)-1].Position
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

// published looks for an event in the topics, from their beginning to what is
// committed now; nil where there is none.
func (e *env) published(ctx context.Context, h *held, id string) (found *foundEvent, err error) {
	brokers := brokersOf(h.config)
	log, err := e.logger("warn", "console")
	if err != nil {
		return nil, err
	}
	client, err := kafka.New(kafka.Config{Brokers: brokers, SecurityProtocol: h.config.Kafka.SecurityProtocol, Prefix: h.config.Topics.Prefix, ClientID: "portdelta-explain"})
	if err != nil {
		return nil, usage(err)
	}
	defer client.Close()
	shown := e.progress()
	defer shown.clear()
	for _, topic := range []schemas.Topic{schemas.Changes, schemas.Lifecycles} {
		read := 0
		err := client.Tail(ctx, kafka.TailOptions{Topic: topic, From: kafka.Beginning, UntilEnd: true, Logger: log}, func(m kafka.Message) error {
			// By the header, or, where a tool has copied the record without it, by
			// the text.
			if hasID(m.Headers, id) || bytes.Contains(m.Value, []byte(`"id":"`+id+`"`)) {
				found = &foundEvent{"topic", m.Topic, m.Partition, m.Offset, m.Value}
				return errEnough
			}
			if read++; read >= limits.ExplainRecords.Max {
				limits.ExplainRecords.Hit()
				return fmt.Errorf("not among the first %d records: the limit explain_records", read)
			}
			shown.tell(func() string { return fmt.Sprintf("%s: %d records read", topic.Name(h.config.Topics.Prefix), read) })
			return nil
		})
		switch {
		case found != nil:
			return found, nil
		case err != nil:
			return nil, kafkaError(err, brokers)
		case ctx.Err() != nil:
			return nil, outside(fmt.Errorf("stopped: %s was not read to its end", topic.Name(h.config.Topics.Prefix)))
		}
	}
	return nil, nil
}

func hasID(headers []schemas.Header, id string) bool {
	for _, h := range headers {
		if h.Key == "ce_id" && h.Value == id {
			return true
		}
	}
	return false
}
