package kafka

import (
	"strings"
	"testing"

	"github.com/provodka/provodka/engine/port"
)

func BenchmarkPublish(b *testing.B) {
	for _, c := range []struct {
		name    string
		records int
	}{{"1 record", 1}, {"1000 records", 1000}} {
		b.Run(c.name, func(b *testing.B) {
			log := open(b, 1)
			w, _ := own(b, log, 0)
			values := make([]string, c.records)
			for i := range values {
				values[i] = strings.Repeat("x", 400)
			}
			batch := events(values...)
			b.ResetTimer()
			for b.Loop() {
				if err := w.Publish(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*c.records)/b.Elapsed().Seconds(), "records/s") // float: a rate
		})
	}
}

func BenchmarkTakeOver(b *testing.B) {
	log := open(b, 1)
	w, _ := own(b, log, 0)
	if err := w.Publish(b.Context(), events(numbered(0, 1000)...)); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		w, last, err := log.Own(b.Context(), 0)
		if err != nil || valueOf(last) != "999" {
			b.Fatal(valueOf(last), err)
		}
		w.Close()
	}
}

// BenchmarkCommand is one command from Append to Poll.
func BenchmarkCommand(b *testing.B) {
	log := open(b, 1)
	reader, err := log.Read(b.Context(), 0, port.LogPosition{})
	if err != nil {
		b.Fatal(err)
	}
	defer reader.Close()
	value := []byte(strings.Repeat("x", 300))
	b.ResetTimer()
	for b.Loop() {
		log.Append(b.Context(), 0, value, nil, func(_ int64, err error) {
			if err != nil {
				b.Error(err)
			}
		})
		read(b, reader, 1)
	}
}
