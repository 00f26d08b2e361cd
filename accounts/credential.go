package accounts

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/events"
)

// The beginnings of the two sorts of secret, for scanners that look for leaked
// ones.
const (
	PrefixSession = "docket_s_"
	PrefixToken   = "docket_t_"
)

// pass is what a session and a token have in common: something whose secret
// lets its holder in until it expires.
type credential struct {
	Account uuid.UUID `json:"account"`
	ID      uuid.UUID `json:"id"`
	// Hash is SHA-256 of the secret. The secret is 192 bits that nobody can
	// guess, so a slow hash would add nothing but time.
	Hash    []byte    `json:"hash"`
	Name    string    `json:"name,omitempty"`
	Scopes  []Scope   `json:"scopes,omitempty"`
	Agent   string    `json:"agent,omitempty"`
	Network string    `json:"network,omitempty"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Used    time.Time `json:"used"`
}

// passes keeps the passes of one sort and answers for them from memory.
type credentialStore struct {
	prefix   string
	bucket   *bucket
	instance *instance
	now      func() time.Time
	cache    *cache
	watch    *watch
	// silent is until when the broker is not asked about what memory knows,
	// because it did not answer; in nanoseconds of the clock.
	silent atomic.Int64
}

func credentialKey(account, id uuid.UUID) string { return account.String() + "." + id.String() }

// A secret is its prefix and, in base64url, the account, 24 random bytes and a
// tag under the installation's secret. The tag lets a forgery be refused
// without asking the broker.
const (
	accountLength = len(uuid.UUID{})
	randomLength  = 24
	tagLength     = 8
	secretLength  = accountLength + randomLength + tagLength
)

// secret gives the account a new secret. With an idempotency key it is the one
// that account and key have always given.
func (p *credentialStore) secret(account uuid.UUID, idempotencyKey string) string {
	body := append(make([]byte, 0, secretLength), account[:]...)
	if idempotencyKey == "" {
		body = append(body, random(randomLength)...)
	} else {
		derived := p.instance.derive("secret", []byte(p.prefix), account[:], []byte(idempotencyKey))
		body = append(body, derived[:randomLength]...)
	}
	body = append(body, p.tag(body)...)
	return p.prefix + base64.RawURLEncoding.EncodeToString(body)
}

func (p *credentialStore) tag(body []byte) []byte {
	return p.instance.derive("tag", []byte(p.prefix), body)[:tagLength]
}

// open reads the account out of a secret, false for one that was never given.
func (p *credentialStore) open(secret string) (uuid.UUID, bool) {
	text, ok := strings.CutPrefix(secret, p.prefix)
	if !ok || len(text) != base64.RawURLEncoding.EncodedLen(secretLength) {
		return uuid.Nil, false
	}
	body, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return uuid.Nil, false
	}
	signed := body[:accountLength+randomLength]
	if subtle.ConstantTimeCompare(p.tag(signed), body[len(signed):]) != 1 {
		return uuid.Nil, false
	}
	return uuid.UUID(body[:accountLength]), true
}

// credentialID is the id of the pass whose secret has the given hash. It is a UUID of
// version 8 (RFC 9562) made of the hash's first half, so the secret alone leads
// to the key, and the id leads nowhere near the secret.
func credentialID(hash [sha256.Size]byte) uuid.UUID {
	id := uuid.UUID(hash[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// issue writes a pass for the secret and gives it with the revision it has. If
// the secret was issued before, the pass from then is given, or an [Invalid]
// if it has ended: a secret that was revoked never comes back to life.
func (p *credentialStore) issue(ctx context.Context, secret string, draft credential) (credential, error) {
	hash := sha256.Sum256([]byte(secret))
	draft.ID, draft.Hash = credentialID(hash), hash[:]
	key := credentialKey(draft.Account, draft.ID)
	_, err := p.bucket.createOnce(ctx, key, draft)
	if !errors.Is(err, errMoved) {
		return draft, err
	}
	earlier, _, err := get[credential](ctx, p.bucket, key)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && !p.now().Before(earlier.Expires):
		return credential{}, Invalids{{Field: idempotencyField, Code: CodeSpent, Message: "what this key was used for has ended; use a new key"}}
	case err != nil:
		return credential{}, err
	}
	return earlier, nil
}

// doubtTimeout bounds the question to the broker about a secret of which memory
// knows, but may be out of date. Asked in vain, the broker is left alone for as
// long again.
const doubtTimeout = 250 * time.Millisecond

// find gives the pass of a secret, [ErrUnauthenticated] if there is none that
// is valid. From memory if that can be believed, from the broker if not, and
// from memory all the same for a while if the broker does not answer.
func (p *credentialStore) find(ctx context.Context, secret string) (credential, error) {
	hash := sha256.Sum256([]byte(secret))
	id := credentialID(hash)
	remembered, known := p.cache.get(id)
	if known && p.watch.live() {
		return p.check(remembered, hash)
	}
	account, ok := p.open(secret)
	if !ok {
		return credential{}, ErrUnauthenticated
	}
	if known = known && p.watch.lately(); known {
		if p.silent.Load() > time.Now().UnixNano() {
			return p.check(remembered, hash)
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, doubtTimeout)
		defer cancel()
	}
	generation := p.cache.generation()
	found, _, err := get[credential](ctx, p.bucket, credentialKey(account, id))
	if errors.Is(err, ErrNotFound) {
		return credential{}, ErrUnauthenticated
	}
	if known && errors.Is(err, ErrUnavailable) {
		p.silent.Store(time.Now().Add(doubtTimeout).UnixNano())
		return p.check(remembered, hash)
	}
	if err != nil {
		return credential{}, err
	}
	p.cache.put(found, generation)
	return p.check(found, hash)
}

func (p *credentialStore) check(found credential, hash [sha256.Size]byte) (credential, error) {
	if subtle.ConstantTimeCompare(found.Hash, hash[:]) != 1 || !p.now().Before(found.Expires) {
		return credential{}, ErrUnauthenticated
	}
	return found, nil
}

// list gives the account's passes that have not expired, newest first.
func (p *credentialStore) list(ctx context.Context, account uuid.UUID) ([]credential, error) {
	values, err := list[credential](ctx, p.bucket, account.String()+".")
	if err != nil {
		return nil, err
	}
	var all []credential
	for _, v := range values {
		if p.now().Before(v.Expires) {
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(x, y credential) int { return y.Created.Compare(x.Created) })
	return all, nil
}

// revoke ends a pass for good, [ErrNotFound] if there is none.
func (p *credentialStore) revoke(ctx context.Context, account, id uuid.UUID) error {
	key := credentialKey(account, id)
	for {
		_, revision, err := get[credential](ctx, p.bucket, key)
		if err != nil {
			return err
		}
		err = p.bucket.remove(ctx, key, revision)
		// A failure may come after the removal, and a cache that forgets too
		// much is only slower.
		p.cache.drop(id)
		if !errors.Is(err, errMoved) {
			return err
		}
	}
}

// endCredential records that a pass ends and ends it, in this order: what is on
// record twice is told twice, what is not on record never happened. It fails
// with [ErrNotFound] if there is no such pass.
func (a *Accounts) endCredential(ctx context.Context, from *credentialStore, account, id uuid.UUID, event events.Event) error {
	if _, _, err := get[credential](ctx, from.bucket, credentialKey(account, id)); err != nil {
		return err
	}
	if err := a.record(ctx, account, event); err != nil {
		return err
	}
	return from.revoke(ctx, account, id)
}

// revokeAll ends all passes of the account but one. None survives that was
// issued before.
func (p *credentialStore) revokeAll(ctx context.Context, account, but uuid.UUID) error {
	values, err := list[credential](ctx, p.bucket, account.String()+".")
	if err != nil {
		return err
	}
	for _, v := range values {
		if v.ID == but {
			continue
		}
		if err := p.revoke(ctx, account, v.ID); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

// touchEvery is how exact the time of last use is: a write per request would
// make every read wait for the disk.
const touchEvery = 5 * time.Minute

// touch records that a pass was used. One that has been revoked meanwhile, or
// touched by somebody else, is left alone.
func (p *credentialStore) touch(ctx context.Context, account, id uuid.UUID, used time.Time) error {
	key := credentialKey(account, id)
	current, revision, err := get[credential](ctx, p.bucket, key)
	if err != nil {
		return err
	}
	if used.Sub(current.Used) < touchEvery {
		return nil
	}
	current.Used = used
	_, err = p.bucket.replace(ctx, key, current, revision)
	return err
}

// applied brings the cache up to a change somebody made.
func (p *credentialStore) applied(entry jetstream.KeyValueEntry) {
	_, text, _ := strings.Cut(entry.Key(), ".")
	if id, err := uuid.Parse(text); err == nil {
		p.cache.drop(id)
	}
}
