package app

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/portdelta/portdelta/internal/config"
	"github.com/portdelta/portdelta/publisher/kafka"
)

func (e *env) topicsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "topics", Short: "Plan, create or check the topics",
		Example: `  portdelta topics plan --config portdelta.yaml
  portdelta topics create --config portdelta.yaml
  portdelta topics check --config portdelta.yaml --output json`,
	}
	var file string
	add := func(use, short string, run func(context.Context, *config.Config, *kafka.Client) error) {
		sub := &cobra.Command{
			Use: use, Short: short, Args: noArgs,
			Example: "  portdelta topics " + use + " --config portdelta.yaml",
			RunE: func(cmd *cobra.Command, _ []string) error {
				cfg, err := loadConfig(file, "")
				if err != nil {
					return err
				}
				client, err := kafka.New(kafka.Config{Brokers: brokersOf(cfg), SecurityProtocol: cfg.Kafka.SecurityProtocol, Prefix: cfg.Topics.Prefix, ClientID: "portdelta",
					ExactlyOnce: cfg.Kafka.Delivery == config.ExactlyOnce})
				if err != nil {
					return usage(err)
				}
				defer client.Close()
				return run(cmd.Context(), cfg, client)
			},
		}
		configFlag(sub, &file)
		cmd.AddCommand(sub)
	}
	add("plan", "Print the topics as they must be; asks no broker", e.topicsPlan)
	add("create", "Create the topics that are missing", e.topicsCreate)
	add("check", "Compare the topics of the cluster with the plan; exit code 1 if one is wrong", e.topicsCheck)
	return group(cmd)
}

// brokersOf is where the configured Kafka is found, by processes other than the
// one an embedded broker runs in too.
func brokersOf(cfg *config.Config) []string {
	if cfg.Kafka.Embedded != nil {
		return []string{cfg.Kafka.Embedded.Listen}
	}
	return cfg.Kafka.BootstrapServers
}

func (e *env) topicsPlan(_ context.Context, cfg *config.Config, c *kafka.Client) error {
	plan := c.Plan(cfg.Topics.Partitions, 0)
	if e.output == "json" {
		return e.printer().value(plan)
	}
	for _, t := range plan {
		replication := "the cluster's default"
		if t.Replication > 0 {
			replication = fmt.Sprint(t.Replication)
		}
		fmt.Fprintf(e.Out, "%s\n  partitions %d, replication %s\n", t.Name, t.Partitions, replication)
		for _, s := range t.Settings {
			fmt.Fprintf(e.Out, "  %s=%s\n", s.Name, s.Value)
		}
	}
	return nil
}

func (e *env) topicsCreate(ctx context.Context, cfg *config.Config, c *kafka.Client) error {
	created, err := c.Create(ctx, c.Plan(cfg.Topics.Partitions, 0))
	if err != nil {
		return kafkaError(err, brokersOf(cfg))
	}
	if e.output == "json" {
		if created == nil {
			created = []string{}
		}
		return e.printer().value(map[string][]string{"created": created})
	}
	for _, name := range created {
		fmt.Fprintln(e.Out, "created "+name)
	}
	if len(created) == 0 {
		fmt.Fprintln(e.Out, "nothing to create: all topics exist")
	}
	return nil
}

func (e *env) topicsCheck(ctx context.Context, cfg *config.Config, c *kafka.Client) error {
	faults, err := c.Check(ctx, c.Plan(cfg.Topics.Partitions, 0))
	if err != nil {
		return kafkaError(err, brokersOf(cfg))
	}
	switch {
	case e.output == "json":
		if faults == nil {
			faults = []kafka.Fault{}
		}
		if err := e.printer().value(map[string][]kafka.Fault{"faults": faults}); err != nil {
			return err
		}
	case len(faults) == 0:
		fmt.Fprintln(e.Out, "all topics are as they must be")
	default:
		fmt.Fprintln(e.Out, faultLines(faults))
	}
	if len(faults) > 0 {
		return errNo
	}
	return nil
}
