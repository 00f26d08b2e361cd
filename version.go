package main

import (
	"fmt"
	"runtime/debug"
)

// versionCommand prints what was built.
type versionCommand struct{}

func (versionCommand) Run(env *environment) error {
	version, revision := built()
	if revision != "" {
		revision = " " + revision
	}
	fmt.Fprintf(env.out, "docket %s%s\n", version, revision)
	return nil
}

// built is what this program was built from; revision may be empty.
func built() (version, revision string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)", ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	return info.Main.Version, revision
}
