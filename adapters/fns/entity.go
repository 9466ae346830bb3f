package fns

import (
	"context"
	"encoding/xml"
	"strings"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
)

// entityRequest is GetLegalEntityInfoRequest.
type entityRequest struct {
	XMLName xml.Name `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetLegalEntityInfoRequest"`
	INN     string   `xml:"Inn"`
}

// entityResponse is GetLegalEntityInfoResponse.
type entityResponse struct {
	INN              string `xml:"Inn"`
	OGRN             string `xml:"Ogrn"`
	Name             string `xml:"Name"`
	Address          string `xml:"Address"`
	TerminationDate  string `xml:"TerminationDate"`
	InvalidationDate string `xml:"InvalidationDate"`
}

// Words of our own, for people, where the service answers without words.
const (
	noEntityWords    = "Организация с таким ИНН не найдена"
	endedEntityWords = "Организация прекратила деятельность или её регистрация недействительна"
)

// Entity asks what the register says of a company: Done with its name, OGRN and address,
// Refused when there is none or it has ended, else Unknown. An empty answer is "there is
// none"; an error never is.
func (a *Adapter) Entity(ctx context.Context, inn string) (port.Entity, port.Answer) {
	m, wrong := a.client.ask(ctx, entityRequest{INN: inn})
	switch {
	case wrong != nil:
		return port.Entity{}, unknown(wrong)
	case m.Error != nil:
		return port.Entity{}, understand(entity, m.Error)
	case m.Entity == nil:
		return port.Entity{}, port.Unclear("COMPLETED without GetLegalEntityInfoResponse")
	}
	e := *m.Entity
	switch {
	case e == entityResponse{} || e == entityResponse{INN: inn}:
		return port.Entity{}, port.Answer{Result: port.Refused, Status: "none", Code: fault.NotFound, Reason: noEntityWords}
	case e.INN != inn:
		return port.Entity{}, port.Unclear("GetLegalEntityInfoResponse is of another INN")
	case e.TerminationDate != "" || e.InvalidationDate != "":
		return port.Entity{}, port.Answer{Result: port.Refused, Status: "ended", Code: fault.CompanyTerminated, Reason: endedEntityWords}
	case strings.TrimSpace(e.Name) == "":
		return port.Entity{}, port.Unclear("GetLegalEntityInfoResponse without a name")
	}
	return port.Entity{INN: e.INN, OGRN: e.OGRN, Name: strings.TrimSpace(e.Name), Address: strings.TrimSpace(e.Address)}, port.Answer{Result: port.Done, Status: completed}
}
