package config

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// FileVariable is the variable that names a file which holds the setting, or
// empty if it is no secret. What stands in a variable itself is inherited by
// every child and shown by whatever inspects the process.
func (s Setting) FileVariable() string {
	if !s.Secret {
		return ""
	}
	return s.Variable + "_FILE"
}

// readSecrets fills in the settings for which a variable names a file, without
// the line ends after the value. A flag wins over it; a variable beside it is a
// mistake, for nobody could say which was meant. So is an empty file: the
// setting's default is a log or rows of one's own. All that is wrong is reported
// together; no value is.
func (s *Settings) readSecrets(getenv func(string) string) error {
	var errs []error
	for _, one := range s.Table() {
		variable := one.FileVariable()
		if variable == "" || getenv(variable) == "" {
			continue
		}
		if err := one.readFile(getenv(variable), getenv(one.Variable) != ""); err != nil {
			errs = append(errs, fmt.Errorf("  %s: %w", variable, err))
		}
	}
	return errors.Join(errs...)
}

// readFile takes the setting from a file unless a flag gave it; beside says that
// its variable is set too.
func (s Setting) readFile(path string, beside bool) error {
	if beside {
		return fmt.Errorf("names %s, and %s is set too; unset one of them", path, s.Variable)
	}
	if s.Value.String() != "" {
		return nil // by flag
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	value := strings.TrimRight(string(text), "\r\n")
	if value == "" {
		return fmt.Errorf("%s is empty", path)
	}
	return s.Value.Set(value)
}
