package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/docketlog/docket/config"
)

// runner is what a command of the command line does once its flags are read.
type runner interface {
	Run(ctx context.Context, env *environment) error
}

// commandLine is everything that can be said on the command line, and what of it
// was said.
type commandLine struct {
	settings config.Settings
	chosen   runner // nil if only help was asked for
}

// process is what the settings are for.
func (l *commandLine) process() config.Process {
	if role, ok := l.chosen.(*roleCommand); ok {
		return role.role.process
	}
	return config.Process{}
}

// parse reads the arguments, and the variables of settings that no flag names.
// Help goes to out. An error is the caller's mistake.
func (l *commandLine) parse(args []string, out io.Writer) error {
	root := l.commands()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(out)
	return root.Execute()
}

// commands is the table of what the program can be told to do.
func (l *commandLine) commands() *cobra.Command {
	serve := roleCommand{role: roleNamed("serve")}
	root := l.command("docket", "A task manager whose log is the truth. Every setting is a flag or a variable; those with passwords may also be files, named by the variable and _FILE.", &serve)
	for _, r := range roles {
		c := l.command(r.name, r.about, &roleCommand{role: r})
		if r.name == serve.role.name {
			c = l.command(r.name, r.about, &serve)
			addFlags(c, option{config.Switch{Value: &serve.demo}, "demo", demoAbout})
		}
		root.AddCommand(c)
	}
	addFlags(root, option{config.Switch{Value: &serve.demo}, "demo", demoAbout})
	root.AddCommand(
		l.setup(), l.rebuild(), l.replay(),
		group("audit", "Prove that the log is whole and the rows follow from it.", nil, l.verify()),
		l.backup(), l.restore(), l.notices(), l.health(), l.version(),
	)
	l.settings.AddFlags(root.PersistentFlags())
	root.SetHelpFunc(help)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	return root
}

// option is a flag of one command.
type option struct {
	value         pflag.Value
	name, meaning string
}

// addFlags adds flags to a command and gives it back.
func addFlags(c *cobra.Command, flags ...option) *cobra.Command {
	for _, f := range flags {
		config.AddFlag(c.Flags(), f.value, f.name, "", f.meaning)
	}
	return c
}

// command is one that runs r. What stands in brackets or capitals after its name
// are arguments, kept where the pointers say; those in brackets may be left out.
func (l *commandLine) command(use, meaning string, r runner, arguments ...*string) *cobra.Command {
	needed := len(arguments) - strings.Count(use, "[")
	return &cobra.Command{
		Use: use, Short: meaning, DisableFlagsInUseLine: true,
		Args: func(c *cobra.Command, given []string) error {
			if len(arguments) == 0 {
				return cobra.NoArgs(c, given)
			}
			if len(given) < needed || len(given) > len(arguments) {
				return fmt.Errorf("want %s", c.UseLine())
			}
			return nil
		},
		RunE: func(c *cobra.Command, given []string) error {
			for i, value := range given {
				*arguments[i] = value
			}
			l.chosen = r
			return l.settings.ReadVariables(c.Flags(), os.LookupEnv)
		},
	}
}

// group is a command that takes another word after it; without one it is usual,
// unless that is nil. A word that is none of them is an error: who mistypes an
// audit must not take it for passed.
func group(name, meaning string, usual *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: name, Short: meaning, DisableFlagsInUseLine: true, Args: cobra.NoArgs}
	var names []string
	for _, one := range commands {
		names = append(names, one.Name())
	}
	c.RunE = func(*cobra.Command, []string) error {
		return fmt.Errorf("%s: say which: %s", name, strings.Join(names, ", "))
	}
	if usual != nil {
		c.RunE = usual.RunE
	}
	c.AddCommand(commands...)
	return c
}
