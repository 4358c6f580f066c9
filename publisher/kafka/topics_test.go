package kafka

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
)

func TestPlan(t *testing.T) {
	client := newClient(t, closedPort(t))
	want := []TopicSpec{
		{"test.changes.v1", 12, 3, []Setting{{"cleanup.policy", "delete"}, {"retention.ms", "2592000000"}, {"max.message.bytes", "1048588"}, {"min.insync.replicas", "2"}}},
		{"test.lifecycle.v1", 12, 3, []Setting{{"cleanup.policy", "delete"}, {"retention.ms", "2592000000"}, {"max.message.bytes", "1048588"}, {"min.insync.replicas", "2"}}},
		{"test.state.v1", 12, 3, []Setting{{"cleanup.policy", "compact"}, {"delete.retention.ms", "604800000"}, {"min.compaction.lag.ms", "3600000"}, {"max.message.bytes", "1048588"}, {"min.insync.replicas", "2"}}},
	}
	if diff := cmp.Diff(want, client.Plan(12, 3)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	compact := want[2].Settings
	want = append(want, TopicSpec{"exact.engine.v1", 12, 3, compact}, TopicSpec{"exact.progress.v1", 12, 3, compact})
	for i := range 3 {
		want[i].Name = strings.Replace(want[i].Name, "test.", "exact.", 1)
	}
	if diff := cmp.Diff(want, exactClient(t, closedPort(t)).Plan(12, 3)); diff != "" {
		t.Errorf("plan of exactly once (-want +got):\n%s", diff)
	}
	for _, spec := range client.Plan(1, 0) {
		if spec.Replication != -1 || spec.setting("min.insync.replicas") != "" {
			t.Errorf("replication 0 planned as %+v", spec)
		}
	}
}

func TestCreateAndCheck(t *testing.T) {
	cluster := fakeCluster(t)
	client := newClient(t, cluster.ListenAddrs()...)
	plan := client.Plan(4, 1)
	check := func() []Fault {
		t.Helper()
		faults, err := client.Check(t.Context(), plan)
		if err != nil {
			t.Fatal(err)
		}
		return faults
	}
	if err := cluster.CreateTopic("test.changes.v1", 6, map[string]string{
		"cleanup.policy": "compact,delete", "max.message.bytes": "1000", "message.timestamp.type": "LogAppendTime"}); err != nil {
		t.Fatal(err)
	}
	broker := strings.Join(cluster.ListenAddrs(), ",")
	command := "run: kafka-configs.sh --bootstrap-server " + broker + " --alter --entity-type topics --entity-name test.changes.v1 --add-config "
	want := []Fault{
		{"test.changes.v1", "has 6 partitions where topics.partitions says 4",
			"set topics.partitions to what all topics have, or choose another topics.prefix: adding partitions would move hosts to others and break their order"},
		{"test.lifecycle.v1", "does not exist", "run: portdelta topics create"},
		{"test.state.v1", "does not exist", "run: portdelta topics create"},
		{"test.changes.v1", `has cleanup.policy="compact,delete" where delete is needed`, command + "cleanup.policy=delete"},
		{"test.changes.v1", `has max.message.bytes="1000" where 1048588 is needed`, command + "max.message.bytes=1048588"},
		{"test.changes.v1", `has message.timestamp.type="LogAppendTime" where CreateTime is needed`, command + "message.timestamp.type=CreateTime"},
	}
	if diff := cmp.Diff(want, check()); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}

	made, err := client.Create(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(made, []string{"test.lifecycle.v1", "test.state.v1"}) {
		t.Errorf("created %q, want the two that were missing", made)
	}
	if n := len(check()); n != 4 {
		t.Errorf("%d faults after Create, want the 4 of the topic that stood before", n)
	}
	if err := cluster.DeleteTopic("test.changes.v1"); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Create(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if faults := check(); len(faults) != 0 {
		t.Errorf("faults of topics made by Create: %v", faults)
	}
	if made, err := client.Create(t.Context(), plan); err != nil || len(made) != 0 {
		t.Errorf("second Create = %q, %v, want nothing done", made, err)
	}
}

func TestCreateFailures(t *testing.T) {
	cluster := fakeCluster(t, kfake.NumBrokers(1))
	client := newClient(t, cluster.ListenAddrs()...)
	_, err := client.Create(t.Context(), client.Plan(1, 3))
	if err == nil || !strings.Contains(err.Error(), "fewer brokers than replicas") {
		t.Errorf("Create with 3 replicas on one broker = %v", err)
	}
	cluster.Fault(kfake.Fault{Topic: "test.state.v1", Err: kerr.TopicAuthorizationFailed})
	made, err := client.Create(t.Context(), client.Plan(1, 1))
	if failure, ok := errors.AsType[*Error](err); !ok || failure.Class() != ClassUnauthorized || !strings.Contains(err.Error(), "topics plan") {
		t.Errorf("Create without the right = %v", err)
	}
	if len(made) != 2 {
		t.Errorf("created %q, want the two that are allowed", made)
	}
}

func TestCheckFailures(t *testing.T) {
	client := newClient(t, closedPort(t))
	_, err := client.Check(t.Context(), client.Plan(1, 1))
	if failure, ok := errors.AsType[*Error](err); !ok || failure.Class() != ClassUnreachable || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("Check without a broker = %v, want %s and the reason", err, ClassUnreachable)
	}
	cluster := fakeCluster(t)
	client = newClient(t, cluster.ListenAddrs()...)
	created(t, client, 1)
	cluster.Fault(kfake.Fault{Resource: "test.state.v1", Err: kerr.TopicAuthorizationFailed})
	_, err = client.Check(t.Context(), client.Plan(1, 1))
	if failure, ok := errors.AsType[*Error](err); !ok || failure.Class() != ClassUnauthorized || !strings.Contains(err.Error(), "DescribeConfigs") {
		t.Errorf("Check without the right = %v, want %s", err, ClassUnauthorized)
	}
}
