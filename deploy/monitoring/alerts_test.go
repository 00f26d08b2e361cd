package monitoring

import (
	"regexp"
	"strings"
	"testing"

	"github.com/docketlog/docket/internal/testkit"
)

const alertRules = "prometheus/rules/docket.yml"

// TestAlertsAreWhole reads the rules as text: each alert has a severity that
// Alertmanager routes, says what is wrong, has a section in the runbooks, and
// has tests in which it fires and does not fire.
func TestAlertsAreWhole(t *testing.T) {
	t.Parallel()
	rules, cases := testkit.ReadFile(t, alertRules), testkit.ReadFile(t, "prometheus/tests/docket.yml")
	runbooks := testkit.ReadFile(t, "../../docs/operations/runbooks.md")
	named := regexp.MustCompile(`(?m)^      - alert: (\w+)\n`)
	starts := named.FindAllStringSubmatchIndex(rules, -1)
	if len(starts) == 0 {
		t.Fatal("no alerts")
	}
	for i, at := range starts {
		name, end := rules[at[2]:at[3]], len(rules)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		rule := rules[at[0]:end]
		for _, want := range []string{
			`severity: (critical|warning)\n`, `summary: '.+'\n`, `description: '.+'\n`,
			`runbook_url: https://github\.com/docketlog/docket/blob/main/docs/operations/runbooks\.md#` + strings.ToLower(name) + `\n`,
		} {
			if !regexp.MustCompile(want).MatchString(rule) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
		if !strings.Contains(runbooks, "\n### "+name+"\n") {
			t.Errorf("docs/operations/runbooks.md has no section ### %s", name)
		}
		if !regexp.MustCompile(`alertname: ` + name + `\n        exp_alerts:`).MatchString(cases) {
			t.Errorf("no case in which %s fires", name)
		}
		if !regexp.MustCompile(`alertname: ` + name + `\n( {6}-|\n| {2}-)`).MatchString(cases) {
			t.Errorf("no case in which %s is quiet", name)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^### (Docket\w+)$`).FindAllStringSubmatch(runbooks, -1) {
		if !strings.Contains(rules, "- alert: "+m[1]+"\n") {
			t.Errorf("docs/operations/runbooks.md has a section on %s, and there is no such alert", m[1])
		}
	}
}

// TestMonitoringQueriesExistingMetrics compares the metrics used by rules and
// dashboards with the documented ones.
func TestMonitoringQueriesExistingMetrics(t *testing.T) {
	t.Parallel()
	documented := testkit.ReadFile(t, "../../docs/operations/metrics.md")
	for _, path := range []string{alertRules, dashboardFolder + "/service.json", dashboardFolder + "/stored-data.json"} {
		names := regexp.MustCompile(`\bdocket_[a-z_]+`).FindAllString(testkit.ReadFile(t, path), -1)
		if len(names) == 0 {
			t.Errorf("%s asks for nothing", path)
		}
		for _, name := range names {
			base := name
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				base = strings.TrimSuffix(base, part)
			}
			if !strings.Contains(documented, "| `"+name+"` |") && !strings.Contains(documented, "| `"+base+"` |") {
				t.Errorf("%s asks for %s, which docs/operations/metrics.md does not list", path, name)
			}
		}
	}
}
