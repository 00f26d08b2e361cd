package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// These are the types of flag values; the help shows what each holds.
type (
	// Text is the value of a flag that takes one word.
	Text struct {
		Value *string
		Holds string
	}
	// List is the value of a flag that takes several words, separated by commas
	// or given as one flag each.
	List struct {
		Values *[]string
		Holds  string
	}
	// Switch is the value of a Boolean flag, given without a value or with true
	// or false.
	Switch struct{ Value *bool }
)

// String returns the value as given.
func (v Text) String() string { return *v.Value }

// Set accepts any text.
func (v Text) Set(s string) error { *v.Value = s; return nil }

// Type returns what the flag holds.
func (v Text) Type() string { return v.Holds }

// String returns the words, separated by commas.
func (v List) String() string { return strings.Join(*v.Values, ",") }

// Set adds words.
func (v List) Set(s string) error {
	*v.Values = append(*v.Values, strings.Split(s, ",")...)
	return nil
}

// Type returns what the flag holds.
func (v List) Type() string { return v.Holds }

// String returns true or false.
func (v Switch) String() string { return strconv.FormatBool(*v.Value) }

// Set accepts true or false.
func (v Switch) Set(s string) error {
	value, err := strconv.ParseBool(s)
	if err != nil {
		return fmt.Errorf("must be true or false; got %q", s)
	}
	*v.Value = value
	return nil
}

// Type returns bool.
func (v Switch) Type() string { return "bool" }

// AddFlag adds a flag; the help lists flags in the order they were added. It
// panics if the initial value cannot be set, which is a mistake in a table.
func AddFlag(flags *pflag.FlagSet, value pflag.Value, name, initial, meaning string) {
	if initial != "" {
		if err := value.Set(initial); err != nil {
			panic(err)
		}
	}
	flags.SortFlags = false
	f := flags.VarPF(value, name, "", meaning)
	if _, ok := value.(Switch); ok {
		f.NoOptDefVal = "true"
	}
}

// AddFlags adds a flag for every setting.
func (s *Settings) AddFlags(flags *pflag.FlagSet) {
	for _, one := range s.Table() {
		AddFlag(flags, one.Value, one.Name, one.Initial, fmt.Sprintf("%s ($%s)", strings.TrimSuffix(one.Meaning, "."), one.Variable))
	}
}

// ReadVariables sets the settings that have a variable but no flag, even if the
// variable is empty.
func (s *Settings) ReadVariables(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var errs []error
	for _, one := range s.Table() {
		text, ok := lookup(one.Variable)
		if !ok || flags.Changed(one.Name) {
			continue
		}
		if err := one.Value.Set(text); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", one.Variable, err))
		}
	}
	return errors.Join(errs...)
}
