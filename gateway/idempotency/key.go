package idempotency

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"net/http"

	"github.com/google/uuid"

	"github.com/docketlog/docket/gateway/problem"
)

// Header is the name of the request header.
const Header = "Idempotency-Key"

// maxKey is the length limit of a key, in bytes.
const maxKey = 255

// namespace separates command ids from all other name-based UUIDs.
var namespace = uuid.MustParse("5d0c4a3e-7f0b-5c0e-9d53-0a4b6c1f2e77")

type contextKey struct{}

type carried struct {
	key     string
	command uuid.UUID
	done    bool
}

// Command returns the command id of the request with this context: always the
// same id for a request with a key, otherwise a new one.
func Command(ctx context.Context) uuid.UUID {
	if c, ok := ctx.Value(contextKey{}).(carried); ok {
		return c.command
	}
	// This fails only if the system has no randomness, and then nothing is safe.
	return uuid.Must(uuid.NewV7())
}

// Key returns the request's key, or the empty string.
func Key(ctx context.Context) string {
	c, _ := ctx.Value(contextKey{}).(carried)
	return c.key
}

// Done reports whether the request succeeded before and is retried only because
// its answer was not stored. Repeating a command is then harmless; anything
// else must not be done a second time.
func Done(ctx context.Context) bool {
	c, _ := ctx.Value(contextKey{}).(carried)
	return c.done
}

// keyOf reads and checks the header.
func keyOf(r *http.Request) (string, error) {
	values := r.Header.Values(Header)
	if len(values) == 0 {
		return "", nil
	}
	key := values[0]
	if len(values) > 1 || key == "" || len(key) > maxKey {
		return "", problem.Wrong(problem.InHeader, Header, problem.Malformed, "must be sent once, with 1 to %d characters", maxKey)
	}
	for _, c := range []byte(key) {
		if c < 0x20 || c > 0x7e {
			return "", problem.Wrong(problem.InHeader, Header, problem.Malformed, "must consist of printable ASCII characters")
		}
	}
	return key, nil
}

// fingerprint digests all parts of the request that decide its outcome. With a
// secret the digest is keyed: if the body contains a password, a plain digest
// would be a fast hash of it, kept for a day.
func fingerprint(r *http.Request, body []byte, secret string) [sha256.Size]byte {
	digest := sha256.New()
	if secret != "" {
		digest = hmac.New(sha256.New, []byte(secret))
	}
	for _, part := range []string{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("If-Match"), r.Header.Get("Content-Type"), string(body)} {
		write(digest, part)
	}
	return [sha256.Size]byte(digest.Sum(nil))
}

// write adds a part, preceded by its length, to the digest, so that two
// different requests never digest the same bytes.
func write(digest hash.Hash, part string) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(part)))
	digest.Write(length[:])
	digest.Write([]byte(part))
}

// commandID derives the command's id from account, key and request. Without the
// request, a key reused after its answer expired would silently do nothing.
func commandID(account uuid.UUID, key string, request [sha256.Size]byte) uuid.UUID {
	name := make([]byte, 0, len(account)+len(request)+len(key))
	name = append(name, account[:]...)
	name = append(name, request[:]...)
	name = append(name, key...)
	return uuid.NewSHA1(namespace, name)
}
