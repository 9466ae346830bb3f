package app

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// An executor sees what he gets, and nothing of what the company has agreed on: no charge of the
// platform, from which no sum leads to it either, and no limit but the law's and the providers'.
func TestAnExecutorSeesNothingOfTheCompanysTerms(t *testing.T) {
	t.Parallel()
	whole := func(setter string) *taskv1.Task {
		return &taskv1.Task{
			Metadata: map[string]string{"secret": "17000"}, MetadataJson: "17000", RegisterId: "17000", RegisterLine: 17000,
			Offer: &taskv1.TaskOffer{Circle: 17000, Declined: 17000},
			Amounts: &taskv1.Amounts{
				Gross: "100.00", Payout: "94.00", Tax: "6.00", Commission: "17000", Total: "17000", CommissionPercent: "17000", CommissionMinimum: "17000", TariffFrom: "17000",
			},
			PaymentErrors: []*taskv1.PaymentError{{Code: "payout_limit_period", Message: "платёж не помещается (свободно 500000)", Limit: &taskv1.PaymentLimit{Setter: setter, Most: "500000"}}},
		}
	}
	for setter, wants := range map[string]bool{"table": true, "house": false, "company": false} {
		raw, err := protojson.Marshal(shown(whole(setter)))
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		if strings.Contains(text, "17000") || strings.Contains(text, "500000") != wants || !strings.Contains(text, "94.00") || !strings.Contains(text, "платёж не помещается") {
			t.Errorf("%s: %s", setter, text)
		}
	}
}
