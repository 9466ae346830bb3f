package port

import "strings"

// innPlace stands in an answer where the provider has written the person's INN: links of
// receipts have it in the middle, and answers go into the log.
const innPlace = "{inn}"

// WithoutINN takes a person's INN, those that he had before too, out of every text of an answer.
func WithoutINN(a Answer, inns ...string) Answer {
	for _, inn := range inns {
		if inn == "" {
			continue
		}
		for _, text := range []*string{&a.Status, &a.Event, &a.Reason, &a.ReceiptID, &a.ReceiptLink, &a.Body} {
			*text = strings.ReplaceAll(*text, inn, innPlace)
		}
	}
	return a
}

// LinkOf is a receipt's link with the INN put in again; "" when it needs one and nobody
// knows it any more.
func LinkOf(link, inn string) string {
	if inn == "" && strings.Contains(link, innPlace) {
		return ""
	}
	return strings.ReplaceAll(link, innPlace, inn)
}
