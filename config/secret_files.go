package config

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// FileVariable returns the variable that names a file with the value, or an
// empty string if the setting is not secret. The value of a variable itself is
// inherited by every child process and visible to process inspection tools.
func (s Setting) FileVariable() string {
	if !s.Secret {
		return ""
	}
	return s.Variable + "_FILE"
}

// readSecrets sets the settings for which a variable names a file, without line
// ends after the value. A flag takes precedence. If the setting's own variable
// is set too, that is an error, because it is unclear which was meant. So is an
// empty file: the default of the setting is a log or rows of the process's own.
// All mistakes are reported together; no value is.
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

// readFile reads the setting from a file unless a flag set it; beside reports
// that its variable is set too.
func (s Setting) readFile(path string, beside bool) error {
	if beside {
		return fmt.Errorf("is %s, but %s is also set; unset one of them", path, s.Variable)
	}
	if s.Value.String() != "" {
		return nil // set by a flag
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	value := strings.TrimRight(string(text), "\r\n")
	if value == "" {
		return fmt.Errorf("file %s is empty", path)
	}
	return s.Value.Set(value)
}
