package access

import (
	"context"

	"github.com/docketlog/docket/accounts"
)

// Caller identifies who sends a request.
type Caller struct {
	accounts.Identity
	// Secret is the credential the caller presented, kept so that a long-lived
	// request can check later that it is still valid. It is never written
	// anywhere.
	Secret string
}

type callerKey struct{}

// From returns the caller stored in the context of a request: the zero Caller
// on an open route.
func From(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// With returns a copy of ctx that carries the caller.
func With(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}
