package api

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/feed"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/service"
)

const (
	// heartbeat is the interval of keep-alive messages, so that proxies keep the
	// connection open and both sides detect its end.
	heartbeat = 15 * time.Second
	// watch is the interval at which a feed checks the caller's credentials.
	watch = time.Second
	// writeTimeout is the timeout for a client to accept a write.
	writeTimeout = 20 * time.Second
)

// FollowAnswer is a stream of server-sent events.
type FollowAnswer struct {
	Position    string `header:"Docket-Position" doc:"The log position after which the stream starts."`
	ContentType string `header:"Content-Type"`
	Body        func(huma.Context)
}

// feed subscribes before it answers, so that an invalid request gets a problem,
// not a broken stream.
func (a *API) feed(ctx context.Context, in *struct {
	LastEventID Position  `header:"Last-Event-ID" doc:"Resume after this event: its id, or any Docket-Position."`
	After       Position  `query:"after" doc:"The same as Last-Event-ID, for clients that cannot set headers. The header takes precedence."`
	Project     uuid.UUID `query:"project" format:"uuid" doc:"Only events of the project with this ID."`
}) (*FollowAnswer, error) {
	caller := access.From(ctx)
	after := in.LastEventID.Position
	if after.IsZero() {
		after = in.After.Position
	}
	s, err := a.service.Subscribe(ctx, in.Project, after)
	if err != nil {
		return nil, err
	}
	return &FollowAnswer{Position: s.Position().String(), ContentType: "text/event-stream", Body: func(h huma.Context) {
		defer s.Close()
		r, w := humago.Unwrap(h)
		if r.Method == http.MethodHead {
			return
		}
		a.stream(ctx, stream{http.NewResponseController(w), w}, s, caller)
	}}, nil
}

// stream sends the subscription's events until one side ends it, and gives the
// reason in a last comment.
func (a *API) stream(ctx context.Context, w stream, s *feed.Subscription, caller access.Caller) {
	w.w.Header().Set("Cache-Control", "no-store")
	w.w.Header().Set("X-Accel-Buffering", "no")
	w.w.WriteHeader(http.StatusOK)
	at := s.Position()
	if w.send([]byte("retry: 2000\nid: "+at.String()+"\n: events after this position follow\n\n")) != nil {
		return
	}
	said := time.Now()
	for {
		more, reached, err := s.Next(ctx, watch)
		if err == nil {
			// Check before sending, not after: a revoked secret receives nothing.
			if still := a.still(ctx, caller); still != nil {
				if p := problem.From(still); p.Code == problem.Unavailable {
					err = feed.ErrInterrupted
				} else {
					err = errLetGo
				}
			}
		}
		if err != nil {
			if ctx.Err() == nil {
				a.logger.Debug("feed closed", slog.Any("err", err))
				_ = w.send([]byte(": feed closed: " + reason(err) + "\n\n"))
			}
			return
		}
		var out bytes.Buffer
		for _, e := range more {
			out.WriteString("id: " + e.Position.String() + "\ndata: ")
			out.Write(e.JSON)
			out.WriteString("\n\n")
		}
		if len(more) == 0 && time.Since(said) >= heartbeat {
			// Advance the id too, so that a client with few events resumes near.
			out.WriteString(": no new events\nid: " + reached.String() + "\n\n")
		}
		if out.Len() == 0 {
			continue
		}
		if w.send(out.Bytes()) != nil {
			return
		}
		said = time.Now()
	}
}

// errLetGo ends the feed of a caller whose credentials are no longer accepted.
var errLetGo = errors.New("session or token is no longer valid")

// reason returns a fixed sentence that says why a feed ends.
func reason(err error) string {
	for _, known := range []error{feed.ErrSlow, feed.ErrInterrupted, feed.ErrStopped} {
		if errors.Is(err, known) {
			return known.Error() + "; resume with Last-Event-ID"
		}
	}
	if errors.Is(err, errLetGo) {
		return errLetGo.Error()
	}
	// Other errors mean nothing to a client, and may reveal too much.
	return problem.From(err).Detail
}

// stream is a response that is written in pieces.
type stream struct {
	control *http.ResponseController
	w       http.ResponseWriter
}

func (s stream) send(p []byte) error {
	// Each piece has its own deadline; the server's is for whole answers.
	if err := s.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := s.w.Write(p); err != nil {
		return err
	}
	return s.control.Flush()
}

// feedResponse describes the stream, which huma cannot derive.
func feedResponse(r huma.Registry) *huma.Response {
	return &huma.Response{
		Description: "A stream of server-sent events. The id of each event is its log position, its data a FeedEvent in JSON. " +
			"Comments keep the connection alive; the last one says why the stream ends.",
		Headers: map[string]*huma.Param{service.PositionHeader: {Schema: &huma.Schema{Type: huma.TypeString}}},
		Content: map[string]*huma.MediaType{"text/event-stream": {
			Schema:     &huma.Schema{Type: huma.TypeString},
			Extensions: map[string]any{"x-event-data": r.Schema(reflect.TypeFor[feed.Body](), true, "FeedEvent")},
		}},
	}
}
