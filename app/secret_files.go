package app

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// fileSuffix makes a setting's variable that of a file which holds its value.
const fileSuffix = "_FILE"

// secret is a setting that may hold a password, and by which variable it is
// known.
type secret struct {
	variable string
	value    *string
}

// secrets is the settings that may be given by file: what stands in a variable
// is inherited by every child and shown by whatever inspects the process.
func (s *Settings) secrets() []secret {
	return []secret{
		{"DOCKET_NATS", &s.NATS},
		{"DOCKET_DATABASE", &s.Database},
		{"DOCKET_READ_REPLICAS", &s.Readers},
		{"DOCKET_SMTP", &s.SMTP},
	}
}

// readSecrets fills in the settings for which a variable of the same name and
// _FILE names a file, without the line ends after the value. A flag wins over
// it; a variable beside it is a mistake, for nobody could say which was meant.
// So is an empty file: the setting's default is a log or rows of one's own. All
// that is wrong is reported together; no value is.
func (s *Settings) readSecrets(getenv func(string) string) error {
	var errs []error
	for _, one := range s.secrets() {
		variable := one.variable + fileSuffix
		path := getenv(variable)
		if path == "" {
			continue
		}
		if getenv(one.variable) != "" {
			errs = append(errs, fmt.Errorf("  %s: names %s, and %s is set too; unset one of them", variable, path, one.variable))
			continue
		}
		if *one.value != "" {
			continue // by flag
		}
		text, err := os.ReadFile(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("  %s: %w", variable, err))
			continue
		}
		value := strings.TrimRight(string(text), "\r\n")
		if value == "" {
			errs = append(errs, fmt.Errorf("  %s: %s is empty", variable, path))
			continue
		}
		*one.value = value
	}
	return errors.Join(errs...)
}
