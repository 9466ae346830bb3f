package gate

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the API's; metrics.md says what each means.
type metrics struct {
	requests, refusals, operations, panics, postbacks, callbacks, logins, statements *prometheus.CounterVec
	seconds                                                                          *prometheus.HistogramVec
	inFlight                                                                         prometheus.Gauge
	behind                                                                           *prometheus.GaugeVec
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "provodka_" + name, Help: help}, labels)
	}
	m := &metrics{
		requests:   counter("rpc_requests_total", "Calls answered.", "method", "code"),
		refusals:   counter("rpc_refusals_total", "Calls and parts of calls refused.", "method", "reason"),
		operations: counter("rpc_operations_total", "Operations handed to the engine.", "method"),
		panics:     counter("rpc_panics_total", "Calls that panicked.", "method"),
		postbacks:  counter("postbacks_total", "Postbacks sent.", "result"),
		callbacks:  counter("callbacks_total", "Callbacks of providers.", "provider", "result"),
		statements: counter("statements_total", "Looks at the bank's statements.", "result"),
		logins:     counter("logins_total", "Passwords looked at.", "result"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "provodka_rpc_seconds", Help: "Time of a call.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16), // float: a metric
		}, []string{"method"}),
		behind:   prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "provodka_statement_behind_days", Help: "Days that are over and of which the bank's statement was not read wholly."}, []string{"account"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "provodka_rpc_in_flight", Help: "Calls being worked on."}),
	}
	for _, c := range m.all() {
		if err := reg.Register(c); err != nil {
			return nil, errors.Join(errors.New("api: register metrics"), err)
		}
	}
	return m, nil
}

// CountPostback counts a postback that was sent.
func (g *Gate) CountPostback(result string) { g.metrics.postbacks.WithLabelValues(result).Inc() }

// CountCallback counts a callback of a provider.
func (g *Gate) CountCallback(provider, result string) {
	g.metrics.callbacks.WithLabelValues(provider, result).Inc()
}

// CountStatement counts a look at the bank's statement of an account.
func (g *Gate) CountStatement(result string) { g.metrics.statements.WithLabelValues(result).Inc() }

// StatementBehind tells how many days of an account's statement are over and were not read wholly.
func (g *Gate) StatementBehind(account string, days int) {
	g.metrics.behind.WithLabelValues(account).Set(float64(days)) // float: a metric
}

func (m *metrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.requests, m.refusals, m.operations, m.panics, m.postbacks, m.callbacks, m.logins, m.statements, m.seconds, m.inFlight, m.behind}
}
