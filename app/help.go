package app

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// help prints the help of a command, for a terminal of 80 columns.
func help(c *cobra.Command, _ []string) {
	out := c.OutOrStdout()
	below := " [COMMAND]"
	if !c.HasSubCommands() {
		below = ""
	}
	fmt.Fprintf(out, "Usage: %s%s [FLAGS]\n\n%s\n", c.UseLine(), below, wrapped(c.Short, 80))
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
	if flag := c.Flags().Lookup("help"); flag != nil {
		flag.Usage = "Show this help."
	}
	if own := c.LocalNonPersistentFlags(); own.HasAvailableFlags() {
		fmt.Fprintf(out, "\nFlags:\n%s", own.FlagUsagesWrapped(80))
	}
	fmt.Fprintf(out, "\nSettings:\n%s", c.Root().PersistentFlags().FlagUsagesWrapped(80))
}

// leaves yields the executable commands below c, by the words that select them.
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

// wrapped breaks text between words into lines of at most width characters.
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
