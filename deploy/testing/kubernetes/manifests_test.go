package kubernetes

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// root is the path of the manifests.
const root = "../../kubernetes"

// roles lists the roles of the program that are deployed.
var roles = []string{"gateway", "projector", "notifier"}

// variants returns the directories of the base and of all overlays.
func variants(t *testing.T) []string {
	t.Helper()
	overlays, err := filepath.Glob(root + "/overlays/*/kustomization.yaml")
	if err != nil || len(overlays) < 2 {
		t.Fatalf("overlays: %v, %v", overlays, err)
	}
	list := []string{root + "/base"}
	for _, path := range overlays {
		list = append(list, filepath.Dir(path))
	}
	return list
}

// build returns the manifests that kustomize builds from a directory.
func build(t *testing.T, folder string) []byte {
	t.Helper()
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatalf("kustomize build %s: %v", folder, err)
	}
	text, err := made.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// manifests holds built manifests, by kind.
type manifests struct {
	namespaces  []core.Namespace
	accounts    []core.ServiceAccount
	settings    []core.ConfigMap
	services    []core.Service
	deployments []apps.Deployment
	ingresses   []networking.Ingress
	policies    []networking.NetworkPolicy
	budgets     []policy.PodDisruptionBudget
	autoscalers []autoscaling.HorizontalPodAutoscaler
	monitors    []monitoring.PodMonitor
	jobs        []batch.Job
	rules       []monitoring.PrometheusRule
}

// read decodes built manifests. An unknown field or kind is an error, so that no
// manifest is deployed unchecked.
func read(t *testing.T, text []byte) *manifests {
	t.Helper()
	m := &manifests{}
	for _, one := range documents(t, text) {
		var of struct{ Kind string }
		if err := yaml.Unmarshal(one, &of); err != nil {
			t.Fatal(err)
		}
		switch of.Kind {
		case "Namespace":
			keep(t, &m.namespaces, one)
		case "ServiceAccount":
			keep(t, &m.accounts, one)
		case "ConfigMap":
			keep(t, &m.settings, one)
		case "Service":
			keep(t, &m.services, one)
		case "Deployment":
			keep(t, &m.deployments, one)
		case "Ingress":
			keep(t, &m.ingresses, one)
		case "NetworkPolicy":
			keep(t, &m.policies, one)
		case "PodDisruptionBudget":
			keep(t, &m.budgets, one)
		case "HorizontalPodAutoscaler":
			keep(t, &m.autoscalers, one)
		case "PodMonitor":
			keep(t, &m.monitors, one)
		case "Job":
			keep(t, &m.jobs, one)
		case "PrometheusRule":
			keep(t, &m.rules, one)
		default:
			t.Fatalf("the test does not support kind %q:\n%s", of.Kind, one)
		}
	}
	return m
}

func keep[T any](t *testing.T, list *[]T, text []byte) {
	t.Helper()
	var one T
	if err := yaml.UnmarshalStrict(text, &one); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	*list = append(*list, one)
}

// documents returns the documents of a YAML file.
func documents(t *testing.T, text []byte) [][]byte {
	t.Helper()
	var list [][]byte
	for one := range bytes.SplitSeq(text, []byte("\n---\n")) {
		if len(bytes.TrimSpace(one)) > 0 {
			list = append(list, one)
		}
	}
	if len(list) == 0 {
		t.Fatal("the YAML has no documents")
	}
	return list
}

// withEverything builds the production overlay with all optional components.
func withEverything(t *testing.T) []byte {
	t.Helper()
	// kustomize needs relative paths, which do not work through symbolic links.
	at, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	there, err := filepath.Rel(at, here)
	if err != nil {
		t.Fatal(err)
	}
	text := "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - " + there + "/overlays/production\n" +
		"components:\n  - " + there + "/components/nats-client-certificate\n"
	if err := os.WriteFile(filepath.Join(at, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return build(t, at)
}

// each runs a check on every variant.
func each(t *testing.T, check func(t *testing.T, m *manifests)) {
	t.Parallel()
	for _, folder := range variants(t) {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			check(t, read(t, build(t, folder)))
		})
	}
	t.Run("everything", func(t *testing.T) {
		t.Parallel()
		check(t, read(t, withEverything(t)))
	})
}

// pod is the pod template of a role's deployment or of the setup job.
type pod struct {
	name string
	core.PodTemplateSpec
}

func (p pod) says(format string, args ...any) string {
	return strings.TrimSpace(p.name + ": " + fmt.Sprintf(format, args...))
}

// pods returns the pod templates of the setup job and of all roles.
func (m *manifests) pods(t *testing.T) []pod {
	t.Helper()
	if len(m.jobs) != 1 || m.jobs[0].Name != "setup" {
		t.Fatalf("%d jobs, want one job named setup", len(m.jobs))
	}
	list := []pod{{"setup", m.jobs[0].Spec.Template}}
	for _, role := range roles {
		list = append(list, pod{role, m.deployment(t, role).Spec.Template})
	}
	return list
}

// deployment returns the deployment of a role.
func (m *manifests) deployment(t *testing.T, role string) *apps.Deployment {
	t.Helper()
	for i := range m.deployments {
		if m.deployments[i].Name == role {
			return &m.deployments[i]
		}
	}
	t.Fatalf("no deployment of role %s", role)
	return nil
}

// examples returns the Secrets of the example, by name.
func examples(t *testing.T) map[string]core.Secret {
	t.Helper()
	file, err := os.Open(root + "/secrets.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []core.Secret
	for _, one := range documents(t, text) {
		keep(t, &list, one)
	}
	byName := map[string]core.Secret{}
	for _, one := range list {
		byName[one.Name] = one
	}
	return byName
}

// setting returns a value of the ConfigMap.
func (m *manifests) setting(t *testing.T, name string) string {
	t.Helper()
	if len(m.settings) != 1 {
		t.Fatalf("%d ConfigMaps, want one", len(m.settings))
	}
	value, ok := m.settings[0].Data[name]
	if !ok {
		t.Fatalf("the ConfigMap does not contain %s", name)
	}
	return value
}

// matches reports whether a selector matches a pod's labels.
func matches(selector, labels map[string]string) bool {
	for name, value := range selector {
		if labels[name] != value {
			return false
		}
	}
	return true
}

func where(d *apps.Deployment, format string, args ...any) string {
	return strings.TrimSpace(d.Name + ": " + fmt.Sprintf(format, args...))
}
