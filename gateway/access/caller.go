package access

import (
	"context"

	"github.com/docketlog/docket/accounts"
)

// Caller is who asks.
type Caller struct {
	accounts.Identity
	// Secret is what the caller showed, for those who must ask again later
	// whether it still opens. It is never written anywhere.
	Secret string
}

type callerKey struct{}

// From is the caller of the request with the given context, the zero Caller on
// an open route.
func From(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// With is ctx with a caller.
func With(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}
