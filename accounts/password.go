package accounts

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

// Argon2 holds the cost parameters of Argon2id password hashing. A hash with
// other parameters stays valid and is replaced at the next sign-in.
type Argon2 struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// DefaultArgon2 follows the OWASP Password Storage Cheat Sheet.
var DefaultArgon2 = Argon2{Memory: 19 * 1024, Passes: 2, Lanes: 1}

const (
	saltLength = 16
	hashLength = 32
	// maxMemory and maxPasses limit the cost that a stored hash can cause.
	maxMemory = 1024 * 1024
	maxPasses = 64
)

// passwords hashes and verifies passwords, a limited number concurrently. Each
// hashing needs the memory of its parameters, so without a limit sign-ins could
// exhaust the memory.
type passwords struct {
	cost  Argon2
	slots chan struct{}
	// decoy is the hash of a random password. It is verified for an unknown
	// address, so that it costs as much as a known one.
	decoy string
	// computed counts all hashings.
	computed atomic.Int64
}

func newPasswords(cost Argon2, concurrency int) *passwords {
	p := &passwords{cost: cost, slots: make(chan struct{}, concurrency)}
	p.decoy = p.encode(random(saltLength), random(hashLength))
	return p
}

// hash returns the password's hash in PHC string format.
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	salt := random(saltLength)
	sum, err := p.compute(ctx, password, salt, p.cost, hashLength)
	if err != nil {
		return "", err
	}
	return p.encode(salt, sum), nil
}

// verify compares the password with a hash in PHC string format. outdated reports
// whether the hash has other parameters than the current ones.
func (p *passwords) verify(ctx context.Context, encoded, password string) (ok, outdated bool, err error) {
	cost, salt, want, err := parsePHC(encoded)
	if err != nil {
		return false, false, err
	}
	have, err := p.compute(ctx, password, salt, cost, uint32(len(want)))
	if err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(have, want) == 1, cost != p.cost, nil
}

func (p *passwords) compute(ctx context.Context, password string, salt []byte, cost Argon2, length uint32) ([]byte, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
	defer func() { <-p.slots }()
	p.computed.Add(1)
	return argon2.IDKey([]byte(password), salt, cost.Passes, cost.Memory, cost.Lanes, length), nil
}

func (p *passwords) encode(salt, sum []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		p.cost.Memory, p.cost.Passes, p.cost.Lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

func parsePHC(encoded string) (cost Argon2, salt, sum []byte, err error) {
	bad := errors.New("password hash is not an Argon2id hash in PHC string format")
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return Argon2{}, nil, nil, bad
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &cost.Memory, &cost.Passes, &cost.Lanes); err != nil {
		return Argon2{}, nil, nil, bad
	}
	if cost.Memory > maxMemory || cost.Passes < 1 || cost.Passes > maxPasses || cost.Lanes < 1 {
		return Argon2{}, nil, nil, bad
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	sum, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(sum) < hashLength {
		return Argon2{}, nil, nil, bad
	}
	return cost, salt, sum, nil
}

// random returns n random bytes. crypto/rand does not fail.
func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}
