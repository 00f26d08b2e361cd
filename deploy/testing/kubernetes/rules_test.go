package kubernetes

import (
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// TestPodsAreRestricted checks the rules of the Pod Security Standard "restricted"
// and the stricter ones that the image allows.
func TestPodsAreRestricted(t *testing.T) {
	each(t, func(t *testing.T, m *manifests) {
		for _, account := range m.accounts {
			if account.AutomountServiceAccountToken == nil || *account.AutomountServiceAccountToken {
				t.Errorf("service account %s: the token is mounted", account.Name)
			}
		}
		for _, p := range m.pods(t) {
			role, pod := p.name, p.Spec
			rule := func(kept bool, broken string) {
				if !kept {
					t.Error(p.says("%s", broken))
				}
			}
			rule(pod.ServiceAccountName == role, "does not use its own service account")
			rule(pod.AutomountServiceAccountToken != nil && !*pod.AutomountServiceAccountToken, "mounts the service account's token")
			rule(pod.EnableServiceLinks != nil && !*pod.EnableServiceLinks, "has the environment variables of all services")
			rule(!pod.HostNetwork && !pod.HostPID && !pod.HostIPC, "shares the node's namespaces")
			sc := pod.SecurityContext
			rule(sc != nil && sc.RunAsNonRoot != nil && *sc.RunAsNonRoot, "may run as root")
			rule(sc != nil && sc.RunAsUser != nil && *sc.RunAsUser == 65532, "does not run as the image's user")
			rule(sc != nil && sc.FSGroup != nil && *sc.FSGroup == 65532, "cannot read its secrets")
			rule(sc != nil && sc.SeccompProfile != nil && sc.SeccompProfile.Type == core.SeccompProfileTypeRuntimeDefault, "has no seccomp profile")
			rule(len(pod.Containers) == 1 && len(pod.InitContainers) == 0, "does not have exactly one container")
			c := pod.Containers[0]
			sec := c.SecurityContext
			rule(sec != nil && sec.ReadOnlyRootFilesystem != nil && *sec.ReadOnlyRootFilesystem, "the root file system is writable")
			rule(sec != nil && sec.AllowPrivilegeEscalation != nil && !*sec.AllowPrivilegeEscalation, "may gain privileges")
			rule(sec != nil && sec.Capabilities != nil && len(sec.Capabilities.Add) == 0 &&
				len(sec.Capabilities.Drop) == 1 && sec.Capabilities.Drop[0] == "ALL", "does not drop all capabilities")
			rule(sec == nil || sec.Privileged == nil || !*sec.Privileged, "is privileged")
			rule(len(c.Command) == 0 && len(c.Args) == 1 && c.Args[0] == role, "does not run its role")
			for _, v := range pod.Volumes {
				rule(v.Secret != nil, "has a volume that is not a Secret: "+v.Name)
			}
			for _, mount := range c.VolumeMounts {
				rule(mount.ReadOnly, "can write to "+mount.MountPath)
			}
			for _, variable := range c.Env {
				rule(!strings.Contains(variable.Value, "://"), "has a URL, which may contain a password, in "+variable.Name)
			}
		}
	})
}

// TestPodsHaveResourceLimits also checks that GOMEMLIMIT is below the memory limit,
// so that Go collects garbage before the kernel kills the program.
func TestPodsHaveResourceLimits(t *testing.T) {
	each(t, func(t *testing.T, m *manifests) {
		for _, p := range m.pods(t) {
			c := p.Spec.Containers[0]
			for _, name := range []core.ResourceName{core.ResourceCPU, core.ResourceMemory, core.ResourceEphemeralStorage} {
				if c.Resources.Requests[name] == (resource.Quantity{}) {
					t.Error(p.says("has no request for %s", name))
				}
			}
			limit := c.Resources.Limits[core.ResourceMemory]
			var soft string
			for _, variable := range c.Env {
				if variable.Name == "GOMEMLIMIT" {
					soft = variable.Value
				}
			}
			// Go writes MiB where Kubernetes writes Mi.
			known, err := resource.ParseQuantity(strings.TrimSuffix(soft, "B"))
			if err != nil || known.Value() >= limit.Value() || known.Value() < limit.Value()*8/10 {
				t.Error(p.says("GOMEMLIMIT is %q with a memory limit of %s, %v; want 80 to 100 %% of it", soft, limit.String(), err))
			}
		}
	})
}

// TestNetworkIsDeniedByDefault checks that traffic needs a policy that allows it.
func TestNetworkIsDeniedByDefault(t *testing.T) {
	each(t, func(t *testing.T, m *manifests) {
		denied := false
		for _, p := range m.policies {
			if len(p.Spec.PodSelector.MatchLabels) == 0 && len(p.Spec.PodSelector.MatchExpressions) == 0 &&
				len(p.Spec.PolicyTypes) == 2 && len(p.Spec.Ingress) == 0 && len(p.Spec.Egress) == 0 {
				denied = true
			}
			for _, rule := range p.Spec.Ingress {
				if len(rule.From) == 0 || len(rule.Ports) == 0 {
					t.Errorf("policy %s allows ingress from all sources or on all ports", p.Name)
				}
			}
			for _, rule := range p.Spec.Egress {
				if len(rule.Ports) == 0 {
					t.Errorf("policy %s allows egress on all ports", p.Name)
				}
			}
		}
		if !denied {
			t.Error("no policy denies all traffic in the namespace")
		}
		if len(m.namespaces) != 1 || m.namespaces[0].Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
			t.Error("the namespace does not enforce the restricted standard")
		}
	})
}

// TestProductionSurvivesNodeFailure checks that every role has several pods, spread
// over nodes and zones, of which only one may be drained at a time.
func TestProductionSurvivesNodeFailure(t *testing.T) {
	t.Parallel()
	m := read(t, build(t, root+"/overlays/production"))
	for _, role := range roles {
		d := m.deployment(t, role)
		labels := d.Spec.Template.Labels
		scaled := false
		for _, a := range m.autoscalers {
			if a.Spec.ScaleTargetRef.Kind == "Deployment" && a.Spec.ScaleTargetRef.Name == role {
				scaled = true
				if a.Spec.MinReplicas == nil || *a.Spec.MinReplicas < 2 {
					t.Error(where(d, "can be scaled to one pod"))
				}
				if d.Spec.Replicas != nil {
					t.Error(where(d, "sets replicas, which overrides the autoscaler"))
				}
			}
		}
		if !scaled && (d.Spec.Replicas == nil || *d.Spec.Replicas < 2) {
			t.Error(where(d, "has only one pod"))
		}
		budgets := 0
		for _, b := range m.budgets {
			if matches(b.Spec.Selector.MatchLabels, labels) {
				budgets++
				if b.Spec.MaxUnavailable == nil || b.Spec.MaxUnavailable.IntValue() != 1 {
					t.Error(where(d, "the disruption budget's maxUnavailable is not 1"))
				}
			}
		}
		if budgets != 1 {
			t.Error(where(d, "has %d disruption budgets, want one", budgets))
		}
		pod := d.Spec.Template.Spec
		if pod.Affinity == nil || pod.Affinity.PodAntiAffinity == nil || len(pod.Affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution) == 0 {
			t.Error(where(d, "has no anti-affinity"))
		} else if term := pod.Affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution[0].PodAffinityTerm; !matches(term.LabelSelector.MatchLabels, labels) {
			t.Error(where(d, "the anti-affinity does not match its own pods"))
		}
		if len(pod.TopologySpreadConstraints) == 0 {
			t.Error(where(d, "has no topology spread constraint"))
		}
		for _, spread := range pod.TopologySpreadConstraints {
			if !matches(spread.LabelSelector.MatchLabels, labels) {
				t.Error(where(d, "a topology spread constraint does not match its own pods"))
			}
		}
	}
	if len(m.autoscalers) == 0 || len(m.monitors) == 0 {
		t.Errorf("%d autoscalers and %d monitors, want at least one of each", len(m.autoscalers), len(m.monitors))
	}
	if n := m.setting(t, "DOCKET_REPLICAS"); n != "3" {
		t.Errorf("the log has %s replicas, want 3", n)
	}
}
