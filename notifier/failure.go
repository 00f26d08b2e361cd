package notifier

// failure is the reason why a notice was not delivered. Its text names no person
// and may be logged.
type failure struct {
	cause string
	// permanent means that a retry cannot succeed.
	permanent bool
}

func (f *failure) Error() string { return f.cause }

// errLeftAlone is the circuit's error while it limits requests.
var errLeftAlone = &failure{cause: "the mail server is left alone for a while after it failed"}
