package app

import (
	"context"
	"net"
	"strings"

	js "github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/gateway"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/metrics"
)

// gatewayParts is what runs where HTTP is served: in front who takes requests,
// behind what answers rest on.
func (s *system) gatewayParts(ctx context.Context, listener net.Listener, handler *commands.Handler, sources metrics.Sources) (front, back []part, err error) {
	stream, err := js.New(s.nc)
	if err != nil {
		return nil, nil, err
	}
	answers, err := idempotency.Open(ctx, stream, s.settings.copies)
	if err != nil {
		return nil, nil, err
	}
	figures := registry(sources)
	base := s.settings.baseURL(listener.Addr().String())
	options := gateway.Options{
		Commands: handler, Accounts: s.accounts, Rows: s.rows, Log: s.log, Idempotency: answers,
		BaseURL: base, SecureCookies: strings.HasPrefix(base, "https://"), ClientAddress: s.settings.proxies.client,
		RequestsPerSecond: s.settings.rate,
		Metrics:           promhttp.HandlerFor(figures, promhttp.HandlerOpts{}), Registry: figures, Logger: s.logger, Tracer: s.tracer,
	}
	if s.replicas != nil {
		options.Rows, options.Replicas = s.replicas, s.replicas.Replicas
	}
	g, err := gateway.New(options)
	if err != nil {
		return nil, nil, err
	}
	server := g.Server(listener.Addr().String())
	if s.settings.TLSCert != "" {
		cert, err := openCertificate(s.settings.TLSCert, s.settings.TLSKey, s.logger)
		if err != nil {
			return nil, nil, err
		}
		server.TLSConfig = cert.serve()
		s.https = cert
	}
	return []part{serving(listener, server)},
		[]part{{"feed", g.Run}, {"commands", handler.Run}}, nil
}
