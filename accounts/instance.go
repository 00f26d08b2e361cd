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

// instance holds the installation's secret, which the first process creates. All
// processes derive from it the values that they must share and that must not be
// guessable.
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

// derive returns HMAC-SHA256 of the parts with the installation's secret. Each
// use has its own purpose, and each part is preceded by its length, so that two
// uses never digest the same bytes.
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

// addressKey returns the key for a normalised mail address. It is a keyed hash: a
// plain hash could be reversed by trying addresses.
func (i *instance) addressKey(email string) string {
	return hex.EncodeToString(i.derive("mail address", []byte(email)))
}

// networkKey returns the key for the network address of a request. Of an IPv6
// address only the first 64 bits count, because one customer usually has all
// addresses with the same prefix.
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

// administrator reports whether the account is the installation's administrator.
// The account of the first call becomes administrator. Repeated calls give the
// same answer.
func (i *instance) administrator(ctx context.Context, account uuid.UUID) (bool, error) {
	_, err := i.bucket.create(ctx, keyAdministrator, account)
	if !errors.Is(err, errMoved) {
		return err == nil, err
	}
	first, _, err := get[uuid.UUID](ctx, i.bucket, keyAdministrator)
	return first == account, err
}
