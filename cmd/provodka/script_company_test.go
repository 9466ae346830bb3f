package main_test

import (
	"context"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine/port/requisite"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
)

// openCompany opens a company through the API: $COMPANY is its id.
func openCompany(ts *testscript.TestScript, _ bool, _ []string) {
	url := ts.Getenv("PROVODKA_URL")
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	c, err := client.New(url, ts.Getenv("PROVODKA_API_KEY"), client.WithBook("main"))
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answer, err := c.Companies.OpenCompany(ctx, &companyv1.OpenCompanyRequest{
		Details: &companyv1.CompanyDetails{Inn: requisite.ExampleINN(77), Name: "ООО «Ромашка»"}, Tariff: &companyv1.Tariff{Percent: "3.5"},
	})
	ts.Check(err)
	ts.Setenv("COMPANY", answer.GetCompany().GetCompanyId())
}
