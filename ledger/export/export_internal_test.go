package export

// CSVCell shows the tests how a foreign text is written.
func CSVCell(text string) string { return csvCell(csvText(text)) }
