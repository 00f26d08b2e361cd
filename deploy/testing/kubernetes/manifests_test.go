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
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// root is where the manifests are, seen from here.
const root = "../../kubernetes"

// roles are the program's that are deployed.
var roles = []string{"gateway", "projector", "notifier"}

// variants are the folders that can be deployed, or are the base of those.
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

// build is what kustomize makes of a folder.
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

// manifests is a built folder, by kind.
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
}

// read decodes what was built. A field that a type does not have, and a kind
// that has no place here, are errors: nothing is deployed unchecked.
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
		default:
			t.Fatalf("kind %q is not known here:\n%s", of.Kind, one)
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

// documents are the parts of a file of YAML.
func documents(t *testing.T, text []byte) [][]byte {
	t.Helper()
	var list [][]byte
	for one := range bytes.SplitSeq(text, []byte("\n---\n")) {
		if len(bytes.TrimSpace(one)) > 0 {
			list = append(list, one)
		}
	}
	if len(list) == 0 {
		t.Fatal("nothing was built")
	}
	return list
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
}

// deployment is the one of a role.
func (m *manifests) deployment(t *testing.T, role string) *apps.Deployment {
	t.Helper()
	for i := range m.deployments {
		if m.deployments[i].Name == role {
			return &m.deployments[i]
		}
	}
	t.Fatalf("no deployment of the %s", role)
	return nil
}

// examples are the Secrets of the example, by name.
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

// setting is a value of the ConfigMap.
func (m *manifests) setting(t *testing.T, name string) string {
	t.Helper()
	if len(m.settings) != 1 {
		t.Fatalf("%d ConfigMaps, want one", len(m.settings))
	}
	value, ok := m.settings[0].Data[name]
	if !ok {
		t.Fatalf("the settings lack %s", name)
	}
	return value
}

// matches reports whether a selector chooses a deployment's pods.
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
