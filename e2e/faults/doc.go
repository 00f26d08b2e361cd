// Package faults tests the whole program while something is taken from it:
// processes are killed, disks lose their power or refuse to sync, networks are
// cut. What was acknowledged must be there afterwards, once.
//
// Without DOCKET_SOAK the tests are short; with it, a duration, they run their
// long forms.
package faults
