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

// Snapshot says of which stream the content is that goes with it. Config and
// State are the server's own words, which a newer server may have more of than
// this program knows; what it does not know it passes on.
type Snapshot struct {
	Config json.RawMessage `json:"config"`
	State  json.RawMessage `json:"state"`
}

const (
	// snapshotChunk is what travels in one message, well below the least that
	// servers let pass; restoreChunk what a server is given at once, which writes
	// each message before it takes more.
	snapshotChunk = 256 << 10
	restoreChunk  = 32 << 10
	// snapshotPatience is how long the other side may keep silent while chunks
	// are on their way.
	snapshotPatience = 30 * time.Second
	// restorePatience is how long a server may take to read what it was given.
	restorePatience = 10 * time.Minute
)

// TakeSnapshot copies a stream with its durable consumers as they are at one
// moment, while others go on writing. begun is told what the copy is of; then
// the content goes to w in the server's own form, piece by piece, no faster than
// w takes it. It fails with [nats.ErrNoResponders] or an [APIError] if the server
// gives no snapshot, with w's error, and with an error of its own if a piece is
// missing: an answer of nil means that w has all of it.
func TakeSnapshot(ctx context.Context, nc *nats.Conn, stream string, begun func(Snapshot) error, w io.Writer) error {
	inbox := nc.NewInbox()
	chunks, err := nc.SubscribeSync(inbox)
	if err != nil {
		return fmt.Errorf("snapshot of %s: %w", stream, err)
	}
	// Leaving is how the server learns that nobody wants the rest.
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
				return fmt.Errorf("snapshot of %s: the server stopped: %s %s", stream, status, chunk.Header.Get("Description"))
			}
			return nil
		}
		// The number stands at the end of where to acknowledge. The last piece,
		// which is smaller, is not acknowledged.
		if chunk.Reply != "" {
			number, err := strconv.Atoi(chunk.Reply[strings.LastIndexByte(chunk.Reply, '.')+1:])
			if err != nil || number != want {
				return fmt.Errorf("snapshot of %s: piece %d is missing, the next one is %s", stream, want, chunk.Reply)
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
	ctx, cancel := context.WithTimeoutCause(ctx, snapshotPatience, errors.New("the server fell silent in the midst of it"))
	defer cancel()
	chunk, err := chunks.NextMsgWithContext(ctx)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return chunk, err
}

// ErrNotReady reports servers that cannot place a stream yet, as when a cluster
// has just come up. Nothing was begun; try again in a moment.
var ErrNotReady = errors.New("the servers are not ready")

// The server's codes for it (nats-server, JSClusterNoPeersErrF and
// JSClusterNotAvailErr).
const (
	codeNoPeers     = 10005
	codeUnavailable = 10008
)

// RestoreSnapshot makes the stream that a snapshot is of, with s.Config, which
// may differ from what was copied in anything but the name, and the content
// from r. It answers once the stream is there and read by the server that leads
// it; its copies on others follow by themselves. There must be no stream of that
// name. Errors: [ErrNotReady], an [APIError], r's. After any
// other error than the first a part of the stream may be there.
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
	if err := send(ctx, nc, begun.Deliver, nil, restorePatience, &made); err != nil {
		return fmt.Errorf("restore %s: %w", stream, err)
	}
	if made.Config == nil {
		return fmt.Errorf("restore %s: the server does not say that it made the stream", stream)
	}
	return nil
}

// deliver is send of a piece to the server that restores. That it listens may
// be known a moment later than that it began where the two came by different
// ways through a cluster; what found nobody was given to nobody.
func deliver(ctx context.Context, nc *nats.Conn, subject string, piece []byte) error {
	for deadline := time.Now().Add(snapshotPatience); ; {
		err := send(ctx, nc, subject, piece, snapshotPatience, nil)
		if !errors.Is(err, nats.ErrNoResponders) || time.Now().After(deadline) {
			return err
		}
		if !retry.Pause(ctx, 100*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
}

// APIError is a server's no, in its words.
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
	return send(ctx, nc, subject, text, snapshotPatience, answer)
}

// send is one request. An answer without content is a yes.
func send(ctx context.Context, nc *nats.Conn, subject string, data []byte, patience time.Duration, answer any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the server did not answer for %s", patience))
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
