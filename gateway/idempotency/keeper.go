package idempotency

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/problem"
)

// ReplayedHeader marks an answer that was given before, or made again for a
// command that was done before.
const ReplayedHeader = "Idempotent-Replayed"

// Secrecy is the set of parts of a route's traffic that must not be stored.
type Secrecy int

// Plain is the empty set: request and answer may be kept for a day.
const Plain Secrecy = 0

// The elements of a Secrecy.
const (
	// SecretRequest: the request contains a password. Only a digest of it is
	// kept, keyed by the session's secret, so that the same session produces it
	// again.
	SecretRequest Secrecy = 1 << iota
	// SecretAnswer: the answer on success contains a secret, or names a person
	// whose data must disappear at once when erased. Only the fact that it was
	// given is kept; the route makes it again, see [Done].
	SecretAnswer
	// SecretRefusal: a refusal shows more than its reason, such as a page with
	// people's names. Nothing of it is kept.
	SecretRefusal
)

func (s Secrecy) has(one Secrecy) bool { return s&one != 0 }

// Keeper implements the guarantee for all routes. It is safe for concurrent
// use.
type Keeper struct {
	bucket  jetstream.KeyValue
	secrecy map[string]Secrecy
	logger  *slog.Logger

	mu     sync.Mutex
	flying map[string]chan struct{}
}

// NewKeeper returns a keeper on the bucket, see [BucketConfig]. secrecy maps
// route patterns to their Secrecy; other routes are [Plain].
func NewKeeper(bucket jetstream.KeyValue, secrecy map[string]Secrecy, logger *slog.Logger) *Keeper {
	return &Keeper{bucket: bucket, secrecy: secrecy, logger: logger, flying: make(map[string]chan struct{})}
}

// Serve answers the request, whose body has been read, from the bucket or by
// next. Without a key, or without a caller who owns the key, it only calls
// next.
func (k *Keeper) Serve(w http.ResponseWriter, r *http.Request, pattern string, body []byte, next http.Handler) {
	key, err := keyOf(r)
	if err != nil {
		problem.From(err).Write(w, r)
		return
	}
	caller := access.From(r.Context())
	if key == "" || r.Method == http.MethodGet || r.Method == http.MethodHead {
		next.ServeHTTP(w, r)
		return
	}
	secrecy, secret := k.secrecy[pattern], ""
	if secrecy.has(SecretRequest) {
		secret = caller.Secret
	}
	request := fingerprint(r, body, secret)
	ctx := context.WithValue(r.Context(), contextKey{}, carried{key: key, command: commandID(caller.Account, key, request)})
	r = r.WithContext(ctx)
	if caller.Account == [16]byte{} {
		// Without an account the key has no owner. Package accounts makes the same
		// key safe for a caller who authenticates.
		next.ServeHTTP(w, r)
		return
	}

	name := bucketKey(caller.Account, key)
	// Concurrent retries wait for the first, so that only one of those in this
	// process does the work.
	if err := k.enter(ctx, name); err != nil {
		problem.From(err).Write(w, r)
		return
	}
	defer k.leave(name)
	known, found, err := k.recall(ctx, name)
	if err != nil {
		k.logger.Warn("cannot look up stored responses", slog.Any("err", err))
		problem.New(problem.Unavailable, "").Write(w, r)
		return
	}
	if found && !known.is(request) {
		problem.New(problem.KeyReused, "").Write(w, r)
		return
	}
	if found && known.Status != 0 {
		known.replay(w)
		return
	}
	if found {
		r = r.WithContext(context.WithValue(ctx, contextKey{}, carried{key, commandID(caller.Account, key, request), true}))
	}
	answer := &recorder{header: http.Header{}}
	next.ServeHTTP(answer, r)
	if found && succeeded(answer.status) {
		answer.header.Set(ReplayedHeader, "true")
	}
	if !found && final(answer.status) && !(answer.status >= 400 && secrecy.has(SecretRefusal)) {
		r := record{Request: request[:]}
		// Any other refusal names no person and repeats nothing of the request.
		if !secrecy.has(SecretAnswer) || !succeeded(answer.status) {
			r.Status, r.Header, r.Body = answer.status, answer.header, answer.body.Bytes()
		}
		// The request's deadline may have passed, but the work is done: store the
		// answer all the same.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		earlier, beaten, err := k.remember(ctx, name, r)
		if err != nil {
			// The log remembers the command; only the bytes may differ next time.
			k.logger.Warn("cannot store response", slog.Any("err", err))
		}
		if beaten && earlier.is(request) && earlier.Status != 0 {
			earlier.replay(w)
			return
		}
	}
	answer.send(w)
}

// final reports whether the same request gets the same answer at any time.
func final(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return status >= 200 && status < 500
}

func succeeded(status int) bool { return status >= 200 && status < 300 }

// enter waits until no other goroutine handles the request with this name.
func (k *Keeper) enter(ctx context.Context, name string) error {
	for {
		k.mu.Lock()
		done, busy := k.flying[name]
		if !busy {
			k.flying[name] = make(chan struct{})
			k.mu.Unlock()
			return nil
		}
		k.mu.Unlock()
		select {
		case <-done:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), errors.New("waiting for the first request with this key"))
		}
	}
}

func (k *Keeper) leave(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.flying[name])
	delete(k.flying, name)
}

func (r record) replay(w http.ResponseWriter) {
	header := w.Header()
	for name, values := range r.Header {
		header[name] = values
	}
	header.Set(ReplayedHeader, "true")
	w.WriteHeader(r.Status)
	// The client may have disconnected; then no one can receive the error.
	_, _ = w.Write(r.Body)
}

// recorder buffers an answer until it is known which one to send.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

func (r *recorder) send(w http.ResponseWriter) {
	header := w.Header()
	for name, values := range r.header {
		header[name] = values
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body.Bytes())
}
