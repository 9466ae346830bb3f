package server

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"github.com/provodka/provodka/ledger/trace"
)

// openTraces sends traces to the collector that the configuration names, or keeps none.
// A collector that is away costs the traces, never a call: spans wait in a bounded
// queue and are dropped when it is full.
func (m *Main) openTraces(ctx context.Context) error {
	if m.cfg.Traces == "" {
		return nil
	}
	at, err := url.Parse(m.cfg.Traces)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return fmt.Errorf("traces: %q is no address of a collector, http://host:4318", m.cfg.Traces)
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(at.JoinPath("v1/traces").String()))
	if err != nil {
		return fmt.Errorf("traces: %w", err)
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(resource.NewSchemaless(
		attribute.String("service.name", "provodka"), attribute.String("service.instance.id", m.cfg.Process))))
	m.tracer = trace.New(provider.Tracer("provodka"))
	m.closing = append(m.closing, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			m.log.Warn("the last traces were not sent", "error", err)
		}
	})
	return nil
}
