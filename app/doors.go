package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/docketlog/docket/operations"
)

// defaultHTTP is the default address of a gateway.
const defaultHTTP = "127.0.0.1:8080"

// openFrontDoor listens on the public address.
func (s *system) openFrontDoor(context.Context) error { return s.listen(defaultHTTP) }

// openOperationsDoor listens on the address for monitoring, if there is one.
func (s *system) openOperationsDoor(context.Context) error {
	if s.settings.HTTP == "" {
		return nil
	}
	return s.listen("")
}

func (s *system) listen(fallback string) error {
	address := s.settings.HTTP
	if address == "" {
		address = fallback
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("cannot listen on %s; choose another address with --http: %w", address, err)
	}
	s.listener = listener
	s.leave = append(s.leave, func() { _ = listener.Close() })
	return nil
}

// operationsPart serves health and metrics of a role that serves nothing else.
func operationsPart(s *system, _ context.Context) (front, back []part, err error) {
	if s.listener == nil {
		return nil, nil, nil
	}
	server := operations.Server(operations.Options{
		Ready:   map[string]operations.Check{"/readyz": s.unready},
		Metrics: promhttp.HandlerFor(s.registry(), promhttp.HandlerOpts{MaxRequestsInFlight: 4}), Logger: s.logger,
	})
	return []part{serving(s.listener, server)}, nil, nil
}

// unready returns why a role without a gateway is not ready.
func (s *system) unready(ctx context.Context) (found []operations.Shortcoming) {
	if _, err := s.log.End(ctx); err != nil {
		found = append(found, operations.Shortcoming{Part: "log", Reason: "cannot be reached", Err: err})
	}
	if s.rows != nil {
		if err := s.rows.Ping(ctx); err != nil {
			found = append(found, operations.Shortcoming{Part: "rows", Reason: "cannot be reached", Err: err})
		}
	}
	return found
}

// shutdownGrace is how long pending requests may take during shutdown.
const shutdownGrace = 10 * time.Second

// serving returns the part that serves HTTP: when it ends, it accepts no new
// requests and finishes pending ones.
func serving(listener net.Listener, server *http.Server) part {
	return part{"http", func(ctx context.Context) error {
		failed := make(chan error, 1)
		go func() {
			if server.TLSConfig != nil {
				failed <- server.ServeTLS(listener, "", "")
				return
			}
			failed <- server.Serve(listener)
		}()
		select {
		case err := <-failed:
			return err
		case <-ctx.Done():
		}
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
		defer cancel()
		if err := server.Shutdown(grace); err != nil {
			return errors.Join(err, server.Close())
		}
		return nil
	}}
}
