package kubernetes

import (
	"flag"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// served reports whether a deployment's pods have a port.
func served(d *apps.Deployment, port intstr.IntOrString) bool {
	return slices.ContainsFunc(d.Spec.Template.Spec.Containers[0].Ports, func(p core.ContainerPort) bool {
		return port.Type == intstr.String && p.Name == port.StrVal || port.Type == intstr.Int && p.ContainerPort == port.IntVal
	})
}

// chosen returns the deployments whose pods a selector matches.
func (m *manifests) chosen(t *testing.T, by meta.LabelSelector) []*apps.Deployment {
	t.Helper()
	selector, err := meta.LabelSelectorAsSelector(&by)
	if err != nil {
		t.Fatal(err)
	}
	var list []*apps.Deployment
	for i := range m.deployments {
		if selector.Matches(labels.Set(m.deployments[i].Spec.Template.Labels)) {
			list = append(list, &m.deployments[i])
		}
	}
	return list
}

// TestReferencesResolve follows every name by which one manifest refers to
// another.
func TestReferencesResolve(t *testing.T) {
	each(t, func(t *testing.T, m *manifests) {
		ports := map[string][]string{}
		for _, s := range m.services {
			for _, port := range s.Spec.Ports {
				ports[s.Name] = append(ports[s.Name], port.Name)
			}
			pods := m.chosen(t, meta.LabelSelector{MatchLabels: s.Spec.Selector})
			if s.Name == "unreachable" {
				if len(pods) > 0 {
					t.Errorf("service %s matches pods, want none", s.Name)
				}
				continue
			}
			if len(pods) != 1 || pods[0].Name != s.Name {
				t.Errorf("service %s: matches %d deployments, want the one with its name", s.Name, len(pods))
				continue
			}
			for _, port := range s.Spec.Ports {
				if !served(pods[0], port.TargetPort) {
					t.Errorf("service %s: pods have no port %s", s.Name, port.TargetPort.String())
				}
			}
		}
		for _, i := range m.ingresses {
			refused := false
			for _, rule := range i.Spec.Rules {
				for _, path := range rule.HTTP.Paths {
					backend := path.Backend.Service
					if !slices.Contains(ports[backend.Name], backend.Port.Name) {
						t.Errorf("ingress %s: no service %s with port %s", i.Name, backend.Name, backend.Port.Name)
					}
					refused = refused || path.Path == "/metrics" && backend.Name == "unreachable"
				}
			}
			if !refused {
				t.Errorf("ingress %s: does not block /metrics", i.Name)
			}
		}
		for _, p := range m.policies {
			pods := m.chosen(t, p.Spec.PodSelector)
			if len(pods) == 0 {
				t.Errorf("policy %s: matches no pods", p.Name)
			}
			for _, rule := range p.Spec.Ingress {
				for _, port := range rule.Ports {
					for _, d := range pods {
						if port.Port == nil || !served(d, *port.Port) {
							t.Errorf("policy %s: %s does not have the port", p.Name, d.Name)
						}
					}
				}
			}
		}
		for _, a := range m.autoscalers {
			m.deployment(t, a.Spec.ScaleTargetRef.Name)
		}
		for _, monitor := range m.monitors {
			pods := m.chosen(t, monitor.Spec.Selector)
			if len(pods) != len(roles) {
				t.Errorf("monitor %s: matches %d deployments, want all %d", monitor.Name, len(pods), len(roles))
			}
			for _, end := range monitor.Spec.PodMetricsEndpoints {
				for _, d := range pods {
					if end.Port == nil || !served(d, intstr.FromString(*end.Port)) {
						t.Errorf("monitor %s: %s does not have the port", monitor.Name, d.Name)
					}
				}
			}
		}
		for _, d := range m.deployments {
			if got := m.chosen(t, *d.Spec.Selector); len(got) != 1 {
				t.Error(where(&d, "the selector matches the pods of %d deployments, want 1", len(got)))
			}
			if !slices.ContainsFunc(m.accounts, func(a core.ServiceAccount) bool { return a.Name == d.Spec.Template.Spec.ServiceAccountName }) {
				t.Error(where(&d, "the service account is missing"))
			}
		}
	})
}

// TestRolesAreConfigured checks that each role has settings that exist, a Secret
// that the example contains, and the port it serves on.
func TestRolesAreConfigured(t *testing.T) {
	secrets := examples(t)
	for name, secret := range secrets {
		for key, value := range secret.StringData {
			if value != "" || len(secret.Data) > 0 {
				t.Errorf("the example has a value for %s of %s, want none", key, name)
			}
		}
	}
	each(t, func(t *testing.T, m *manifests) {
		_, port, err := net.SplitHostPort(m.setting(t, "DOCKET_HTTP"))
		if err != nil {
			t.Fatal(err)
		}
		number, err := strconv.Atoi(port)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range m.pods(t) {
			p.finds(t, m, secrets)
		}
		for _, role := range roles {
			d := m.deployment(t, role)
			c := d.Spec.Template.Spec.Containers[0]
			if !served(d, intstr.FromInt32(int32(number))) {
				t.Error(where(d, "does not have port %s of DOCKET_HTTP", port))
			}
			for _, probe := range []*core.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
				if probe == nil || probe.HTTPGet == nil || !served(d, probe.HTTPGet.Port) {
					t.Error(where(d, "lacks a probe, or a probe uses an unknown port"))
				}
			}
		}
		for _, i := range m.ingresses {
			public, err := url.Parse(m.setting(t, "DOCKET_URL"))
			if err != nil || public.Scheme != "https" || len(i.Spec.Rules) != 1 || i.Spec.Rules[0].Host != public.Host ||
				len(i.Spec.TLS) != 1 || !slices.Equal(i.Spec.TLS[0].Hosts, []string{public.Host}) || i.Spec.TLS[0].SecretName == "" {
				t.Errorf("ingress %s does not serve DOCKET_URL %s with TLS: %v", i.Name, public, err)
			}
		}
	})
}

// finds checks a pod's references: its settings, and the files of Secrets in the
// example, mounted at the paths in its variables. Every mounted value must be
// read.
func (p pod) finds(t *testing.T, m *manifests, secrets map[string]core.Secret) {
	t.Helper()
	c := p.Spec.Containers[0]
	if len(c.EnvFrom) != 1 || c.EnvFrom[0].ConfigMapRef == nil || c.EnvFrom[0].ConfigMapRef.Name != m.settings[0].Name {
		t.Error(p.says("does not use the settings %s", m.settings[0].Name))
	}
	if len(p.Spec.Volumes) != len(c.VolumeMounts) {
		t.Fatal(p.says("has %d volumes and mounts %d", len(p.Spec.Volumes), len(c.VolumeMounts)))
	}
	mounted, unread := map[string]bool{}, map[string]bool{}
	for i, volume := range p.Spec.Volumes {
		if c.VolumeMounts[i].Name != volume.Name {
			t.Fatal(p.says("does not mount %s", volume.Name))
		}
		example, ok := secrets[volume.Secret.SecretName]
		if !ok {
			t.Error(p.says("the example does not contain %s", volume.Secret.SecretName))
		}
		keys := map[string]string{}
		for key := range example.StringData {
			keys[key] = key
		}
		if len(volume.Secret.Items) > 0 {
			clear(keys)
			for _, item := range volume.Secret.Items {
				if _, there := example.StringData[item.Key]; !there {
					t.Error(p.says("%s in the example does not contain %s", volume.Secret.SecretName, item.Key))
				}
				keys[item.Key] = item.Path
			}
		}
		for _, path := range keys {
			mounted[c.VolumeMounts[i].MountPath+"/"+path] = true
			unread[c.VolumeMounts[i].MountPath+"/"+path] = true
		}
	}
	for _, variable := range c.Env {
		if !strings.HasPrefix(variable.Value, "/") {
			continue
		}
		if !mounted[variable.Value] {
			t.Error(p.says("%s is %s, which is not mounted from a Secret", variable.Name, variable.Value))
		}
		delete(unread, variable.Value)
	}
	for path := range unread {
		t.Error(p.says("mounts %s but does not read it", path))
	}
}

// TestNATSUsesTLS checks that production verifies the certificates of the NATS
// servers, and that the component for client certificates adds one.
func TestNATSUsesTLS(t *testing.T) {
	t.Parallel()
	require := func(text []byte, variables ...string) {
		t.Helper()
		for _, p := range read(t, text).pods(t) {
			for _, variable := range variables {
				if !slices.ContainsFunc(p.Spec.Containers[0].Env, func(one core.EnvVar) bool { return one.Name == variable && one.Value != "" }) {
					t.Error(p.says("does not set %s", variable))
				}
			}
		}
	}
	require(build(t, root+"/overlays/production"), "DOCKET_NATS_CA")
	require(withEverything(t), "DOCKET_NATS_CA", "DOCKET_NATS_CERT", "DOCKET_NATS_KEY")
}

// TestScrapedMetricsHaveRoleLabel checks that the monitor adds the label role,
// which the alerts need, and does not scrape pods that are not a role.
func TestScrapedMetricsHaveRoleLabel(t *testing.T) {
	t.Parallel()
	m := read(t, build(t, root+"/overlays/production"))
	if len(m.monitors) != 1 {
		t.Fatalf("%d monitors, want one", len(m.monitors))
	}
	for _, end := range m.monitors[0].Spec.PodMetricsEndpoints {
		for name, scraped := range map[string]bool{"gateway": true, "projector": true, "notifier": true, "setup": false} {
			labels := map[string]string{"__meta_kubernetes_pod_label_app_kubernetes_io_component": name}
			kept := true
			for _, r := range end.RelabelConfigs {
				if len(r.SourceLabels) != 1 {
					t.Fatalf("the test does not support relabelling with %d source labels", len(r.SourceLabels))
				}
				value := labels[string(r.SourceLabels[0])]
				switch r.Action {
				case "keep":
					kept = kept && regexp.MustCompile("^(?:"+r.Regex+")$").MatchString(value)
				case "", "replace":
					labels[r.TargetLabel] = value
				default:
					t.Fatalf("the test does not support relabelling action %q", r.Action)
				}
			}
			if kept != scraped || scraped && labels["role"] != name {
				t.Errorf("%s: scraped %t with role %q, want %t", name, kept, labels["role"], scraped)
			}
		}
	}
}

var update = flag.Bool("update", false, "write the alerts in the format of the Prometheus operator")

// TestAlertsAreDeployed checks that the monitoring component contains exactly the
// alerts of deploy/monitoring.
func TestAlertsAreDeployed(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../monitoring/prometheus/rules/docket.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, groups, ok := strings.Cut(string(source), "\ngroups:\n")
	if !ok {
		t.Fatal("the rules have no groups")
	}
	var b strings.Builder
	b.WriteString("# Generated from deploy/monitoring/prometheus/rules/docket.yml by: go test -run TestAlertsAreDeployed -update\n" +
		"apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: docket\nspec:\n  groups:\n")
	for line := range strings.Lines(groups) {
		if strings.TrimSpace(line) != "" {
			line = "  " + line
		}
		b.WriteString(line)
	}
	path := root + "/components/monitoring/prometheus-rule.yaml"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(path); err != nil || string(have) != b.String() {
		t.Errorf("%s differs from the rules, %v; run go test -run TestAlertsAreDeployed -update", path, err)
	}
	m := read(t, build(t, root+"/overlays/production"))
	alerts := 0
	for _, rule := range m.rules {
		for _, group := range rule.Spec.Groups {
			for _, one := range group.Rules {
				if one.Alert != "" {
					alerts++
				}
			}
		}
	}
	if want := strings.Count(string(source), "- alert: "); alerts != want || want == 0 {
		t.Errorf("%d alerts are deployed, want %d", alerts, want)
	}
}

// TestShutdownHasEnoughTime checks that the termination grace period covers the
// pause before the program is stopped and the program's own grace period.
func TestShutdownHasEnoughTime(t *testing.T) {
	source, err := os.ReadFile("../../../app/doors.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`const shutdownGrace = (\d+) \* time\.Second`).FindSubmatch(source)
	if found == nil {
		t.Fatal("app/doors.go does not define shutdownGrace in seconds")
	}
	seconds, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	program := time.Duration(seconds) * time.Second
	each(t, func(t *testing.T, m *manifests) {
		for _, role := range roles {
			d := m.deployment(t, role)
			pod := d.Spec.Template.Spec
			var pause time.Duration
			if hook := pod.Containers[0].Lifecycle; hook != nil {
				if hook.PreStop == nil || hook.PreStop.Sleep == nil {
					t.Fatal(where(d, "has a lifecycle hook other than preStop sleep, which the image cannot run"))
				}
				pause = time.Duration(hook.PreStop.Sleep.Seconds) * time.Second
			}
			if role == "gateway" && pause == 0 {
				t.Error(where(d, "stops listening before it is removed from the endpoints; want a preStop sleep"))
			}
			if given := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second; given < pause+program+10*time.Second {
				t.Error(where(d, "is killed after %s; want at least 10s more than the preStop sleep of %s and the program's %s", given, pause, program))
			}
			if r := d.Spec.Strategy.RollingUpdate; r == nil || r.MaxUnavailable.IntValue() != 0 {
				t.Error(where(d, "a rollout stops a pod before its replacement is ready"))
			}
		}
	})
}
