package kafka

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/segmentio/kafka-go"

	"github.com/portdelta/portdelta/internal/limits"
)

// Fault is one thing wrong with a topic, and the next step.
type Fault struct {
	Topic   string `json:"topic"`
	Problem string `json:"problem"`
	Fix     string `json:"fix"`
}

func (f Fault) String() string { return fmt.Sprintf("topic %s %s; %s", f.Topic, f.Problem, f.Fix) }

// leastMessageBytes is what a topic must take: the largest event with its
// headers and the batch around it.
var leastMessageBytes = limits.EventBytes.Max + 8<<10

// Check compares the topics of the cluster with the plan. Faults are what would
// lose, reorder or refuse records: a missing topic, another partition count,
// another cleanup policy, a limit below our largest record, time stamps that are
// not ours. Retention times are the owner's to choose. An error means that the
// cluster could not be asked.
func (c *Client) Check(ctx context.Context, plan []TopicSpec) ([]Fault, error) {
	names := make([]string, len(plan))
	for i, spec := range plan {
		names[i] = spec.Name
	}
	partitions, err := c.layout(ctx, names)
	if err != nil {
		return nil, err
	}
	var faults []Fault
	var present []TopicSpec
	for _, spec := range plan {
		got, ok := partitions[spec.Name]
		if !ok {
			faults = append(faults, Fault{spec.Name, "does not exist", "run: portdelta topics create"})
			continue
		}
		present = append(present, spec)
		if got != spec.Partitions && got >= 0 {
			faults = append(faults, Fault{spec.Name,
				fmt.Sprintf("has %d partitions where topics.partitions says %d", got, spec.Partitions),
				"set topics.partitions to what all topics have, or choose another topics.prefix: " +
					"adding partitions would move hosts to others and break their order"})
		}
	}
	more, err := c.checkSettings(ctx, present)
	return append(faults, more...), err
}

func (c *Client) checkSettings(ctx context.Context, specs []TopicSpec) ([]Fault, error) {
	if len(specs) == 0 {
		return nil, nil
	}
	request := &kafka.DescribeConfigsRequest{}
	for _, spec := range specs {
		request.Resources = append(request.Resources, kafka.DescribeConfigRequestResource{
			ResourceType: kafka.ResourceTypeTopic,
			ResourceName: spec.Name,
			ConfigNames:  []string{"cleanup.policy", "max.message.bytes", "message.timestamp.type"},
		})
	}
	answer, err := c.api.DescribeConfigs(ctx, request)
	if err != nil {
		return nil, c.failure("read the topics' settings", err)
	}
	found := make(map[string]map[string]string)
	for _, resource := range answer.Resources {
		if resource.Error != nil {
			return nil, c.failure("read the settings of topic "+bounded(resource.ResourceName), resource.Error)
		}
		settings := make(map[string]string)
		for _, entry := range resource.ConfigEntries {
			settings[entry.ConfigName] = entry.ConfigValue
		}
		found[resource.ResourceName] = settings
	}
	var faults []Fault
	for i := range specs {
		faults = append(faults, c.compare(&specs[i], found[specs[i].Name])...)
	}
	return faults, nil
}

func (c *Client) compare(spec *TopicSpec, got map[string]string) []Fault {
	var faults []Fault
	wrong := func(name, want string) {
		faults = append(faults, Fault{spec.Name,
			fmt.Sprintf("has %s=%s where %s is needed", name, bounded(got[name]), want),
			"run: " + alter(c.config.Brokers, spec.Name, name, want)})
	}
	if want := spec.setting("cleanup.policy"); got["cleanup.policy"] != want {
		wrong("cleanup.policy", want)
	}
	if n, err := strconv.Atoi(got["max.message.bytes"]); err != nil || n < leastMessageBytes {
		wrong("max.message.bytes", maxMessageBytes)
	}
	if got["message.timestamp.type"] != "CreateTime" {
		wrong("message.timestamp.type", "CreateTime") // else a record's time is not its event's
	}
	return faults
}

// bounded makes a broker's word fit to be shown.
func bounded(s string) string {
	return strconv.Quote(s[:min(len(s), limits.ErrorBytes.Max)])
}

// alter is the command that changes one setting of a topic.
func alter(brokers []string, topic, name, value string) string {
	return fmt.Sprintf("kafka-configs.sh --bootstrap-server %s --alter --entity-type topics --entity-name %s --add-config %s=%s",
		strings.Join(brokers, ","), topic, name, value)
}
