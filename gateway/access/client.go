package access

import "context"

// Client is where a request came from.
type Client struct {
	// Address is its network address, by which attempts are limited.
	Address string
	// Agent is what the client calls itself.
	Agent string
}

type clientKey struct{}

// WithClient is ctx with who sent the request, for what limits attempts.
func WithClient(ctx context.Context, c Client) context.Context {
	return context.WithValue(ctx, clientKey{}, c)
}

// ClientFrom is the client of the request with the given context.
func ClientFrom(ctx context.Context) Client {
	c, _ := ctx.Value(clientKey{}).(Client)
	return c
}
