package app

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker if the source tree has no history, as in an
// image.
var version string

// versionCommand prints what was built.
type versionCommand struct{}

func (l *commandLine) version() *cobra.Command {
	return l.command("version", "Print the version.", &versionCommand{})
}

func (*versionCommand) Run(_ context.Context, env *environment) error {
	shown, revision := built()
	if revision != "" {
		revision = " " + revision
	}
	fmt.Fprintf(env.out, "docket %s%s\n", shown, revision)
	return nil
}

// built returns the version and revision that this program was built from;
// revision may be empty.
func built() (shown, revision string) {
	shown = version
	if info, ok := debug.ReadBuildInfo(); ok {
		shown = cmp.Or(shown, info.Main.Version)
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	return cmp.Or(shown, "(unknown)"), revision
}
