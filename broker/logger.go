package broker

import (
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
)

// logger hands the server's messages on. The first from which the server does
// not recover is also sent to fatal.
type logger struct {
	log   *slog.Logger
	fatal chan<- string
	// down is set before anybody can read what was not stored.
	down *atomic.Bool
}

func (l logger) Noticef(format string, v ...any) { l.log.Debug("broker: " + fmt.Sprintf(format, v...)) }
func (l logger) Debugf(format string, v ...any)  { l.log.Debug("broker: " + fmt.Sprintf(format, v...)) }
func (l logger) Tracef(format string, v ...any)  { l.log.Debug("broker: " + fmt.Sprintf(format, v...)) }

// Warnf keeps one warning quiet: the password in the server's settings is a
// random one, kept nowhere but in the data folder, and not worth the time a
// slow hash would take at every connection.
func (l logger) Warnf(format string, v ...any) {
	if strings.HasPrefix(format, "Plaintext passwords detected") {
		l.Debugf(format, v...)
		return
	}
	l.log.Warn("broker: " + fmt.Sprintf(format, v...))
}

// Errorf takes a server that can store no more for failed: it refuses every
// later message, also when there is room again, until it is started anew.
func (l logger) Errorf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.log.Error("broker: " + text)
	// The first comes while the server still holds its lock on the stream.
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
