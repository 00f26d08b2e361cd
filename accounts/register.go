package accounts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// Registration is the input of [Accounts.Register].
type Registration struct {
	Email    string
	Name     string
	Password string
	// Address is the network address the request came from, with or without a
	// port. It is used for limits and not stored.
	Address string
}

// claim is the value in docket_credentials: the account that a mail address
// belongs to, and its password. It is the first write of a registration and
// decides it. While the registration is pending, the claim holds all data that
// the later steps need.
type claim struct {
	Account  uuid.UUID `json:"account"`
	Password string    `json:"password"`
	// Version counts changes of the password.
	Version int       `json:"version"`
	Claimed time.Time `json:"claimed"`
	Pending *pending  `json:"pending,omitempty"`
	// KnownNetworks are the networks of recent sign-ins, newest first.
	KnownNetworks []knownNetwork `json:"familiar,omitempty"`
}

// pending is the data of an incomplete registration.
type pending struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// claimGrace is how long a claim whose address is not in the person's record is
// kept: it may belong to a change of address in progress. No change takes longer,
// see changeTimeout.
const claimGrace = 2 * changeTimeout

// Register creates an account. For an address that already has an account, it
// does the same work and gives the same answer, and changes nothing. It returns a
// position of the log at which an account created by this call exists. The
// installation's first account becomes administrator. A retry after an error is
// safe and completes the registration.
//
// Without a confirmation mail, one leak remains: a client that registers an
// address and then signs in with the chosen password learns whether the address
// was free. Limits make this slow, and each success creates an account.
//
// Errors: [Invalids], [ErrTooManyAttempts], [ErrUnavailable], those of
// [events.Log.Append], and ctx's.
func (a *Accounts) Register(ctx context.Context, r Registration) (events.Position, error) {
	var invalids Invalids
	email, name := invalids.email(r.Email), invalids.name(r.Name)
	invalids.password(r.Password)
	if err := invalids.err(); err != nil {
		return events.Position{}, err
	}
	if _, err := a.attempts.take(ctx, "registration."+a.instance.networkKey(r.Address), a.options.Limits.Registrations); err != nil {
		return events.Position{}, err
	}
	hash, err := a.passwords.Hash(ctx, r.Password)
	if err != nil {
		return events.Position{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return events.Position{}, fmt.Errorf("create an account id: %w", err)
	}
	key := a.instance.addressKey(email)
	mine := claim{Account: id, Password: hash, Claimed: a.now().UTC(), Pending: &pending{name, email}}
	for {
		revision, err := a.claims.create(ctx, key, mine)
		if err == nil {
			return a.complete(ctx, key, mine, revision)
		}
		if !errors.Is(err, errMoved) {
			return events.Position{}, err
		}
		theirs, revision, err := get[claim](ctx, a.claims, key)
		if err == nil {
			err = a.settle(ctx, key, theirs, revision)
		}
		switch {
		case errors.Is(err, errReleased):
		case err == nil, errors.Is(err, ErrNotFound):
			return a.log.End(ctx)
		default:
			return events.Position{}, err
		}
	}
}

// complete executes the remaining steps of a registration. Each step may be
// repeated and run concurrently.
func (a *Accounts) complete(ctx context.Context, key string, c claim, revision uint64) (events.Position, error) {
	administrator, err := a.instance.administrator(ctx, c.Account)
	if err != nil {
		return events.Position{}, err
	}
	record := personRecord{
		Name: c.Pending.Name, Email: c.Pending.Email,
		Administrator: administrator, Registered: c.Claimed,
	}
	listed, err := a.people.createOnce(ctx, c.Account.String(), record)
	if err != nil && !errors.Is(err, errMoved) {
		return events.Position{}, err
	}
	if err == nil {
		a.directory.put(c.Account, record, listed)
	}
	position, err := a.announceRegistered(ctx, c.Account, record)
	if err != nil {
		return events.Position{}, err
	}
	c.Pending = nil
	if _, err := a.claims.replace(ctx, key, c, revision); err != nil && !errors.Is(err, errMoved) {
		return events.Position{}, err
	}
	return position, nil
}

// errReleased reports that a claim was released.
var errReleased = errors.New("claim was released")

// settle repairs a claim and its person's record if a crash left them
// inconsistent. It fails with [ErrNotFound] or errReleased if the claim does not
// allow signing in.
func (a *Accounts) settle(ctx context.Context, key string, c claim, revision uint64) error {
	if c.Pending != nil {
		a.options.Logger.Info("interrupted registration completed", slog.String("account", c.Account.String()))
		_, err := a.complete(ctx, key, c, revision)
		return err
	}
	record, _, err := get[personRecord](ctx, a.people, c.Account.String())
	switch {
	case err != nil:
		return err
	case record.Erasing == key:
		if _, err := a.finishErasure(ctx, c.Account); err != nil {
			return err
		}
		return errReleased
	case record.erased(), a.instance.addressKey(record.Email) != key:
		if a.now().Sub(c.Claimed) < claimGrace {
			return ErrNotFound
		}
		if err := a.claims.remove(ctx, key, revision); err != nil && !errors.Is(err, errMoved) {
			return err
		}
		return errReleased
	}
	return nil
}

// announceRegistered appends [events.AccountRegistered] unless it is in the log.
func (a *Accounts) announceRegistered(ctx context.Context, account uuid.UUID, record personRecord) (events.Position, error) {
	appended, err := a.log.Append(ctx, events.Commit{
		Head:    events.Head{Aggregate: events.Account(account)},
		Command: uuid.NewSHA1(account, []byte("register")),
		Actor:   account,
		Time:    record.Registered,
		Events:  []events.Event{events.AccountRegistered{Administrator: record.Administrator}},
	})
	if errors.Is(err, events.ErrConflict) {
		// The account has an event, and the first event is always this one.
		return a.log.End(ctx)
	}
	if err != nil {
		return events.Position{}, fmt.Errorf("register account %s: %w", account, err)
	}
	return appended.Events[len(appended.Events)-1].Position, nil
}
