package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/broker/retry"
)

// Snapshot describes the stream that a copy was made of. Config and State are
// the server's own JSON. A newer server may include fields that this program
// does not know; they are passed on.
type Snapshot struct {
	Config json.RawMessage `json:"config"`
	State  json.RawMessage `json:"state"`
}

const (
	// snapshotChunk is the size of one message, well below the smallest limit
	// of servers; restoreChunk is how much a server is given at once, since it
	// writes each message before it accepts more.
	snapshotChunk = 256 << 10
	restoreChunk  = 32 << 10
	// snapshotTimeout is the timeout for the other side while chunks are being
	// transferred.
	snapshotTimeout = 30 * time.Second
	// restoreTimeout is how long a server may take to read the restored
	// content.
	restoreTimeout = 10 * time.Minute
)

// TakeSnapshot copies a stream with its durable consumers as of one moment,
// while other clients continue to write. begun receives the description of the
// copy; then the content goes to w in the server's own format, in pieces, no
// faster than w accepts it. It fails with [nats.ErrNoResponders] or an
// [APIError] if the server gives no snapshot, with w's error, and with an error
// of its own if a piece is missing. If it returns nil, w has the whole content.
func TakeSnapshot(ctx context.Context, nc *nats.Conn, stream string, begun func(Snapshot) error, w io.Writer) error {
	inbox := nc.NewInbox()
	chunks, err := nc.SubscribeSync(inbox)
	if err != nil {
		return fmt.Errorf("snapshot of %s: %w", stream, err)
	}
	// Unsubscribing tells the server that the rest is not needed.
	defer chunks.Unsubscribe()
	var of Snapshot
	request := map[string]any{"deliver_subject": inbox, "chunk_size": snapshotChunk}
	if err := ask(ctx, nc, "$JS.API.STREAM.SNAPSHOT."+stream, request, &of); err != nil {
		return fmt.Errorf("snapshot of %s: %w", stream, err)
	}
	if err := begun(of); err != nil {
		return err
	}
	for want := 1; ; want++ {
		chunk, err := next(ctx, chunks)
		if err != nil {
			return fmt.Errorf("snapshot of %s: %w", stream, err)
		}
		if len(chunk.Data) == 0 {
			if status := chunk.Header.Get("Status"); status != "" && status != "204" {
				return fmt.Errorf("snapshot of %s: aborted by the server: %s %s", stream, status, chunk.Header.Get("Description"))
			}
			return nil
		}
		// The sequence number is the last token of the acknowledgement subject.
		// The last piece, which is smaller, is not acknowledged.
		if chunk.Reply != "" {
			number, err := strconv.Atoi(chunk.Reply[strings.LastIndexByte(chunk.Reply, '.')+1:])
			if err != nil || number != want {
				return fmt.Errorf("snapshot of %s: chunk %d is missing; received %s", stream, want, chunk.Reply)
			}
		}
		if _, err := w.Write(chunk.Data); err != nil {
			return err
		}
		if chunk.Reply != "" {
			if err := nc.Publish(chunk.Reply, nil); err != nil {
				return fmt.Errorf("snapshot of %s: %w", stream, err)
			}
		}
	}
}

func next(ctx context.Context, chunks *nats.Subscription) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, snapshotTimeout, errors.New("the server stopped sending data"))
	defer cancel()
	chunk, err := chunks.NextMsgWithContext(ctx)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return chunk, err
}

// ErrNotReady reports that the servers cannot place a stream yet, for example
// because a cluster has just started. Nothing was begun; retry in a moment.
var ErrNotReady = errors.New("the servers are not ready")

// The server's error codes for this (nats-server, JSClusterNoPeersErrF and
// JSClusterNotAvailErr).
const (
	codeNoPeers     = 10005
	codeUnavailable = 10008
)

// RestoreSnapshot creates the stream of a snapshot with the content from r and
// with s.Config, which may differ from the copied configuration in anything but
// the name. It returns once the stream exists and its leader has read the
// content; other replicas catch up by themselves. A stream with that name must
// not exist. It fails with [ErrNotReady], an [APIError] or r's error. After any
// error other than ErrNotReady, a part of the stream may exist.
func RestoreSnapshot(ctx context.Context, nc *nats.Conn, stream string, s Snapshot, r io.Reader) error {
	var begun struct {
		Deliver string `json:"deliver_subject"`
	}
	if err := ask(ctx, nc, "$JS.API.STREAM.RESTORE."+stream, s, &begun); err != nil {
		var refused *APIError
		if errors.Is(err, nats.ErrNoResponders) || errors.As(err, &refused) && (refused.Code == codeNoPeers || refused.Code == codeUnavailable) {
			err = fmt.Errorf("%w: %w", ErrNotReady, err)
		}
		return fmt.Errorf("restore %s: %w", stream, err)
	}
	chunk := make([]byte, restoreChunk)
	for {
		n, err := io.ReadFull(r, chunk)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("restore %s: %w", stream, err)
		}
		if n > 0 {
			if err := deliver(ctx, nc, begun.Deliver, chunk[:n]); err != nil {
				return fmt.Errorf("restore %s: %w", stream, err)
			}
		}
		if err != nil {
			break
		}
	}
	var made struct {
		Config json.RawMessage `json:"config"`
	}
	if err := send(ctx, nc, begun.Deliver, nil, restoreTimeout, &made); err != nil {
		return fmt.Errorf("restore %s: %w", stream, err)
	}
	if made.Config == nil {
		return fmt.Errorf("restore %s: the server did not confirm that it created the stream", stream)
	}
	return nil
}

// deliver sends a piece to the server that restores. In a cluster, its
// subscription may become known slightly later than its reply, if they take
// different routes; a piece without a responder reached no server, so it can be
// sent again.
func deliver(ctx context.Context, nc *nats.Conn, subject string, piece []byte) error {
	for deadline := time.Now().Add(snapshotTimeout); ; {
		err := send(ctx, nc, subject, piece, snapshotTimeout, nil)
		if !errors.Is(err, nats.ErrNoResponders) || time.Now().After(deadline) {
			return err
		}
		if !retry.Pause(ctx, 100*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
}

// APIError is an error returned by the server, in its words.
type APIError struct {
	Code        int    `json:"err_code"`
	Description string `json:"description"`
}

func (e *APIError) Error() string { return fmt.Sprintf("%s (%d)", e.Description, e.Code) }

func ask(ctx context.Context, nc *nats.Conn, subject string, request, answer any) error {
	text, err := json.Marshal(request)
	if err != nil {
		return err
	}
	return send(ctx, nc, subject, text, snapshotTimeout, answer)
}

// send sends one request. A response without content means success.
func send(ctx context.Context, nc *nats.Conn, subject string, data []byte, timeout time.Duration, answer any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("the server did not respond within %s", timeout))
	defer cancel()
	reply, err := nc.RequestWithContext(ctx, subject, data)
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return err
	case len(reply.Data) == 0:
		return nil
	}
	var refused struct {
		Error *APIError `json:"error"`
	}
	if err := json.Unmarshal(reply.Data, &refused); err != nil {
		return err
	}
	if refused.Error != nil {
		return refused.Error
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(reply.Data, answer)
}
