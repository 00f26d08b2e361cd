package accounts

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"

	"github.com/google/uuid"
)

// The keys of docket_instance.
const (
	keySecret        = "secret"
	keyAdministrator = "administrator"
)

// instance is what there is one of in an installation: a secret, made by the
// first process to start, from which everything is derived that must be the
// same in all of them and guessable by nobody.
type instance struct {
	bucket *bucket
	secret []byte
}

func openInstance(ctx context.Context, b *bucket) (*instance, error) {
	secret := random(sha256.Size)
	_, err := b.create(ctx, keySecret, secret)
	if errors.Is(err, errMoved) {
		secret, _, err = get[[]byte](ctx, b, keySecret)
	}
	if err != nil {
		return nil, err
	}
	return &instance{bucket: b, secret: secret}, nil
}

// derive is HMAC-SHA256 of the parts under the installation's secret. Each use
// has a purpose of its own, and each part is preceded by its length, so that no
// two uses ever digest the same bytes.
func (i *instance) derive(purpose string, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, i.secret)
	var length [8]byte
	for _, part := range append([][]byte{[]byte(purpose)}, parts...) {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		mac.Write(length[:])
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// addressKey stands for a normalised mail address in keys. It is a keyed hash:
// a plain one could be undone by trying addresses.
func (i *instance) addressKey(email string) string {
	return hex.EncodeToString(i.derive("mail address", []byte(email)))
}

// networkKey stands for the network address a request came from. Of an IPv6
// address the first 64 bits count, which is what one customer is given.
func (i *instance) networkKey(address string) string {
	if ap, err := netip.ParseAddrPort(address); err == nil {
		address = ap.Addr().String()
	}
	if ip, err := netip.ParseAddr(address); err == nil {
		ip = ip.Unmap().WithZone("")
		address = ip.String()
		if ip.Is6() {
			prefix, _ := ip.Prefix(64)
			address = prefix.String()
		}
	}
	return hex.EncodeToString(i.derive("network address", []byte(address)))
}

// administrator reports whether the account is the installation's first. The
// first to ask becomes it, and asking again gives the same answer.
func (i *instance) administrator(ctx context.Context, account uuid.UUID) (bool, error) {
	_, err := i.bucket.create(ctx, keyAdministrator, account)
	if !errors.Is(err, errMoved) {
		return err == nil, err
	}
	first, _, err := get[uuid.UUID](ctx, i.bucket, keyAdministrator)
	return first == account, err
}
