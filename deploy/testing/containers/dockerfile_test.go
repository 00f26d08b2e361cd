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

// TestTheImageHoldsTheProgramOnly: the last stage begins with nothing, runs
// nothing, belongs to nobody in particular and can be asked for its health.
func TestTheImageHoldsTheProgramOnly(t *testing.T) {
	all := stages(t)
	last := all[len(all)-1]
	if last.BaseName != "scratch" {
		t.Errorf("it is made from %s", last.BaseName)
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
			t.Errorf("it runs %v", c.CmdLine)
		case *instructions.AddCommand:
			t.Errorf("it adds %v", c.SourcePaths)
		}
	}
	if !user || !health || !entry {
		t.Errorf("user by number %v, health check %v, entry point without a shell %v", user, health, entry)
	}
}

// TestTheImageIsBuiltWithTheModulesGo: one Go for the tree and for the image.
func TestTheImageIsBuiltWithTheModulesGo(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(text))
	if want := "golang:" + m[1] + "-bookworm"; stages(t)[0].BaseName != want {
		t.Errorf("built from %s, want %s", stages(t)[0].BaseName, want)
	}
}
