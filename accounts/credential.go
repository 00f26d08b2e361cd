package accounts

import (
	"context"
	"crypto/rand"
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

// The prefixes of the two kinds of secrets, by which scanners find leaked ones.
const (
	PrefixSession = "docket_s_"
	PrefixToken   = "docket_t_"
)

// credential is the common part of a session and a token: its secret
// authenticates the account until it expires.
type credential struct {
	Account uuid.UUID `json:"account"`
	ID      uuid.UUID `json:"id"`
	// Hash is SHA-256 of the secret. The secret has 192 random bits, so a slow
	// hash would not make it safer.
	Hash    []byte    `json:"hash"`
	Name    string    `json:"name,omitempty"`
	Scopes  []Scope   `json:"scopes,omitempty"`
	Agent   string    `json:"agent,omitempty"`
	Network string    `json:"network,omitempty"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Used    time.Time `json:"used"`
}

// credentialStore stores the credentials of one kind and caches them.
type credentialStore struct {
	prefix   string
	bucket   *bucket
	instance *instance
	now      func() time.Time
	cache    *cache
	watch    *watch
	// silent is the time, in Unix nanoseconds, until which the broker is not
	// asked about cached credentials, because it did not answer.
	silent atomic.Int64
}

func credentialKey(account, id uuid.UUID) string { return account.String() + "." + id.String() }

// A secret consists of its prefix and, in base64url, the account, 24 random bytes
// and a tag that is keyed with the installation's secret. The tag makes it
// possible to reject a forgery without asking the broker.
const (
	accountLength = len(uuid.UUID{})
	randomLength  = 24
	tagLength     = 8
	secretLength  = accountLength + randomLength + tagLength
)

// secret returns a new secret for the account. With an idempotency key, it always
// returns the same secret for the same account and key.
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

// open returns the account in a secret, and false if the secret is forged.
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

// credentialID returns the id of the credential whose secret has the given hash.
// It is a UUID of version 8 (RFC 9562) made from the hash's first half. The key
// can be derived from the secret, but the secret cannot be derived from the id.
func credentialID(hash [sha256.Size]byte) uuid.UUID {
	id := uuid.UUID(hash[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// issue stores a credential for the secret and returns it. If the secret was
// issued before, it returns the earlier credential, or an [Invalid] if that has
// ended: a revoked secret never becomes valid again.
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
		return credential{}, Invalids{{Field: idempotencyField, Code: CodeSpent, Message: "belongs to a session or token that has ended; use a new key"}}
	case err != nil:
		return credential{}, err
	}
	return earlier, nil
}

// doubtTimeout limits a request to the broker about a cached secret that may be
// stale. If the broker does not answer, it is not asked for the same time again.
const doubtTimeout = 250 * time.Millisecond

// find returns the credential of a secret, or [ErrUnauthenticated] if it is not
// valid. It uses the cache if that is current, and otherwise the broker. If the
// broker does not answer, it uses the stale cache for a limited time.
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

// list returns the account's credentials that have not expired, newest first.
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

// revoke removes a credential permanently. It fails with [ErrNotFound] if there
// is none.
func (p *credentialStore) revoke(ctx context.Context, account, id uuid.UUID) error {
	key := credentialKey(account, id)
	for {
		_, revision, err := get[credential](ctx, p.bucket, key)
		if err != nil {
			return err
		}
		err = p.bucket.remove(ctx, key, revision)
		// Drop it from the cache even after an error, because the removal may
		// have succeeded. An unnecessary drop only costs time.
		p.cache.drop(id)
		if !errors.Is(err, errMoved) {
			return err
		}
	}
}

// endCredential appends the event to the log and then revokes the credential. In
// this order a crash may cause a duplicate event, but no revocation without an
// event. It fails with [ErrNotFound] if the credential does not exist.
func (a *Accounts) endCredential(ctx context.Context, from *credentialStore, account, id uuid.UUID, event events.Event) error {
	if _, _, err := get[credential](ctx, from.bucket, credentialKey(account, id)); err != nil {
		return err
	}
	if err := a.record(ctx, account, event); err != nil {
		return err
	}
	return from.revoke(ctx, account, id)
}

// revokeAll revokes all credentials of the account that were issued before the
// call, except one.
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

// touchEvery is the precision of the time of last use. A write per request would
// make every read wait for the disk.
const touchEvery = 5 * time.Minute

// touch records that a credential was used. It fails if the credential was
// revoked or changed in the meantime.
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

// applied removes a changed credential from the cache.
func (p *credentialStore) applied(entry jetstream.KeyValueEntry) {
	_, text, _ := strings.Cut(entry.Key(), ".")
	if id, err := uuid.Parse(text); err == nil {
		p.cache.drop(id)
	}
}

// random returns n random bytes. crypto/rand does not fail.
func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}
