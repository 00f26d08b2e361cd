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

// runner is what a command does once its flags are read.
type runner interface {
	Run(ctx context.Context, env *environment) error
}

// commandLine holds everything that can be given on the command line, and what
// was given.
type commandLine struct {
	settings config.Settings
	chosen   runner // nil if only help was asked for
}

// process describes the process that the settings are for.
func (l *commandLine) process() config.Process {
	if role, ok := l.chosen.(*roleCommand); ok {
		return role.role.process
	}
	return config.Process{}
}

// parse reads the arguments, and the variables of settings without a flag. Help
// goes to out. An error is a mistake of the user.
func (l *commandLine) parse(args []string, out io.Writer) error {
	root := l.commands()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(out)
	return root.Execute()
}

// commands returns the table of commands.
func (l *commandLine) commands() *cobra.Command {
	serve := roleCommand{role: roleNamed("serve")}
	root := l.command("docket", "A task manager whose log is the source of truth. Set each setting with its flag or environment variable. For a setting that can contain a password, VARIABLE_FILE can name a file that holds the value.", &serve)
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
		group("audit", "Verify that the log is intact and the rows match it.", nil, l.verify()),
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

// addFlags adds flags to a command and returns it.
func addFlags(c *cobra.Command, flags ...option) *cobra.Command {
	for _, f := range flags {
		config.AddFlag(c.Flags(), f.value, f.name, "", f.meaning)
	}
	return c
}

// command returns a command that runs r. Words in brackets or capitals after
// its name are arguments, stored through the pointers; those in brackets are
// optional.
func (l *commandLine) command(use, meaning string, r runner, arguments ...*string) *cobra.Command {
	needed := len(arguments) - strings.Count(use, "[")
	return &cobra.Command{
		Use: use, Short: meaning, DisableFlagsInUseLine: true,
		Args: func(c *cobra.Command, given []string) error {
			if len(arguments) == 0 {
				return cobra.NoArgs(c, given)
			}
			if len(given) < needed || len(given) > len(arguments) {
				return fmt.Errorf("usage: %s", c.UseLine())
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

// group returns a command with subcommands; without a subcommand it runs usual,
// unless that is nil. An unknown subcommand is an error: a mistyped audit must
// not look like one that passed.
func group(name, meaning string, usual *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: name, Short: meaning, DisableFlagsInUseLine: true, Args: cobra.NoArgs}
	var names []string
	for _, one := range commands {
		names = append(names, one.Name())
	}
	c.RunE = func(*cobra.Command, []string) error {
		return fmt.Errorf("%s: a subcommand is required: %s", name, strings.Join(names, ", "))
	}
	if usual != nil {
		c.RunE = usual.RunE
	}
	c.AddCommand(commands...)
	return c
}
