package port

import (
	"fmt"
	"strings"
	"testing"
)

func TestAnswersNameNobody(t *testing.T) {
	t.Parallel()
	const inn, link = "770100400006", "https://lknpd.nalog.ru/api/v1/receipt/770100400006/abc/print"
	a := WithoutINN(Answer{Result: Done, Status: "OK " + inn, Event: inn, Reason: "ИНН " + inn, ReceiptID: "abc", ReceiptLink: link, Body: inn}, inn)
	if strings.Contains(fmt.Sprintf("%+v", a), inn) || a.ReceiptID != "abc" || a.Result != Done {
		t.Errorf("%+v", a)
	}
	if got := LinkOf(a.ReceiptLink, inn); got != link {
		t.Error(got)
	}
	if got := LinkOf(a.ReceiptLink, ""); got != "" {
		t.Errorf("of somebody who was erased: %s", got)
	}
	if LinkOf(link, "") != link || LinkOf(link, inn) != link || WithoutINN(Answer{ReceiptLink: link}, "").ReceiptLink != link {
		t.Error("a link of before, or without an INN, was changed")
	}
}
