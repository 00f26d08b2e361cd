package app

import (
	"context"
	"strings"

	js "github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/config/certificate"
	"github.com/docketlog/docket/gateway"
	"github.com/docketlog/docket/gateway/idempotency"
)

// openHandler opens the handler of commands.
func (s *system) openHandler(context.Context) error {
	s.handler = commands.NewHandler(s.log, commands.Options{Logger: s.logger, Tracer: s.tracer})
	return nil
}

// gatewayParts serves users: the gateway in front, its feed and its command
// handler behind. It also serves health and metrics of the process.
func gatewayParts(s *system, ctx context.Context) (front, back []part, err error) {
	options, err := s.gatewayOptions(ctx)
	if err != nil {
		return nil, nil, err
	}
	g, err := gateway.New(options)
	if err != nil {
		return nil, nil, err
	}
	server := g.Server(s.listener.Addr().String())
	if s.settings.TLSCert != "" {
		if s.https, err = certificate.Open(s.settings.TLSCert, s.settings.TLSKey, s.logger); err != nil {
			return nil, nil, err
		}
		server.TLSConfig = s.https.Server()
	}
	return []part{serving(s.listener, server)}, []part{{"feed", g.Run}, {"commands", s.handler.Run}}, nil
}

func (s *system) gatewayOptions(ctx context.Context) (gateway.Options, error) {
	stream, err := js.New(s.nc)
	if err != nil {
		return gateway.Options{}, err
	}
	answers, err := idempotency.Open(ctx, stream, s.settings.Copies)
	if err != nil {
		return gateway.Options{}, err
	}
	figures := s.registry()
	base := s.settings.BaseURL(s.listener.Addr().String())
	options := gateway.Options{
		Commands: s.handler, Accounts: s.accounts, Rows: s.rows, Log: s.log, Idempotency: answers,
		BaseURL: base, SecureCookies: strings.HasPrefix(base, "https://"), ClientAddress: s.settings.Proxies.Client,
		RequestsPerSecond: s.settings.RequestRate,
		Metrics:           promhttp.HandlerFor(figures, promhttp.HandlerOpts{MaxRequestsInFlight: 4}), Registry: figures, Logger: s.logger, Tracer: s.tracer,
	}
	if s.replicas != nil {
		options.Rows, options.Replicas = s.replicas, s.replicas.Replicas
	}
	return options, nil
}
