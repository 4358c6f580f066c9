package house

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// manifest is what is read of a Kubernetes object, of whichever kind it is.
type manifest struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct {
		Name, Namespace string
		Labels          map[string]string
	}
	Data map[string]string
	Spec struct {
		Replicas             int
		ServiceName          string `yaml:"serviceName"`
		Selector             map[string]any
		Template             podTemplate
		VolumeClaimTemplates []struct {
			Metadata struct{ Name string }
		} `yaml:"volumeClaimTemplates"`
		Ports []struct {
			Name       string
			Port       int
			TargetPort string `yaml:"targetPort"`
		}
		PodSelector struct {
			MatchLabels map[string]string `yaml:"matchLabels"`
		} `yaml:"podSelector"`
		Ingress, Egress []struct {
			Ports []struct{ Port, Protocol string }
		}
	}
}

type podTemplate struct {
	Metadata struct{ Labels map[string]string }
	Spec     struct {
		Grace      int `yaml:"terminationGracePeriodSeconds"`
		Containers []podContainer
		Init       []podContainer `yaml:"initContainers"`
		Security   struct {
			RunAsNonRoot bool `yaml:"runAsNonRoot"`
			RunAsUser    int  `yaml:"runAsUser"`
			FSGroup      int  `yaml:"fsGroup"`
		} `yaml:"securityContext"`
		Volumes []struct {
			Name      string
			ConfigMap struct{ Name string } `yaml:"configMap"`
		}
	}
}

type podContainer struct {
	Name, Image string
	Args        []string
	Env         []struct{ Name, Value string }
	EnvFrom     []struct {
		SecretRef struct{ Name string } `yaml:"secretRef"`
	} `yaml:"envFrom"`
	Ports []struct {
		Name string
		Port int `yaml:"containerPort"`
	}
	Startup   probe `yaml:"startupProbe"`
	Liveness  probe `yaml:"livenessProbe"`
	Readiness probe `yaml:"readinessProbe"`
	Security  struct {
		Escalation   *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnlyRoot bool  `yaml:"readOnlyRootFilesystem"`
	} `yaml:"securityContext"`
	Mounts []struct {
		Name     string
		Path     string `yaml:"mountPath"`
		ReadOnly bool   `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
}

type probe struct {
	Get struct{ Path, Port string } `yaml:"httpGet"`
}

// manifests are the objects of deploy/kubernetes by kind; there is one of each.
func manifests(t *testing.T) map[string]manifest {
	t.Helper()
	all := map[string]manifest{}
	for _, name := range files(t, ".yaml") {
		if !strings.HasPrefix(name, "deploy/kubernetes/") {
			continue
		}
		decoder := yaml.NewDecoder(strings.NewReader(read(t, name)))
		for {
			var m manifest
			err := decoder.Decode(&m)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, twice := all[m.Kind]; twice || m.Kind == "" || m.APIVersion == "" {
				t.Fatalf("%s: object of kind %q, version %q, unnamed or met twice", name, m.Kind, m.APIVersion)
			}
			all[m.Kind] = m
		}
	}
	return all
}

func TestKubernetes(t *testing.T) {
	all := manifests(t)
	for _, kind := range []string{"Namespace", "ConfigMap", "StatefulSet", "Service", "NetworkPolicy"} {
		m, ok := all[kind]
		if !ok {
			t.Fatalf("there is no %s", kind)
		}
		if kind != "Namespace" && m.Metadata.Namespace != all["Namespace"].Metadata.Name {
			t.Errorf("%s is in namespace %q", kind, m.Metadata.Namespace)
		}
	}
	set, service, policy := all["StatefulSet"].Spec, all["Service"], all["NetworkPolicy"].Spec
	pod := set.Template.Spec
	if set.Replicas != 1 {
		t.Errorf("%d replicas: two instances would tell everything twice", set.Replicas)
	}
	if set.ServiceName != service.Metadata.Name {
		t.Errorf("serviceName %s, the Service is %s", set.ServiceName, service.Metadata.Name)
	}
	if pod.Grace < stopSeconds() {
		t.Errorf("terminationGracePeriodSeconds %d, a stop may take %d s", pod.Grace, stopSeconds())
	}
	const label = "app.kubernetes.io/name"
	want := set.Template.Metadata.Labels[label]
	matched, _ := set.Selector["matchLabels"].(map[string]any)
	if want == "" || matched[label] != want || service.Spec.Selector[label] != want || policy.PodSelector.MatchLabels[label] != want {
		t.Errorf("the pod is labelled %q, selected by set %v, service %v, policy %v", want, matched, service.Spec.Selector, policy.PodSelector.MatchLabels)
	}
	user, group, _ := strings.Cut(lastOf(t, "USER"), ":")
	if s := pod.Security; !s.RunAsNonRoot || strconv.Itoa(s.RunAsUser) != user || strconv.Itoa(s.FSGroup) != group {
		t.Errorf("the pod runs as %+v, the image as %s:%s", s, user, group)
	}
	if len(pod.Containers) != 1 {
		t.Fatalf("%d containers", len(pod.Containers))
	}
	main := pod.Containers[0]
	for _, c := range append(slices.Clone(pod.Init), main) {
		if c.Image != imageName {
			t.Errorf("container %s has image %s, elsewhere %s", c.Name, c.Image, imageName)
		}
		if c.Security.Escalation == nil || *c.Security.Escalation || !c.Security.ReadOnlyRoot {
			t.Errorf("container %s may write its image or gain rights", c.Name)
		}
		checkCommand(t, "container "+c.Name, c.Args)
	}

	con := container{where: "deploy/kubernetes", args: main.Args, env: map[string]string{}, files: map[string]string{}}
	for _, e := range main.Env {
		con.env[e.Name] = e.Value
	}
	for _, m := range main.Mounts {
		for _, v := range pod.Volumes {
			if v.Name == m.Name && v.ConfigMap.Name == all["ConfigMap"].Metadata.Name {
				for name, text := range all["ConfigMap"].Data {
					con.files[m.Path+"/"+name] = text
				}
			}
		}
		for _, v := range set.VolumeClaimTemplates {
			if v.Metadata.Name == m.Name && !m.ReadOnly {
				con.mounts = append(con.mounts, m.Path)
			}
		}
	}
	for _, p := range main.Ports {
		con.ports = append(con.ports, strconv.Itoa(p.Port))
	}
	named := main.Ports[0].Name
	for _, p := range []probe{main.Startup, main.Liveness, main.Readiness} {
		con.health = append(con.health, p.Get.Path)
		if p.Get.Port != named {
			t.Errorf("a probe asks port %q, which is %q", p.Get.Port, named)
		}
	}
	cfg := con.check(t)
	if p := service.Spec.Ports[0]; p.TargetPort != named || strconv.Itoa(p.Port) != con.ports[0] {
		t.Errorf("the service leads to %+v", p)
	}
	if p := policy.Ingress[0].Ports[0]; p.Port != named {
		t.Errorf("the policy lets in port %q", p.Port)
	}
	for _, server := range cfg.Kafka.BootstrapServers {
		_, port, _ := cutLast(server, ":")
		if !slices.ContainsFunc(policy.Egress[0].Ports, func(p struct{ Port, Protocol string }) bool { return p.Port == port && p.Protocol == "TCP" }) {
			t.Errorf("the policy does not let out to %s", server)
		}
	}
	secret := "create secret generic " + main.EnvFrom[0].SecretRef.Name + " "
	if !strings.Contains(read(t, "deploy/kubernetes/30-statefulset.yaml"), secret) {
		t.Errorf("nobody says how to make the Secret: %q", secret)
	}
	if !cfg.Kafka.CreateTopics && !slices.Contains(pod.Init[0].Args, "create") {
		t.Error("nobody creates the topics")
	}
}

// lastOf is the last instruction of its kind in the container file.
func lastOf(t *testing.T, word string) (rest string) {
	t.Helper()
	for _, i := range containerfile(t) {
		if i.word == word {
			rest = i.rest
		}
	}
	return rest
}

func atLeast(text string, least int) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n >= least
}
