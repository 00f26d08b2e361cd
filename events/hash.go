package events

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Hash is the SHA-256 digest of one event; see [Envelope.Hash]. The zero Hash
// is the previous hash of an aggregate's first event.
type Hash [sha256.Size]byte

// String returns the hash in lower-case hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// IsZero reports whether h is the previous hash of a first event.
func (h Hash) IsZero() bool { return h == Hash{} }

// ParseHash is the inverse of [Hash.String].
func ParseHash(text string) (Hash, error) {
	var h Hash
	if len(text) != hex.EncodedLen(len(h)) {
		return Hash{}, fmt.Errorf("hash %.80q: want %d hexadecimal digits", text, hex.EncodedLen(len(h)))
	}
	if _, err := hex.Decode(h[:], []byte(text)); err != nil {
		return Hash{}, fmt.Errorf("hash %q: %w", text, err)
	}
	return h, nil
}

// hashDomain separates these digests from every other use of SHA-256 and
// identifies the list of fields below. A different list needs a different domain.
const hashDomain = "docket event 1"

// Hash returns the digest of the whole event: its subject, the payload's bytes
// as stored, and every attribute of its envelope except those that are the same
// in all events or repeat the subject. Each part is preceded by its length as an
// unsigned varint, so that no two different events have the same preimage. The
// position is not included, because the log assigns it.
func (e *Envelope) Hash() Hash {
	buf := make([]byte, 0, 512+len(e.Payload))
	part := func(s string) {
		buf = binary.AppendUvarint(buf, uint64(len(s)))
		buf = append(buf, s...)
	}
	part(hashDomain)
	part(e.Aggregate.Subject())
	part(e.ID.String())
	part(e.WireType())
	part(formatTime(e.Time))
	part(formatID(e.Actor))
	part(formatID(e.Project))
	part(formatID(e.Command))
	part(formatID(e.Correlation))
	part(formatID(e.Causation))
	part(e.TraceParent)
	part(formatRevision(e.Revision))
	part(e.PrevHash.String())
	part(string(e.Payload))
	return sha256.Sum256(buf)
}
