package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// result is one run of one case. Everything but Rate and the waits is per transfer.
type result struct {
	Case       string
	Round      int
	Floor      string  `json:",omitempty"` // the case that it is compared with
	Load       string  // average of the machine, at the end
	Foreign    float64 // processors that others used meanwhile
	Transfers  int     `json:",omitempty"`
	Rate       float64 `json:",omitempty"` // transfers in a second
	P50, P99   float64 `json:",omitempty"` // ms, of a request
	DatabaseUS float64 `json:",omitempty"` // processor time, µs
	ServerUS   float64 `json:",omitempty"`
	BrokerUS   float64 `json:",omitempty"`
	ClientUS   float64 `json:",omitempty"`
	Rows       float64 `json:",omitempty"` // new rows
	Entries    float64 `json:",omitempty"` // their index entries
	WAL        float64 `json:",omitempty"` // bytes
	Stored     float64 `json:",omitempty"` // bytes, with indexes
	Allocs     float64 `json:",omitempty"` // of the server
	AllocBytes float64 `json:",omitempty"`
	RSS        int64   `json:",omitempty"` // of the server, peak, bytes
	Behind     int64   `json:",omitempty"` // records not yet published at the end
	ReadyMS    float64 `json:",omitempty"`
}

func newResult(name string, round int, got loadResult, before, after reading) result {
	n := float64(got.acknowledged)
	per := func(x int64) float64 { return float64(x) / n }
	us := func(d time.Duration) float64 { return float64(d.Microseconds()) / n }
	r := result{
		Case: name, Round: round, Load: loadAverage(), Foreign: foreign(before, after), Transfers: got.acknowledged, Rate: n / got.took.Seconds(),
		DatabaseUS: us(after.database - before.database), ServerUS: us(after.server - before.server),
		BrokerUS: us(after.broker - before.broker), ClientUS: us(after.client - before.client),
		Rows: per(after.rows - before.rows), Entries: per(after.entries - before.entries),
		WAL: per(after.wal - before.wal), Stored: per(after.stored - before.stored),
		Allocs: per(int64(after.mallocs - before.mallocs)), AllocBytes: per(int64(after.allocated - before.allocated)),
	}
	if len(got.waits) > 0 {
		slices.Sort(got.waits)
		r.P50, r.P99 = ms(got.waits[len(got.waits)/2]), ms(got.waits[len(got.waits)*99/100])
	}
	return r
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// median of the figure over the rounds of a case.
func median(of []result, figure func(result) float64) float64 {
	values := make([]float64, len(of))
	for i, r := range of {
		values[i] = figure(r)
	}
	slices.Sort(values)
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}

// table prints medians over the rounds, and ratios to the floor of the same round.
func table(to io.Writer, results []result) {
	var order []string
	byCase := map[string][]result{}
	for _, r := range results {
		if byCase[r.Case] == nil {
			order = append(order, r.Case)
		}
		byCase[r.Case] = append(byCase[r.Case], r)
	}
	slices.SortStableFunc(order, func(a, b string) int { return strings.Compare(section(a), section(b)) })
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "case\truns\ttransfers/s\tmin-max\tto F0\tto tuned\tp50 ms\tp99 ms\tdatabase µs\tserver µs\tbroker µs\tclient µs\trows\tindex\tWAL B\tstored B\tallocs\tRSS MiB\tbehind\tforeign\t")
	for _, name := range order {
		of := byCase[name]
		m := func(figure func(result) float64) float64 { return median(of, figure) }
		if ready := m(func(r result) float64 { return r.ReadyMS }); ready > 0 {
			fmt.Fprintf(w, "%s\t%d\t%.0f ms\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\n", name, len(of), ready)
			continue
		}
		rate := func(r result) float64 { return r.Rate }
		low, high := of[0].Rate, of[0].Rate
		for _, r := range of {
			low, high = min(low, r.Rate), max(high, r.Rate)
		}
		fmt.Fprintf(w, "%s\t%d\t%.0f\t%.0f-%.0f\t%s\t%s\t%.2f\t%.2f\t%.1f\t%.1f\t%.1f\t%.1f\t%.2f\t%.2f\t%.0f\t%.0f\t%.0f\t%d\t%.0f\t%.1f\t\n",
			name, len(of), m(rate), low, high, ratio(of, results, plainFloor), ratio(of, results, tunedFloor),
			m(func(r result) float64 { return r.P50 }), m(func(r result) float64 { return r.P99 }),
			m(func(r result) float64 { return r.DatabaseUS }), m(func(r result) float64 { return r.ServerUS }),
			m(func(r result) float64 { return r.BrokerUS }), m(func(r result) float64 { return r.ClientUS }),
			m(func(r result) float64 { return r.Rows }), m(func(r result) float64 { return r.Entries }),
			m(func(r result) float64 { return r.WAL }), m(func(r result) float64 { return r.Stored }),
			m(func(r result) float64 { return r.Allocs }), int64(m(func(r result) float64 { return float64(r.RSS) }))>>20,
			m(func(r result) float64 { return float64(r.Behind) }), m(func(r result) float64 { return r.Foreign }))
	}
	_ = w.Flush() // to a terminal
	hot(to, byCase)
}

// section puts floors first and ready times last.
func section(name string) string {
	switch {
	case strings.HasPrefix(name, "F0"):
		return "a"
	case strings.HasPrefix(name, "ready"):
		return "c"
	}
	return "b"
}

// ratio is the median of each run's rate over the latest run of its floor before it;
// for the pace it is that of the waits, p50 and p99.
// The floor's other form stands beside it under its own name.
func ratio(of, all []result, form floorForm) string {
	name := strings.Replace(of[0].Floor, plainFloor.name, form.name, 1)
	if !slices.ContainsFunc(all, func(r result) bool { return r.Case == name }) {
		return ""
	}
	figure := func(get func(result) float64) float64 {
		return median(of, func(r result) float64 {
			var floor result
			for _, f := range all {
				if f.Case == name && f.Round == r.Round {
					floor = f
				}
				if f == r {
					break
				}
			}
			return get(r) / get(floor)
		})
	}
	if of[0].Case == "paced" {
		return fmt.Sprintf("×%.1f ×%.1f", figure(func(r result) float64 { return r.P50 }), figure(func(r result) float64 { return r.P99 }))
	}
	return fmt.Sprintf("%.2f", figure(func(r result) float64 { return r.Rate }))
}

// hot prints how a hot account compares with uniform ones.
func hot(to io.Writer, byCase map[string][]result) {
	for name, of := range byCase {
		uniform := byCase[strings.Replace(name, "hot", "uniform", 1)]
		if strings.Contains(name, "hot") && len(uniform) > 0 {
			rate := func(r result) float64 { return r.Rate }
			fmt.Fprintf(to, "%s against uniform: %.2f\n", name, median(of, rate)/median(uniform, rate))
		}
	}
}

func fileName(name string) string {
	return strings.NewReplacer(" ", "-", ",", "").Replace(name)
}

// appendResults adds the results to a file, if there is one, one JSON object a line.
func appendResults[R any](path string, results []R) error {
	if path == "" {
		return nil
	}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, r := range results {
		if err := encoder.Encode(r); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := file.Write(lines.Bytes()); err != nil {
		return err
	}
	return file.Close()
}
