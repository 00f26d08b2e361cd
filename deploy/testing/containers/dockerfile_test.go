package containers

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

func stages(t *testing.T) []instructions.Stage {
	t.Helper()
	f, err := os.Open(filepath.Join(root, "deploy/Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	read, err := parser.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range read.Warnings {
		t.Errorf("%s", w.Short)
	}
	all, _, err := instructions.Parse(read.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestImageContainsOnlyTheProgram checks that the last stage starts from scratch,
// runs no commands, sets an unprivileged user and has a health check.
func TestImageContainsOnlyTheProgram(t *testing.T) {
	all := stages(t)
	last := all[len(all)-1]
	if last.BaseName != "scratch" {
		t.Errorf("the base image is %s, want scratch", last.BaseName)
	}
	var user, health, entry bool
	for _, c := range last.Commands {
		switch c := c.(type) {
		case *instructions.UserCommand:
			user = regexp.MustCompile(`^[1-9][0-9]{4,}:[1-9][0-9]*$`).MatchString(c.User)
		case *instructions.HealthCheckCommand:
			health = strings.Join(c.Health.Test, " ") == "CMD /docket health"
		case *instructions.EntrypointCommand:
			entry = !c.PrependShell
		case *instructions.RunCommand:
			t.Errorf("the last stage has RUN %v", c.CmdLine)
		case *instructions.AddCommand:
			t.Errorf("the last stage has ADD %v", c.SourcePaths)
		}
	}
	if !user || !health || !entry {
		t.Errorf("numeric user: %v, health check: %v, entry point without a shell: %v; want all", user, health, entry)
	}
}

// TestImageUsesGoVersionOfModule compares the build image with go.mod.
func TestImageUsesGoVersionOfModule(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(text))
	if want := "golang:" + m[1] + "-bookworm"; stages(t)[0].BaseName != want {
		t.Errorf("the build image is %s, want %s", stages(t)[0].BaseName, want)
	}
}
