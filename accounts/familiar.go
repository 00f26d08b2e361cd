package accounts

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
)

// familiar is a network from which an account has signed in. It is kept with
// the claim, so it moves and is erased with it.
type familiar struct {
	// Network is a keyed hash that differs from account to account, so it names
	// no network and does not tell who shares one.
	Network []byte `json:"network"`
	// Seen is when it signed in from there, to within familiarStep.
	Seen time.Time `json:"seen"`
}

const (
	// familiarFor is how long a network stays familiar: longer than a session
	// lasts, so that who signs in when one ends is known by then.
	familiarFor = 3 * SessionLifetime
	// familiarStep is how old what is known must be to be written anew.
	familiarStep = 24 * time.Hour
	// maxFamiliar is how many networks of one account are remembered.
	maxFamiliar = 16
)

// familiar reports whether whoever has the address signed in from the network
// not long ago. To an address that nobody has no network is.
func (a *Accounts) familiar(ctx context.Context, key, network string) (bool, error) {
	c, _, err := get[claim](ctx, a.credentials, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	return c.knows(a.instance.familiarNetwork(c.Account, network), a.now().Add(-familiarFor)), nil
}

// knows reports whether the network was seen since.
func (c claim) knows(network []byte, since time.Time) bool {
	return slices.ContainsFunc(c.Familiar, func(f familiar) bool {
		return bytes.Equal(f.Network, network) && f.Seen.After(since)
	})
}

// remember makes the network familiar to the account that signed in as the
// claim says. It is left to the next sign-in if it fails.
func (a *Accounts) remember(ctx context.Context, key string, signedIn claim, network string) {
	mark := familiar{a.instance.familiarNetwork(signedIn.Account, network), a.now().UTC()}
	stale := mark.Seen.Add(-familiarStep)
	if signedIn.knows(mark.Network, stale) {
		return
	}
	err := again(func() error {
		c, revision, err := get[claim](ctx, a.credentials, key)
		if err != nil {
			return err
		}
		if c.Account != signedIn.Account || c.knows(mark.Network, stale) {
			return nil
		}
		others := slices.DeleteFunc(c.Familiar, func(f familiar) bool {
			return bytes.Equal(f.Network, mark.Network) || !f.Seen.After(mark.Seen.Add(-familiarFor))
		})
		c.Familiar = append([]familiar{mark}, others[:min(len(others), maxFamiliar-1)]...)
		_, err = a.credentials.replace(ctx, key, c, revision)
		return err
	})
	// The address may have been given up or erased meanwhile.
	if err != nil && !errors.Is(err, ErrNotFound) {
		a.options.Logger.Warn("network stays unfamiliar", slog.String("account", signedIn.Account.String()), slog.Any("err", err))
	}
}

// familiarNetwork stands for a network, given by its key, in the claim of an
// account.
func (i *instance) familiarNetwork(account uuid.UUID, network string) []byte {
	return i.derive("familiar network", account[:], []byte(network))
}
