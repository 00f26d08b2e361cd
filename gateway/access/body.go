package access

import (
	"bytes"
	"errors"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/docketlog/docket/gateway/problem"
)

// MaxBody is the largest body of a request to the API, in bytes.
const MaxBody = 256 << 10

// bodyTimeout is the timeout for receiving a body.
const bodyTimeout = 10 * time.Second

// ReadBody reads the whole body, of at most most bytes, so that all later code
// works on complete data. It then clears the connection's read deadline.
func ReadBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, *problem.Problem) {
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > most {
		w.Header().Set("Connection", "close")
		return nil, problem.New(problem.BodyTooLarge, "The request body must not exceed %d bytes; it has %d.", most, r.ContentLength)
	}
	control := http.NewResponseController(w)
	// Not every writer supports deadlines; a server's does.
	_ = control.SetReadDeadline(time.Now().Add(bodyTimeout))
	body := make([]byte, 0, max(512, r.ContentLength+1))
	buffer := bytes.NewBuffer(body)
	_, err := buffer.ReadFrom(http.MaxBytesReader(w, r.Body, most))
	if err == nil {
		_ = control.SetReadDeadline(time.Time{})
	} else {
		// Otherwise the server would wait for the rest before it answers, for as
		// long as a byte arrives now and then.
		w.Header().Set("Connection", "close")
		_ = control.SetReadDeadline(time.Now())
	}
	var tooLarge *http.MaxBytesError
	var slow interface{ Timeout() bool }
	switch {
	case errors.As(err, &tooLarge):
		return nil, problem.New(problem.BodyTooLarge, "The request body must not exceed %d bytes.", most)
	case errors.As(err, &slow) && slow.Timeout():
		return nil, problem.New(problem.BodyTooSlow, "")
	case err != nil:
		return nil, problem.New(problem.MalformedBody, "The request body ended early.")
	case !utf8.Valid(buffer.Bytes()):
		// The decoder would silently replace invalid UTF-8.
		return nil, problem.New(problem.MalformedBody, "The request body is not valid UTF-8.")
	}
	return buffer.Bytes(), nil
}
