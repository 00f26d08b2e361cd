package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// runner is what a command of the command line does once its flags are read.
type runner interface {
	Run(ctx context.Context, env *environment) error
}

// commandLine is everything that can be said on the command line, and what of it
// was said.
type commandLine struct {
	settings Settings
	chosen   runner // nil if only help was asked for
	name     string // of the chosen one
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
	var (
		serve   serveCommand
		setup   setupCommand
		rebuild rebuildCommand
		replay  replayCommand
		backup  backupCommand
		restore restoreCommand
		resume  resumeNoticeCommand
		why     whyNoticeCommand
		health  healthCommand
	)
	root := l.command("docket", "A task manager whose log is the truth. Every setting is a flag or a variable; those with passwords may also be files, named by the variable and _FILE.", &serve)
	root.AddCommand(
		l.command("serve", "Everything in one process (the default).", &serve),
		l.command("gateway", "Only the HTTP gateway: commands, queries, the live feed.", &gatewayCommand{}),
		l.command("projector", "Only the projector: keeps the rows up with the log.", &projectorCommand{}),
		l.command("notifier", "Only the notifier: mails those whom an event concerns.", &notifierCommand{}),
		l.command("setup", "Make on an outside NATS what the roles need, for those that may not do so themselves.", &setup),
		l.command("rebuild", "Fill the rows anew from the log, beside those being served, compare, and switch; or go back.", &rebuild),
		l.command("replay", "Print events of the log as lines of JSON.", &replay),
		group("audit", "Prove that the log is whole and the rows follow from it.",
			l.command("verify", "Check every chain of the log, fold it from nothing and compare with the rows. Exits with 1 if anything is wrong.", &verifyCommand{})),
		l.command("backup FILE", "Copy the log and the buckets into one file, which must not be there yet, while people work; - for standard output.", &backup, &backup.File),
		l.command("restore FILE", "Bring a backup back, on a broker that holds nothing of Docket's yet.", &restore, &restore.File),
		group("notices", "Mail that could not be delivered.",
			l.command("list", "List the notices that were given up, and why.", &listNoticesCommand{}),
			l.command("resume [ID]", "Try to deliver parked notices again: one by its id, as listed, or all.", &resume, &resume.ID),
			l.command("why EVENT ACCOUNT", "Say what became of one event's notice, by its id as docket replay prints it, to one person, by the account's id.", &why, &why.Event, &why.Account)),
		l.command("health [URL]", "Ask a role that runs whether it is ready: 0 if it is, 1 if not. Default: where --http says this one serves, or http://127.0.0.1:8080; with --tls-cert, by https.", &health, &health.Address),
		l.command("version", "Print the version.", &versionCommand{}),
	)
	for _, f := range []struct {
		of      string
		value   pflag.Value
		name    string
		meaning string
	}{
		{"", yes{&serve.Demo}, "demo", "Add a small project with three people to look at."},
		{"serve", yes{&serve.Demo}, "demo", "Add a small project with three people to look at."},
		{"setup", words{&setup.Subscriber, "NAME"}, "subscriber", "Also make a durable consumer of the log for a service that reads every event; may be repeated."},
		{"setup", yes{&setup.Fewer}, "fewer", "Take copies away where the log has more than --replicas says; otherwise that is refused."},
		{"rebuild", yes{&rebuild.Fresh}, "fresh", "Begin anew where a rebuild was interrupted; without it, go on."},
		{"rebuild", yes{&rebuild.AcceptDifferences}, "accept-differences", "Switch even if the new rows are not as those served."},
		{"rebuild", yes{&rebuild.Back}, "back", "Serve the rows again that were served before the last switch, with what has happened since."},
		{"rebuild", yes{&rebuild.Cancel}, "cancel", "Drop what an interrupted rebuild left; end one that runs."},
		{"rebuild", yes{&rebuild.Discard}, "discard", "Drop the rows that are kept for --back."},
		{"replay", word{&replay.Task, "ID"}, "task", "Only this task's events."},
		{"replay", word{&replay.Project, "ID"}, "project", "Only events of this project and its tasks."},
		{"replay", word{&replay.From, "POSITION"}, "from", "From this position on, inclusive: a Docket-Position or its number."},
		{"replay", word{&replay.To, "POSITION|TIME"}, "to", "Up to this position or time, inclusive; a time is 2026-11-23, or 2026-11-23T15:04:05Z."},
		{"replay", words{&replay.Types, "TYPE"}, "types", "Only events of these types, such as task_created,task_moved."},
		{"notices resume", yes{&resume.All}, "all", "All that are parked."},
	} {
		addFlag(find(root, f.of).Flags(), f.value, f.name, "", f.meaning)
	}
	find(root, "rebuild").MarkFlagsMutuallyExclusive("fresh", "back", "cancel", "discard")
	find(root, "rebuild").MarkFlagsMutuallyExclusive("accept-differences", "back", "cancel", "discard")
	// Without a word after it, the list.
	notices := find(root, "notices")
	notices.RunE = find(root, "notices list").RunE

	for _, s := range l.settings.table() {
		addFlag(root.PersistentFlags(), s.value, s.name, s.initial, fmt.Sprintf("%s ($%s)", strings.TrimSuffix(s.meaning, "."), s.variable))
	}
	root.SetHelpFunc(help)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	return root
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
			l.chosen, l.name = r, c.Name()
			return l.settings.readVariables(c.Flags(), os.LookupEnv)
		},
	}
}

// group is a command that needs another word after it. A word that is none of
// them is an error: who mistypes an audit must not take it for passed.
func group(name, meaning string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: name, Short: meaning, DisableFlagsInUseLine: true, Args: cobra.NoArgs}
	var names []string
	for _, one := range commands {
		names = append(names, one.Name())
	}
	c.RunE = func(*cobra.Command, []string) error {
		return fmt.Errorf("%s: say which: %s", name, strings.Join(names, ", "))
	}
	c.AddCommand(commands...)
	return c
}

// find is the command by the words that choose it; it is there.
func find(root *cobra.Command, words string) *cobra.Command {
	c, _, err := root.Find(strings.Fields(words))
	if err != nil {
		panic(err) // the table above is wrong
	}
	return c
}

func addFlag(flags *pflag.FlagSet, value pflag.Value, name, initial, meaning string) {
	if initial != "" {
		if err := value.Set(initial); err != nil {
			panic(err) // a table is wrong
		}
	}
	flags.SortFlags = false
	f := flags.VarPF(value, name, "", meaning)
	if _, ok := value.(yes); ok {
		f.NoOptDefVal = "true"
	}
}

// readVariables fills in the settings that no flag gave and a variable gives,
// even if it is empty.
func (s *Settings) readVariables(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var errs []error
	for _, one := range s.table() {
		text, ok := lookup(one.variable)
		if !ok || flags.Changed(one.name) {
			continue
		}
		if err := one.value.Set(text); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", one.variable, err))
		}
	}
	return errors.Join(errs...)
}

// The values of flags, each named in the help by what it holds.
type (
	word struct {
		value *string
		holds string
	}
	words struct { // several, with commas between them or one flag for each
		values *[]string
		holds  string
	}
	yes struct{ value *bool }
)

func (w word) String() string     { return *w.value }
func (w word) Set(s string) error { *w.value = s; return nil }
func (w word) Type() string       { return w.holds }

func (w words) String() string { return strings.Join(*w.values, ",") }
func (w words) Set(s string) error {
	*w.values = append(*w.values, strings.Split(s, ",")...)
	return nil
}
func (w words) Type() string { return w.holds }

func (y yes) String() string { return strconv.FormatBool(*y.value) }
func (y yes) Set(s string) error {
	value, err := strconv.ParseBool(s)
	if err != nil {
		return fmt.Errorf("want true or false, have %q", s)
	}
	*y.value = value
	return nil
}
func (y yes) Type() string { return "bool" }

// help is said of a command on request, for a terminal of 80 columns.
func help(c *cobra.Command, _ []string) {
	out := c.OutOrStdout()
	below := " [COMMAND]"
	if !c.HasSubCommands() {
		below = ""
	}
	fmt.Fprintf(out, "Usage: %s%s [FLAG…]\n\n%s\n", c.UseLine(), below, wrapped(c.Short, 80))
	if c.HasSubCommands() {
		fmt.Fprint(out, "\nCommands:\n")
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for name, one := range leaves(c) {
			for i, line := range strings.Split(wrapped(one.Short, 60), "\n") {
				if i > 0 {
					name = ""
				}
				fmt.Fprintf(table, "  %s\t%s\n", name, line)
			}
		}
		_ = table.Flush()
	}
	if own := c.LocalNonPersistentFlags(); own.HasAvailableFlags() {
		fmt.Fprintf(out, "\nFlags:\n%s", own.FlagUsagesWrapped(80))
	}
	fmt.Fprintf(out, "\nSettings:\n%s", c.Root().PersistentFlags().FlagUsagesWrapped(80))
}

// leaves are the commands below one that do something, by the words that choose
// them.
func leaves(c *cobra.Command) func(func(string, *cobra.Command) bool) {
	return func(yield func(string, *cobra.Command) bool) {
		for _, one := range c.Commands() {
			if !one.IsAvailableCommand() {
				continue
			}
			if !one.HasSubCommands() {
				if !yield(one.Use, one) {
					return
				}
				continue
			}
			for name, below := range leaves(one) {
				if !yield(one.Name()+" "+name, below) {
					return
				}
			}
		}
	}
}

// wrapped breaks text between words into lines of at most so many characters.
func wrapped(text string, width int) string {
	var b strings.Builder
	room := width
	for i, w := range strings.Fields(text) {
		switch n := len([]rune(w)); {
		case i == 0:
			room -= n
		case n+1 > room:
			b.WriteByte('\n')
			room = width - n
		default:
			b.WriteByte(' ')
			room -= n + 1
		}
		b.WriteString(w)
	}
	return b.String()
}
