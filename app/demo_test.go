package app

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docketlog/docket/e2e/dockettest"
)

// TestDemoIsAddedOnce starts with --demo twice and checks that the project
// is unchanged and that the welcome text is correct.
func TestDemoIsAddedOnce(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	var before string
	for range 2 {
		d := dockettest.Start(t, "--data", data, "--http", "127.0.0.1:0", "--demo")
		for _, guest := range demoPeople {
			p := &dockettest.Person{T: t, At: d}
			p.Token = p.Ask(http.StatusCreated, "POST", "/api/v1/sessions", map[string]any{"email": guest.Email, "password": demoPassword})["token"].(string)
			projects := dockettest.Items(t, p.Ask(200, "GET", "/api/v1/projects", nil))
			if len(projects) != 1 || projects[0]["name"] != "Opening the shop" {
				t.Fatalf("%s sees %v", guest.Email, projects)
			}
			if tasks := dockettest.Items(t, p.Ask(200, "GET", "/api/v1/projects/"+projects[0]["id"].(string)+"/tasks", nil)); len(tasks) != 8 {
				t.Errorf("%s sees %d tasks, want 8", guest.Email, len(tasks))
			}
			if mine := dockettest.Items(t, p.Ask(200, "GET", "/api/v1/me/tasks", nil)); len(mine) == 0 {
				t.Errorf("%s has nothing to do", guest.Email)
			}
		}
		// Logins are recorded too, and happen again each time.
		out, code := dockettest.Once(t, "replay", "--data", data, "--types", "account_registered,project_created,member_added,task_created,task_edited,task_moved,task_assigned,comment_added")
		if code != 0 || strings.Count(out, "comment_added") != 2 || before != "" && out != before {
			t.Errorf("exit code %d; the log holds, the second time other than the first:\n%s", code, out)
		}
		before = out
		d.Stop()
	}
}
