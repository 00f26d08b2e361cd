package deploy

import (
	"regexp"
	"strings"
	"testing"
)

// rights lists the permissions that jobs may have, with reasons. A job that
// needs another permission must add it here.
var rights = map[string]string{
	"id-token: write":     "to sign by the workflow's identity",
	"attestations: write": "to record the provenance",
	"packages: write":     "to push an image",
	"packages: read":      "to find an image",
	"contents: write":     "to publish a release",
	"contents: read":      "to have the tree",
}

// TestWorkflows checks that third-party actions are pinned by commit, and that
// jobs have few permissions and a timeout. actionlint checks the syntax.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	uses := regexp.MustCompile(`(?m)^\s*(?:- )?uses: (.*)$`)
	pinned := regexp.MustCompile(`^[a-z0-9-]+/[a-z0-9-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	job := regexp.MustCompile(`(?m)^  [a-z]+:\n`)
	right := regexp.MustCompile(`(?m)^ +([a-z-]+: (?:read|write))$`)
	versions := map[string]string{}
	for path, text := range filesOf(t, "../.github/workflows") {
		head, jobs, ok := strings.Cut(text, "\njobs:\n")
		if !ok || !strings.Contains(head, "\npermissions:\n  contents: read\n") || strings.Count(head, ": write") > 0 {
			t.Errorf("%s: a workflow may read the repository, its jobs more", path)
		}
		if strings.Contains(head, "pull_request_target") {
			t.Errorf("%s: what strangers propose would run with our rights", path)
		}
		for _, m := range uses.FindAllStringSubmatch(jobs, -1) {
			if strings.HasPrefix(m[1], "./.github/workflows/") {
				continue
			}
			if !pinned.MatchString(m[1]) {
				t.Errorf("%s: %s is not pinned by its commit", path, m[1])
			}
			name, version, _ := strings.Cut(m[1], "@")
			if known, ok := versions[name]; ok && known != version {
				t.Errorf("%s: %s is used as %s and as %s", path, name, known, version)
			}
			versions[name] = version
		}
		if strings.Count(jobs, "actions/checkout@") != strings.Count(jobs, "persist-credentials: false") {
			t.Errorf("%s: a checkout leaves its credentials in the tree", path)
		}
		for _, m := range right.FindAllStringSubmatch(text, -1) {
			if rights[m[1]] == "" {
				t.Errorf("%s: nobody says why %s", path, m[1])
			}
		}
		starts := job.FindAllStringIndex(jobs, -1)
		if len(starts) == 0 {
			t.Errorf("%s has no jobs", path)
		}
		for i, at := range starts {
			end := len(jobs)
			if i+1 < len(starts) {
				end = starts[i+1][0]
			}
			if one := jobs[at[0]:end]; !strings.Contains(one, "\n    timeout-minutes: ") && !strings.Contains(one, "\n    uses: ./") {
				t.Errorf("%s: %s may run for hours", path, strings.TrimSpace(jobs[at[0]:at[1]]))
			}
		}
	}
	if len(versions) == 0 {
		t.Error("no action is used: this test looks in the wrong place")
	}
}
