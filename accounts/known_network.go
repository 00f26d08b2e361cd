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
type knownNetwork struct {
	// Network is a keyed hash that differs from account to account, so it names
	// no network and does not tell who shares one.
	Network []byte `json:"network"`
	// Seen is when it signed in from there, to within knownNetworkStep.
	Seen time.Time `json:"seen"`
}

const (
	// knownNetworkLifetime is how long a network stays familiar: longer than a session
	// lasts, so that who signs in when one ends is known by then.
	knownNetworkLifetime = 3 * SessionLifetime
	// knownNetworkStep is how old what is known must be to be written anew.
	knownNetworkStep = 24 * time.Hour
	// maxKnownNetworks is how many networks of one account are remembered.
	maxKnownNetworks = 16
)

// familiar reports whether whoever has the address signed in from the network
// not long ago. To an address that nobody has no network is.
func (a *Accounts) knowsNetwork(ctx context.Context, key, network string) (bool, error) {
	c, _, err := get[claim](ctx, a.claims, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	return c.knows(a.instance.knownNetworkHash(c.Account, network), a.now().Add(-knownNetworkLifetime)), nil
}

// knows reports whether the network was seen since.
func (c claim) knows(network []byte, since time.Time) bool {
	return slices.ContainsFunc(c.KnownNetworks, func(f knownNetwork) bool {
		return bytes.Equal(f.Network, network) && f.Seen.After(since)
	})
}

// remember makes the network familiar to the account that signed in as the
// claim says. It is left to the next sign-in if it fails.
func (a *Accounts) rememberNetwork(ctx context.Context, key string, signedIn claim, network string) {
	mark := knownNetwork{a.instance.knownNetworkHash(signedIn.Account, network), a.now().UTC()}
	stale := mark.Seen.Add(-knownNetworkStep)
	if signedIn.knows(mark.Network, stale) {
		return
	}
	err := retryMoved(func() error {
		c, revision, err := get[claim](ctx, a.claims, key)
		if err != nil {
			return err
		}
		if c.Account != signedIn.Account || c.knows(mark.Network, stale) {
			return nil
		}
		others := slices.DeleteFunc(c.KnownNetworks, func(f knownNetwork) bool {
			return bytes.Equal(f.Network, mark.Network) || !f.Seen.After(mark.Seen.Add(-knownNetworkLifetime))
		})
		c.KnownNetworks = append([]knownNetwork{mark}, others[:min(len(others), maxKnownNetworks-1)]...)
		_, err = a.claims.replace(ctx, key, c, revision)
		return err
	})
	// The address may have been given up or erased meanwhile.
	if err != nil && !errors.Is(err, ErrNotFound) {
		a.options.Logger.Warn("network stays unfamiliar", slog.String("account", signedIn.Account.String()), slog.Any("err", err))
	}
}

// knownNetworkHash stands for a network, given by its key, in the claim of an
// account.
func (i *instance) knownNetworkHash(account uuid.UUID, network string) []byte {
	return i.derive("familiar network", account[:], []byte(network))
}
