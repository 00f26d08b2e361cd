package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/docketlog/docket/config"
)

// Main runs the command line of this process until it is done or the process is
// asked to stop, and then exits.
func Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal during shutdown ends the process at once.
	context.AfterFunc(ctx, stop)
	// Starting by double click on Windows is as good as from a terminal.
	cobra.MousetrapHelpText = ""
	os.Exit(Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// environment is what a command of the command line can use.
type environment struct {
	settings config.Settings
	logger   *slog.Logger
	out      io.Writer
	progress io.Writer // progress for people; standard error
}

// Exit codes, in addition to 0.
const (
	ExitFailed = 1 // it failed, or the audit found something
	ExitUsage  = 2 // it was not attempted
)

// exitCode is an error that was already reported and only sets the exit code.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// Run runs a command line until it is done or ctx ends, and returns the exit
// code. Settings without a flag are read from the process's environment
// variables.
func Run(ctx context.Context, args []string, out, errOut io.Writer) int {
	var line commandLine
	if err := line.parse(args, out); err != nil {
		fmt.Fprintf(errOut, "docket: %v\nRun docket --help for usage.\n", err)
		return ExitUsage
	}
	if line.chosen == nil {
		return 0
	}
	if err := line.settings.Complete(line.process(), os.Getenv); err != nil {
		fmt.Fprintf(errOut, "docket: invalid settings:\n%v\nRun docket --help for usage.\n", err)
		return ExitUsage
	}
	env := &environment{settings: line.settings, logger: line.settings.Logger(errOut), out: out, progress: errOut}
	var code exitCode
	switch err := line.chosen.Run(ctx, env); {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintf(errOut, "docket: interrupted: %v\n", err)
		return ExitFailed
	default:
		fmt.Fprintf(errOut, "docket: %v\n", err)
		return ExitFailed
	}
}
