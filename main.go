// Command docket is a task manager whose log is the truth.
//
// Without arguments it is the whole product in one process: an embedded NATS
// JetStream server that holds the log, SQLite rows, the HTTP gateway and the
// notifier. With settings the same program is one role of many.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal while shutting down ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// commandLine is everything that can be said on the command line.
type commandLine struct {
	Settings

	Serve     serveCommand     `cmd:"" default:"withargs" help:"Everything in one process (the default)."`
	Gateway   gatewayCommand   `cmd:"" help:"Only the HTTP gateway: commands, queries, the live feed."`
	Projector projectorCommand `cmd:"" help:"Only the projector: keeps the rows up with the log."`
	Notifier  notifierCommand  `cmd:"" help:"Only the notifier: mails those whom an event concerns."`
	Setup     setupCommand     `cmd:"" help:"Make on an outside NATS what the roles need, for those that may not do so themselves."`
	Rebuild   rebuildCommand   `cmd:"" help:"Fill the rows anew from the log, beside those being served, compare, and switch; or go back."`
	Replay    replayCommand    `cmd:"" help:"Print events of the log as lines of JSON."`
	Audit     auditCommand     `cmd:"" help:"Prove that the log is whole and the rows follow from it."`
	Backup    backupCommand    `cmd:"" help:"Copy the log and the buckets into one file, while people work."`
	Restore   restoreCommand   `cmd:"" help:"Bring a backup back, on a broker that holds nothing of Docket's yet."`
	Notices   noticesCommand   `cmd:"" help:"Mail that could not be delivered: list it, send it again."`
	Health    healthCommand    `cmd:"" help:"Ask a role that runs whether it is ready: 0 if it is, 1 if not."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

// environment is what a command line command may use.
type environment struct {
	settings Settings
	logger   *slog.Logger
	out      io.Writer
	progress io.Writer // for people who watch; standard error
}

// Exit codes, beside 0.
const (
	exitFailed = 1 // it was tried and went wrong, or the audit found something
	exitUsage  = 2 // it was not tried
)

// exitCode is an error that has been told already and only sets the code.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// roleOf is the role that a command runs by itself, or empty.
func roleOf(command string) string {
	switch command {
	case "gateway", "projector", "notifier":
		return command
	}
	return ""
}

func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	var line commandLine
	parser, err := kong.New(&line, kong.Name("docket"),
		kong.Description("A task manager whose log is the truth. Every setting is a flag or a variable; those with passwords may also be files, named by the variable and _FILE."),
		kong.Writers(out, errOut), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Exit(func(code int) { panic(exitCode(code)) }))
	if err != nil {
		panic(err) // the structs above are wrong
	}
	var code exitCode = -1
	var parsed *kong.Context
	func() {
		// Kong ends the process after --help; a program that tests can start
		// must not.
		defer func() {
			if r := recover(); r != nil {
				c, ok := r.(exitCode)
				if !ok {
					panic(r)
				}
				code = c
			}
		}()
		parsed, err = parser.Parse(args)
	}()
	if code >= 0 {
		return int(code)
	}
	if err != nil {
		fmt.Fprintf(errOut, "docket: %v\nTry docket --help.\n", err)
		return exitUsage
	}
	unread := line.Settings.readSecrets(os.Getenv)
	if err := errors.Join(unread, line.Settings.complete(roleOf(parsed.Command()))); err != nil {
		fmt.Fprintf(errOut, "docket: these settings cannot be used:\n%v\nTry docket --help.\n", err)
		return exitUsage
	}
	env := &environment{settings: line.Settings, logger: line.Settings.logger(errOut), out: out, progress: errOut}
	parsed.BindTo(ctx, (*context.Context)(nil))
	switch err := parsed.Run(env); {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintf(errOut, "docket: interrupted: %v\n", err)
		return exitFailed
	default:
		fmt.Fprintf(errOut, "docket: %v\n", err)
		return exitFailed
	}
}
