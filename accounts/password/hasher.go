// Package password hashes and verifies passwords with Argon2id.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
)

// Cost holds the cost parameters of Argon2id. A hash with other parameters stays
// valid; [Hasher.Verify] reports that it is outdated.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// DefaultCost follows the OWASP Password Storage Cheat Sheet.
var DefaultCost = Cost{Memory: 19 * 1024, Passes: 2, Lanes: 1}

const (
	saltLength = 16
	hashLength = 32
	// maxMemory and maxPasses limit the cost that a stored hash can cause.
	maxMemory = 1024 * 1024
	maxPasses = 64
)

// Hasher hashes and verifies passwords, a limited number concurrently. Each
// hashing needs the memory of its parameters, so without a limit sign-ins could
// exhaust the memory.
type Hasher struct {
	cost     Cost
	slots    chan struct{}
	decoy    string
	computed atomic.Int64
}

// NewHasher creates a hasher that computes up to concurrency hashes at once.
func NewHasher(cost Cost, concurrency int) *Hasher {
	h := &Hasher{cost: cost, slots: make(chan struct{}, concurrency)}
	h.decoy = h.encode(random(saltLength), random(hashLength))
	return h
}

// Hash returns the password's hash in PHC string format.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	salt := random(saltLength)
	sum, err := h.compute(ctx, password, salt, h.cost, hashLength)
	if err != nil {
		return "", err
	}
	return h.encode(salt, sum), nil
}

// Verify compares the password with a hash in PHC string format. outdated reports
// whether the hash has other parameters than the current ones.
func (h *Hasher) Verify(ctx context.Context, encoded, password string) (ok, outdated bool, err error) {
	cost, salt, want, err := parsePHC(encoded)
	if err != nil {
		return false, false, err
	}
	have, err := h.compute(ctx, password, salt, cost, uint32(len(want)))
	if err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(have, want) == 1, cost != h.cost, nil
}

// Decoy returns the hash of a random password. It is verified for an unknown
// address, so that it costs as much as a known one.
func (h *Hasher) Decoy() string { return h.decoy }

// Computed returns the number of hashes computed so far.
func (h *Hasher) Computed() int64 { return h.computed.Load() }

// Acquire waits for a free slot and occupies it until release is called. While
// all slots are occupied no hash is computed.
func (h *Hasher) Acquire(ctx context.Context) (release func(), err error) {
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
}

func (h *Hasher) compute(ctx context.Context, password string, salt []byte, cost Cost, length uint32) ([]byte, error) {
	release, err := h.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	h.computed.Add(1)
	return argon2.IDKey([]byte(password), salt, cost.Passes, cost.Memory, cost.Lanes, length), nil
}

func (h *Hasher) encode(salt, sum []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.cost.Memory, h.cost.Passes, h.cost.Lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

func parsePHC(encoded string) (cost Cost, salt, sum []byte, err error) {
	bad := errors.New("password hash is not an Argon2id hash in PHC string format")
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return Cost{}, nil, nil, bad
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &cost.Memory, &cost.Passes, &cost.Lanes); err != nil {
		return Cost{}, nil, nil, bad
	}
	if cost.Memory > maxMemory || cost.Passes < 1 || cost.Passes > maxPasses || cost.Lanes < 1 {
		return Cost{}, nil, nil, bad
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	sum, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(sum) < hashLength {
		return Cost{}, nil, nil, bad
	}
	return cost, salt, sum, nil
}

// random returns n random bytes. crypto/rand does not fail.
func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}
