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

// knownNetwork is a network from which an account has signed in. It is stored in
// the claim, so it is moved and erased with the claim.
type knownNetwork struct {
	// Network is a keyed hash that is different for each account, so it reveals
	// neither the network nor which accounts share it.
	Network []byte `json:"network"`
	// Seen is the time of the last sign-in from there, to within knownNetworkStep.
	Seen time.Time `json:"seen"`
}

const (
	// knownNetworkLifetime is how long a network stays known. It is longer than
	// SessionLifetime, so that the network is still known when a session ends.
	knownNetworkLifetime = 3 * SessionLifetime
	// knownNetworkStep is the minimum age of Seen before it is updated.
	knownNetworkStep = 24 * time.Hour
	// maxKnownNetworks is how many networks of one account are stored.
	maxKnownNetworks = 16
)

// knowsNetwork reports whether the account with the address signed in from the
// network within knownNetworkLifetime. It is false for an address without an
// account.
func (a *Accounts) knowsNetwork(ctx context.Context, key, network string) (bool, error) {
	c, _, err := get[claim](ctx, a.claims, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	return c.knows(a.instance.knownNetworkHash(c.Account, network), a.now().Add(-knownNetworkLifetime)), nil
}

// knows reports whether there was a sign-in from the network after since.
func (c claim) knows(network []byte, since time.Time) bool {
	return slices.ContainsFunc(c.KnownNetworks, func(f knownNetwork) bool {
		return bytes.Equal(f.Network, network) && f.Seen.After(since)
	})
}

// rememberNetwork adds the network to those of the account that signed in. If
// that fails, the next sign-in tries again.
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
	// The address may have been changed or erased in the meantime.
	if err != nil && !errors.Is(err, ErrNotFound) {
		a.options.Logger.Warn("could not store a known network", slog.String("account", signedIn.Account.String()), slog.Any("err", err))
	}
}

// knownNetworkHash returns the hash by which an account's claim identifies a
// network, given by its key.
func (i *instance) knownNetworkHash(account uuid.UUID, network string) []byte {
	return i.derive("familiar network", account[:], []byte(network))
}
