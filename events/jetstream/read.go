package jetstream

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/broker/retry"
	"github.com/docketlog/docket/events"
)

// getRequest requests stored messages (NATS ADR-31). With Last, the answer is
// the last message of a subject. With Next and Sequence, it is the first message
// of a subject from that sequence on, or up to Batch messages if Batch is set.
type getRequest struct {
	Sequence uint64 `json:"seq,omitempty"`
	Last     string `json:"last_by_subj,omitempty"`
	Next     string `json:"next_by_subj,omitempty"`
	Batch    int    `json:"batch,omitempty"`
	MaxBytes int    `json:"max_bytes,omitempty"`
}

// stored is a message as the stream holds it.
type stored struct {
	subject  string
	sequence uint64
	header   nats.Header
	data     []byte
	time     time.Time
}

// envelope parses the event in the message. The error wraps
// [events.ErrMalformed].
func (l *Log) envelope(m *stored) (events.Envelope, error) {
	e, err := events.ParseEnvelope(m.subject, func(name string) string {
		// Names are case-sensitive: nats.Header keeps them as stored.
		if v := m.header[name]; len(v) > 0 {
			return v[0]
		}
		return ""
	}, m.data)
	e.Position = l.at(m.sequence)
	return e, err
}

// leader reads a message from the stream's leader, which has every acknowledged
// message.
func (l *Log) leader(ctx context.Context, r getRequest) (m stored, found bool, err error) {
	reply, err := l.request(ctx, "$JS.API.STREAM.MSG.GET."+l.stream, r)
	if err != nil {
		return stored{}, false, err
	}
	var answer struct {
		Message struct {
			Subject  string    `json:"subject"`
			Sequence uint64    `json:"seq"`
			Header   []byte    `json:"hdrs"`
			Data     []byte    `json:"data"`
			Time     time.Time `json:"time"`
		} `json:"message"`
		Error *apiError `json:"error"`
	}
	if err := json.Unmarshal(reply.Data, &answer); err != nil {
		return stored{}, false, fmt.Errorf("stored message: %w", err)
	}
	if answer.Error != nil {
		if answer.Error.Code == codeMessageNotFound {
			return stored{}, false, nil
		}
		return stored{}, false, answer.Error
	}
	m = stored{subject: answer.Message.Subject, sequence: answer.Message.Sequence, data: answer.Message.Data, time: answer.Message.Time}
	if len(answer.Message.Header) > 0 {
		if m.header, err = nats.DecodeHeadersMsg(answer.Message.Header); err != nil {
			// The stored message is malformed; the read did not fail.
			m.header = nil
		}
	}
	return m, true, nil
}

func (l *Log) request(ctx context.Context, subject string, r getRequest) (*nats.Msg, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, retry.Timeout)
	defer cancel()
	return l.nc.RequestWithContext(ctx, subject, body)
}

// The headers and statuses of an answer to a direct get.
const (
	headerStatus       = "Status"
	headerSubject      = "Nats-Subject"
	headerSequence     = "Nats-Sequence"
	headerLastSequence = "Nats-Last-Sequence"
	headerNumPending   = "Nats-Num-Pending"
	headerTime         = "Nats-Time-Stamp"

	statusEnd          = "204"
	statusNotFound     = "404"
	statusNoResponders = "503"
)

// replied returns the stored message in an answer to a direct get, and false if
// the answer is a status. The header alone does not tell: a stored message may
// have any header, including one named Status.
func replied(m *nats.Msg) (stored, bool) {
	sequence := number(m, headerSequence)
	at, _ := time.Parse(time.RFC3339Nano, value(m, headerTime))
	return stored{subject: value(m, headerSubject), sequence: sequence, header: m.Header, data: m.Data, time: at}, sequence > 0
}

func statusError(m *nats.Msg) error {
	status := m.Header.Get(headerStatus)
	if status == statusNoResponders {
		return nats.ErrNoResponders
	}
	return fmt.Errorf("direct get: status %s %s", status, m.Header.Get("Description"))
}

// value returns a header that the server added. The server appends its headers
// to the stored ones, so the last value of a name is the server's.
func value(m *nats.Msg, name string) string {
	if v := m.Header[name]; len(v) > 0 {
		return v[len(v)-1]
	}
	return ""
}

// number returns a server's header as a number, or 0 if it is missing or invalid.
func number(m *nats.Msg, name string) uint64 {
	n, _ := strconv.ParseUint(value(m, name), 10, 64)
	return n
}
