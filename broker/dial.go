package broker

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/broker/retry"
)

// clientName is the name of Docket's connections in the servers' monitoring.
const clientName = "docket"

// redial is the pause between two attempts to connect.
const redial = 250 * time.Millisecond

// steady returns the options of every connection. It reconnects without limit
// and buffers nothing while disconnected: a publish fails at once, so that none
// is stored long after its caller learned that the outcome is unknown.
func steady() []nats.Option {
	return []nats.Option{
		nats.Name(clientName),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(redial),
		nats.ReconnectJitter(redial, redial),
		nats.ReconnectBufSize(-1),
		// A server behind a broken network sends nothing. The connection moves
		// to another server after three unanswered pings, or once a write has
		// blocked for this long: otherwise the client would wait minutes, and
		// every publisher with it.
		nats.PingInterval(4 * time.Second),
		nats.MaxPingsOutstanding(2),
		nats.FlusherTimeout(5 * time.Second),
		nats.ReconnectOnFlusherError(),
		nats.Timeout(5 * time.Second),
		// Callers receive errors of their own; without this handler the client
		// would write to standard error.
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
	}
}

// Dial connects to an external server or cluster. address is one URL or several
// separated by commas, nats:// or tls://, with a user and password or a token
// before the host; ?creds=FILE on any of them names a credentials file.
// Connecting to an unreachable server is retried until ctx ends; a refused
// login fails at once. Once connected it reconnects without limit. The caller
// closes it.
//
// Replies to a user arrive on subjects of its own, _INBOX.<user>.>, so that a
// server can keep users from reading each other's. A user whose name cannot be
// part of a subject receives them on the shared _INBOX.>.
func Dial(ctx context.Context, address string, opts ...nats.Option) (*nats.Conn, error) {
	servers, fromURL, err := parseAddress(address)
	if err != nil {
		return nil, err
	}
	all := append(append(steady(), fromURL...), opts...)
	for {
		nc, err := nats.Connect(servers, all...)
		if err == nil {
			return nc, nil
		}
		if errors.Is(err, nats.ErrAuthorization) || !temporary(err) {
			return nil, fmt.Errorf("connect to NATS: %w", err)
		}
		if !retry.Pause(ctx, redial) {
			return nil, fmt.Errorf("connect to NATS: %w: %w", context.Cause(ctx), err)
		}
	}
}

// DialRunning connects to the broker of the process that currently runs on the
// data folder. It fails with [ErrNotRunning] if there is none. The caller
// closes the connection.
func DialRunning(ctx context.Context, dir string, opts ...nats.Option) (*nats.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a, err := readAccess(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNotRunning, dir, err)
	}
	all := append(steady(), nats.UserInfo(a.User, a.Password))
	nc, err := nats.Connect(a.URL, append(all, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNotRunning, dir, err)
	}
	return nc, nil
}

// CheckAddress reports what is wrong with an address for [Dial]. The error
// never contains the address, which may hold a password.
func CheckAddress(address string) error {
	_, _, err := parseAddress(address)
	return err
}

func parseAddress(address string) (servers string, opts []nats.Option, err error) {
	var cleaned []string
	for one := range strings.SplitSeq(address, ",") {
		u, err := url.Parse(strings.TrimSpace(one))
		// The error of the parser contains the text, which may hold a password.
		if err != nil || u.Host == "" || (u.Scheme != "nats" && u.Scheme != "tls") {
			return "", nil, errors.New("NATS address must be nats://[user:password@]host:port or tls://…; separate several by commas")
		}
		for name, values := range u.Query() {
			if name != "creds" || len(values) != 1 || values[0] == "" {
				return "", nil, fmt.Errorf("NATS address: unknown parameter %q; only creds=FILE is supported", name)
			}
			opts = append(opts, nats.UserCredentials(values[0]))
		}
		if user := u.User.Username(); len(cleaned) == 0 && user != "" && !strings.ContainsAny(user, ".*> \t\r\n") {
			if _, hasPassword := u.User.Password(); hasPassword { // otherwise it is a token
				opts = append(opts, nats.CustomInboxPrefix(nats.InboxPrefix+user))
			}
		}
		u.RawQuery = ""
		cleaned = append(cleaned, u.String())
	}
	return strings.Join(cleaned, ","), opts, nil
}

// temporary reports whether connecting may succeed later.
func temporary(err error) bool {
	var network interface{ Timeout() bool }
	return errors.Is(err, nats.ErrNoServers) || errors.Is(err, nats.ErrTimeout) || errors.As(err, &network)
}
