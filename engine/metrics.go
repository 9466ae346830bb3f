package engine

import (
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/journal/proof"
)

// metrics are the engine's; metrics.md says what each means.
type metrics struct {
	commands, records, putAside     *prometheus.CounterVec
	takeOvers, answers              *prometheus.CounterVec
	batch, decide, commit           *prometheus.HistogramVec
	lag, ahead, head, publishedHead *prometheus.GaugeVec
	effects, running, projectedHead *prometheus.GaugeVec
	checkpoint, unsealable, audited *prometheus.GaugeVec
	findings, confirmations, limits *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "provodka_" + name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "provodka_" + name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec { // float: a metric
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "provodka_" + name, Help: help, Buckets: buckets}, []string{"shard"})
	}
	seconds := prometheus.ExponentialBuckets(0.0002, 2, 16) // float: a metric
	m := &metrics{
		commands:      counter("commands_total", "Commands decided and committed.", "shard"),
		records:       counter("records_total", "Journal records committed.", "shard"),
		putAside:      counter("put_aside_total", "Commands that failed alone and were put aside.", "shard"),
		takeOvers:     counter("take_overs_total", "Take-overs after a failure.", "shard"),
		answers:       counter("answers_total", "Answers of the world.", "port", "result"),
		batch:         histogram("batch_operations", "Operations of one commit.", prometheus.ExponentialBuckets(1, 2, 14)),
		decide:        histogram("decide_seconds", "Time to decide what arrived.", seconds),
		commit:        histogram("commit_seconds", "Time of a commit.", seconds),
		lag:           gauge("command_lag", "Commands that wait.", "shard"),
		ahead:         gauge("clock_ahead_seconds", "How far a record is stamped ahead of the database clock.", "shard"),
		head:          gauge("journal_head", "Last committed record.", "shard"),
		publishedHead: gauge("published_head", "Last published record.", "shard"),
		projectedHead: gauge("projected_head", "Last record in the search tables.", "shard"),
		effects:       gauge("effects", "Effects open or in doubt.", "shard", "port", "state"),
		checkpoint:    gauge("checkpoint_size", "Records under the last published checkpoint.", "shard"),
		unsealable:    gauge("unsealable", "Whether a checkpoint was refused because it would contradict a published one.", "shard"),
		audited:       gauge("audited_head", "Last audited record.", "shard"),
		findings:      counter("findings_total", "Differences that the auditor found.", "shard"),
		confirmations: counter("confirmations_total", "Final answers that were asked about again.", "port", "outcome"),
		limits:        counter("limit_refusals_total", "Payments that a limit stopped.", "code", "scope", "setter"),
		running:       gauge("shard_running", "Whether the loop of an owned shard runs.", "shard"),
	}
	for _, c := range m.all() {
		if err := reg.Register(c); err != nil {
			return nil, errors.Join(errors.New("engine: register metrics"), err)
		}
	}
	return m, nil
}

func (m *metrics) all() []prometheus.Collector {
	return []prometheus.Collector{
		m.commands, m.records, m.putAside, m.takeOvers, m.answers, m.batch, m.decide, m.commit,
		m.lag, m.ahead, m.head, m.publishedHead, m.projectedHead, m.effects, m.running,
		m.checkpoint, m.unsealable, m.audited, m.findings, m.confirmations, m.limits,
	}
}

// shardMetrics are the metrics of one shard.
type shardMetrics struct {
	commands, records prometheus.Counter
	putAside          prometheus.Counter
	limits            *prometheus.CounterVec
	batch, decide     prometheus.Observer
	commit            prometheus.Observer
	lag, ahead, head  prometheus.Gauge
}

func (m *metrics) shard(n int) *shardMetrics {
	s := strconv.Itoa(n)
	return &shardMetrics{
		commands: m.commands.WithLabelValues(s), records: m.records.WithLabelValues(s),
		putAside: m.putAside.WithLabelValues(s), limits: m.limits,
		batch: m.batch.WithLabelValues(s), decide: m.decide.WithLabelValues(s), commit: m.commit.WithLabelValues(s),
		lag: m.lag.WithLabelValues(s), ahead: m.ahead.WithLabelValues(s), head: m.head.WithLabelValues(s),
	}
}

func (s *shardMetrics) committed(b *batch, took time.Duration) {
	s.commands.Add(float64(len(b.commands))) // float: a metric
	s.records.Add(float64(len(b.records)))   // float: a metric
	s.batch.Observe(float64(b.operations))   // float: a metric
	s.commit.Observe(took.Seconds())
	s.head.Set(float64(b.endSeq)) // float: a metric
	for _, stop := range b.stopped {
		s.limits.WithLabelValues(stop.Code, stop.Scope, stop.Setter).Inc()
	}
}

func (m *metrics) published(shard int, seq uint64) {
	m.publishedHead.WithLabelValues(strconv.Itoa(shard)).Set(float64(seq)) // float: a metric
}

// sealed says how far a shard is sealed.
func (m *metrics) sealed(shard int, last *proof.Checkpoint, refused bool) {
	s := strconv.Itoa(shard)
	if last != nil {
		m.checkpoint.WithLabelValues(s).Set(float64(last.Size)) // float: a metric
	}
	unsealable := m.unsealable.WithLabelValues(s)
	unsealable.Set(0)
	if refused {
		unsealable.Set(1)
	}
}

func (m *metrics) projected(shard int, seq uint64) {
	m.projectedHead.WithLabelValues(strconv.Itoa(shard)).Set(float64(seq)) // float: a metric
}

func (m *metrics) auditedUntil(shard int, seq uint64) {
	m.audited.WithLabelValues(strconv.Itoa(shard)).Set(float64(seq)) // float: a metric
}

func (m *metrics) found(shard int) { m.findings.WithLabelValues(strconv.Itoa(shard)).Inc() }

func (m *metrics) answered(portName string, result port.Result) {
	m.answers.WithLabelValues(portName, string(result)).Inc()
}

// confirmed counts a final answer that was asked about again.
func (m *metrics) confirmed(portName, outcome string) {
	m.confirmations.WithLabelValues(portName, outcome).Inc()
}

// effect counts an effect of a port that came into a state, or left it (by -1).
func (m *metrics) effect(shard int, portName, state string, by int) {
	m.effects.WithLabelValues(strconv.Itoa(shard), portName, state).Add(float64(by)) // float: a metric
}

// noEffects begins the count of a shard's effects anew.
func (m *metrics) noEffects(shard int) {
	m.effects.DeletePartialMatch(prometheus.Labels{"shard": strconv.Itoa(shard)})
}

func (m *metrics) runs(shard int, yes bool) {
	running := m.running.WithLabelValues(strconv.Itoa(shard))
	running.Set(0)
	if yes {
		running.Set(1)
	}
}

// forget drops what was said of a shard that is no longer ours: its next owner
// says it.
func (m *metrics) forget(shard int) {
	of := prometheus.Labels{"shard": strconv.Itoa(shard)}
	for _, g := range []*prometheus.GaugeVec{m.lag, m.ahead, m.head, m.publishedHead, m.projectedHead, m.effects, m.running, m.checkpoint, m.unsealable} {
		g.DeletePartialMatch(of)
	}
}
