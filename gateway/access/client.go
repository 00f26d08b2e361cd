package access

import "context"

// Client describes where a request came from.
type Client struct {
	// Address is the client's network address, the key for rate limits.
	Address string
	// Agent is the client's User-Agent.
	Agent string
}

type clientKey struct{}

// WithClient returns a copy of ctx that carries the client, for rate limits.
func WithClient(ctx context.Context, c Client) context.Context {
	return context.WithValue(ctx, clientKey{}, c)
}

// ClientFrom returns the client stored in the context of a request.
func ClientFrom(ctx context.Context) Client {
	c, _ := ctx.Value(clientKey{}).(Client)
	return c
}
