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
var errLeftAlone = &failure{cause: "delivery is paused because the mail server failed"}
