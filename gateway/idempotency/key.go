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

// maxKey is the longest key, in bytes.
const maxKey = 255

// namespace separates command ids from all other name-based UUIDs.
var namespace = uuid.MustParse("5d0c4a3e-7f0b-5c0e-9d53-0a4b6c1f2e77")

type contextKey struct{}

type carried struct {
	key     string
	command uuid.UUID
	done    bool
}

// Command is the id of the command that the request with the given context is:
// of one that carries a key always the same, else a new one.
func Command(ctx context.Context) uuid.UUID {
	if c, ok := ctx.Value(contextKey{}).(carried); ok {
		return c.command
	}
	// It fails only if the system has no randomness, and then nothing is safe.
	return uuid.Must(uuid.NewV7())
}

// Key is the request's key, or empty.
func Key(ctx context.Context) string {
	c, _ := ctx.Value(contextKey{}).(carried)
	return c.key
}

// Done reports whether the request has succeeded before and is sent again only
// because its answer was not remembered. A command is harmless then; what is
// none must not be done a second time.
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
		return "", problem.Wrong(problem.InHeader, Header, problem.Malformed, "must be given once, with 1 to %d characters", maxKey)
	}
	for _, c := range []byte(key) {
		if c < 0x20 || c > 0x7e {
			return "", problem.Wrong(problem.InHeader, Header, problem.Malformed, "must consist of printable ASCII characters")
		}
	}
	return key, nil
}

// fingerprint digests everything about the request that decides its outcome.
// With a secret it is a keyed digest: where the body holds a password, a plain
// one would be a fast hash of it, kept for a day.
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

// write digests a part preceded by its length, so that two different requests
// never digest the same bytes.
func write(digest hash.Hash, part string) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(part)))
	digest.Write(length[:])
	digest.Write([]byte(part))
}

// commandID derives the command's id. The request is part of it: were it not, a
// key used again after its answer was forgotten would silently do nothing.
func commandID(account uuid.UUID, key string, request [sha256.Size]byte) uuid.UUID {
	name := make([]byte, 0, len(account)+len(request)+len(key))
	name = append(name, account[:]...)
	name = append(name, request[:]...)
	name = append(name, key...)
	return uuid.NewSHA1(namespace, name)
}
