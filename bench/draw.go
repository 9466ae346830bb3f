package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// Measures of the drawing.
const (
	barHeight = 16
	barGap    = 6
	nameWidth = 230
	barWidth  = 420
	drawWidth = nameWidth + barWidth + 130
)

// draw makes a picture of the rates: a bar for the median of every case that has one,
// with marks at the slowest and the fastest run.
func draw(results []result) []byte {
	var order []string
	byCase := map[string][]result{}
	most := 1.0 // float: a rate
	for _, r := range results {
		if r.Rate == 0 || strings.HasSuffix(r.Case, "paced") {
			continue
		}
		if byCase[r.Case] == nil {
			order = append(order, r.Case)
		}
		byCase[r.Case] = append(byCase[r.Case], r)
		most = max(most, r.Rate)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n",
		drawWidth, len(order)*(barHeight+barGap)+2*barGap)
	for i, name := range order {
		of := byCase[name]
		rate := median(of, func(r result) float64 { return r.Rate })
		low, high := rate, rate
		for _, r := range of {
			low, high = min(low, r.Rate), max(high, r.Rate)
		}
		width := func(rate float64) float64 { return barWidth * rate / most }
		colour := "#2a6fb0"
		if section(name) == "a" {
			colour = "#b8bec6"
		}
		y := barGap + i*(barHeight+barGap)
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">`, nameWidth-8, y+barHeight-4)
		_ = xml.EscapeText(&b, []byte(name)) // to memory
		fmt.Fprintf(&b, "</text><rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>", nameWidth, y, width(rate), barHeight, colour)
		fmt.Fprintf(&b, `<path d="M%.1f %dH%.1f" stroke="#333"/>`, nameWidth+width(low), y+barHeight/2, nameWidth+width(high))
		fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%d\">%.0f/s</text>\n", nameWidth+width(high)+6, y+barHeight-4, rate)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}
