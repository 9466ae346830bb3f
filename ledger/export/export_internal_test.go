package export

// CSVCell shows the tests how a foreign text is written.
func CSVCell(text string) string { return csvCell(csvText(text)) }

// Plain is the text of a cell, as the export's documentation says to read it.
func Plain(cell string) string {
	var out []rune
	begins := true
	for _, c := range cell {
		if begins && c == '\'' {
			begins = false
			continue
		}
		out = append(out, c)
		begins = c == ';' || c == '\t' || c == '\r' || c == '\n'
	}
	return string(out)
}
