package smtp

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/wneessen/go-mail"
)

func TestURLs(t *testing.T) {
	t.Parallel()
	for url, ok := range map[string]bool{
		"smtp://mail.test":                           true,
		"smtp://user:pass@mail.test:2525":            true,
		"smtps://user:pass@mail.test":                true,
		"smtp://mail.test?tls=off":                   true,
		"smtp://user:pass@127.0.0.1:25?tls=off":      true,
		"smtp://user:pass@localhost?tls=required":    true,
		"smtp://user:pass@mail.test?tls=off":         false,
		"smtps://mail.test?tls=off":                  false,
		"smtp://mail.test?tls=maybe":                 false,
		"smtp://mail.test?timeout=3":                 false,
		"smtp://mail.test/path":                      false,
		"smtp://mail.test:0":                         false,
		"smtp://mail.test:70000":                     false,
		"http://mail.test":                           false,
		"mail.test":                                  false,
		"":                                           false,
		"smtp://user:s3cret\x7f@mail.test":           false,
		"smtp://user:s3cret@mail.test?tls=off&a=b%z": false,
	} {
		err := Check(url)
		if (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
		if err != nil && (strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "pass@")) {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
}

// TestRepliesWithoutEnd asks servers that send a line, lines, or a TLS greeting
// without end.
func TestRepliesWithoutEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ url, first, more string }{
		"one line":   {"smtp://%s", "220 ", "2"},
		"many lines": {"smtp://%s", "", "220-mail.test\r\n"},
		"encrypted":  {"smtps://%s?tls=required", "", "\x16\x03\x03\x00\x01\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			sent := make(chan int64, 1)
			go func() {
				conn, err := listener.Accept()
				if err != nil {
					sent <- 0
					return
				}
				defer conn.Close()
				n, _ := io.Copy(conn, io.MultiReader(strings.NewReader(c.first), &endless{text: strings.Repeat(c.more, 1000)}))
				sent <- n
			}()
			t.Cleanup(func() { _ = listener.Close() })
			server, err := Parse(fmt.Sprintf(c.url, listener.Addr()), nil)
			if err != nil {
				t.Fatal(err)
			}
			var failed *Failure
			err = server.Send(t.Context(), message(t), 10*time.Minute)
			if !errors.As(err, &failed) || !failed.Server || failed.Permanent {
				t.Errorf("want a failure of the server, have %v", err)
			}
			_ = listener.Close()
			// The rest is what the sockets hold.
			if n := <-sent; n > 64<<20 {
				t.Errorf("the server could send %d bytes", n)
			}
		})
	}
}

// endless repeats a text for ever.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.text[e.at:])
	e.at = (e.at + n) % len(e.text)
	return n, nil
}

func message(t *testing.T) *mail.Msg {
	t.Helper()
	m := mail.NewMsg()
	if err := errors.Join(m.From("docket@docket.test"), m.To("ann@people.test")); err != nil {
		t.Fatal(err)
	}
	m.SetBodyString(mail.TypeTextPlain, "Hello.")
	return m
}
