// Package faults tests the whole program under failures: processes are killed,
// disks lose power or fail to sync, networks are cut. Afterwards everything
// acknowledged must be there exactly once.
//
// Without DOCKET_SOAK, a duration, the tests are short; with it they run their
// long forms.
package faults
