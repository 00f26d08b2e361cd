package broker

import (
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
)

// logger forwards the server's messages. The first error from which the server
// does not recover is also sent to fatal.
type logger struct {
	log   *slog.Logger
	fatal chan<- string
	// down is set before data that was not stored can be read.
	down *atomic.Bool
}

func (l logger) Noticef(format string, v ...any) { l.log.Debug("broker: " + fmt.Sprintf(format, v...)) }
func (l logger) Debugf(format string, v ...any)  { l.log.Debug("broker: " + fmt.Sprintf(format, v...)) }
func (l logger) Tracef(format string, v ...any)  { l.log.Debug("broker: " + fmt.Sprintf(format, v...)) }

// Warnf lowers one warning to debug level: the password in the server's
// settings is random and stored only in the data folder, so it is not worth the
// time of a slow hash at every connection.
func (l logger) Warnf(format string, v ...any) {
	if strings.HasPrefix(format, "Plaintext passwords detected") {
		l.Debugf(format, v...)
		return
	}
	l.log.Warn("broker: " + fmt.Sprintf(format, v...))
}

// Errorf marks a server that can no longer store messages as failed: it refuses
// all later messages until it is restarted, even if there is space again.
func (l logger) Errorf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.log.Error("broker: " + text)
	// The first of these errors is logged while the server still holds its lock
	// on the stream.
	if strings.Contains(text, "Critical write error") ||
		strings.HasPrefix(text, "JetStream failed to store a msg") || strings.HasPrefix(text, "JetStream out of") {
		l.fail(text)
	}
}

func (l logger) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.log.Error("broker: " + text)
	l.fail(text)
}

func (l logger) fail(text string) {
	l.down.Store(true)
	select {
	case l.fatal <- text:
	default:
	}
}
