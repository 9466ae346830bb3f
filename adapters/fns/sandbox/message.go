package sandbox

import (
	"encoding/xml"
	"fmt"
	"net/http"
)

// The wire types of the service's side. They repeat the adapter's on purpose: two
// sides that share one mistake would agree with each other.

const (
	nsSMZ   = "urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0"
	nsAsync = "urn://x-artefacts-gnivc-ru/inplat/servin/OpenApiAsyncMessageConsumerService/types/1.0"
	nsSync  = "urn://x-artefacts-gnivc-ru/inplat/servin/OpenApiMessageConsumerService/types/1.0"
	nsAuth  = "urn://x-artefacts-gnivc-ru/ais3/kkt/AuthService/types/1.0"
)

// request is any envelope that is sent to us, namespaces checked.
type request struct {
	XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
	Body    struct {
		Send *struct {
			Message struct {
				Status      *innRequest       `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetTaxpayerStatusRequest"`
				Permissions *innRequest       `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetGrantedPermissionsRequest"`
				Account     *innRequest       `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetTaxpayerAccountStatusRequest"`
				Entity      *innRequest       `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetLegalEntityInfoRequest"`
				BindINN     *bindRequest      `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 PostBindPartnerWithInnRequest"`
				BindPhone   *bindRequest      `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 PostBindPartnerWithPhoneRequest"`
				BindStatus  *orderRequest     `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetBindPartnerStatusRequest"`
				Grant       *bindRequest      `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 PostGrantedPermissionsRequest"`
				GrantStatus *orderRequest     `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetGrantedPermissionsStatusRequest"`
				Unbind      *innRequest       `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 PostUnbindPartnerRequest"`
				Leavers     *pageRequest      `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetNewlyUnboundTaxpayersRequest"`
				INNChanges  *pageRequest      `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetChangeInnHistoryRequest"`
				Documents   *documentsRequest `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetPaymentDocumentsRequest"`
				Period      *periodRequest    `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetIncomeForPeriodRequest"`
				Cancel      *cancelRequest    `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 PostCancelReceiptRequestV2"`
				Income      *incomeRequest    `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 PostIncomeRequestV2"`
				Receipts    *receiptsRequest  `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetIncomeRequestV2"`
			} `xml:"urn://x-artefacts-gnivc-ru/inplat/servin/OpenApiAsyncMessageConsumerService/types/1.0 Message"`
		} `xml:"urn://x-artefacts-gnivc-ru/inplat/servin/OpenApiAsyncMessageConsumerService/types/1.0 SendMessageRequest"`
		Get *struct {
			MessageID string `xml:"urn://x-artefacts-gnivc-ru/inplat/servin/OpenApiAsyncMessageConsumerService/types/1.0 MessageId"`
		} `xml:"urn://x-artefacts-gnivc-ru/inplat/servin/OpenApiAsyncMessageConsumerService/types/1.0 GetMessageRequest"`
		Auth *struct {
			MasterToken string `xml:"Message>AuthRequest>AuthAppInfo>MasterToken"`
		} `xml:"urn://x-artefacts-gnivc-ru/inplat/servin/OpenApiMessageConsumerService/types/1.0 GetMessageRequest"`
	} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
}

type innRequest struct {
	INN string `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 Inn"`
}

type incomeRequest struct {
	INN               string `xml:"Inn"`
	RequestTime       string `xml:"RequestTime"`
	OperationTime     string `xml:"OperationTime"`
	IncomeType        string `xml:"IncomeType"`
	CustomerINN       string `xml:"CustomerInn"`
	CustomerName      string `xml:"CustomerOrganization"`
	Services          []item `xml:"Services"`
	TotalAmount       string `xml:"TotalAmount"`
	OperationUniqueID string `xml:"OperationUniqueId"`
}

type item struct {
	Amount   string `xml:"Amount"`
	Name     string `xml:"Name"`
	Quantity int    `xml:"Quantity"`
}

type cancelRequest struct {
	INN       string `xml:"Inn"`
	ReceiptID string `xml:"ReceiptId"`
	Reason    string `xml:"ReasonCode"`
}

type receiptsRequest struct {
	INN    string `xml:"Inn"`
	From   string `xml:"From"`
	To     string `xml:"To"`
	Limit  int    `xml:"Limit"`
	Offset int    `xml:"Offset"`
}

// smz is an element of the platform's namespace: a name and what is in it.
type smz struct {
	name  string
	inner any
}

// MarshalXML writes the element as the service does: its namespace on it, children
// without prefixes.
func (s smz) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	return e.EncodeElement(s.inner, xml.StartElement{Name: xml.Name{Space: nsSMZ, Local: s.name}})
}

type platformError struct {
	Code    string `xml:"Code"`
	Message string `xml:"Message"`
	Args    []arg  `xml:"Args"`
}

type arg struct {
	Key   string `xml:"Key"`
	Value string `xml:"Value"`
}

// failure makes a SmzPlatformError.
func failure(code, message string, args ...arg) smz {
	return smz{"SmzPlatformError", platformError{Code: code, Message: message, Args: args}}
}

type statusResponse struct {
	FirstName            string `xml:"FirstName"`
	SecondName           string `xml:"SecondName"` // the surname
	RegistrationTime     string `xml:"RegistrationTime"`
	UnregistrationTime   string `xml:"UnregistrationTime,omitempty"`
	UnregistrationReason string `xml:"UnregistrationReason,omitempty"`
	Region               string `xml:"Region"`
	Phone                string `xml:"Phone"`
}

type permissionsResponse struct {
	Granted []string `xml:"GrantedPermissionsList"`
}

type accountResponse struct {
	Bonus  string `xml:"BonusAmount"`
	Unpaid string `xml:"UnpaidAmount"`
	Debt   string `xml:"DebtAmount"`
}

type cancelResponse struct {
	Result string `xml:"RequestResult"`
}

type incomeResponse struct {
	ReceiptID string `xml:"ReceiptId"`
	Link      string `xml:"Link"`
}

type receiptsResponse struct {
	HasMore  bool      `xml:"HasMore"`
	Receipts []receipt `xml:"Receipts"`
}

type receipt struct {
	Link          string `xml:"Link"`
	TotalAmount   string `xml:"TotalAmount"`
	ReceiptID     string `xml:"ReceiptId"`
	IncomeType    string `xml:"IncomeType"`
	RequestTime   string `xml:"RequestTime"`
	OperationTime string `xml:"OperationTime"`
	TaxPeriodID   string `xml:"TaxPeriodId"`
	TaxToPay      string `xml:"TaxToPay"`
	Canceled      string `xml:"CancelationTime,omitempty"`
}

// answer writes an envelope around ready XML.
func answer(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(code)
	_, _ = fmt.Fprintf(w, `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>%s</soap:Body></soap:Envelope>`, body)
}

// soapFault answers with a fault; detail is the name of an element, "" for none.
func soapFault(w http.ResponseWriter, words, detail string) {
	if detail != "" {
		detail = fmt.Sprintf(`<detail><%s xmlns=%q/></detail>`, detail, nsAsync)
	}
	answer(w, http.StatusInternalServerError, fmt.Sprintf("<soap:Fault><faultcode>soap:Server</faultcode><faultstring>%s</faultstring>%s</soap:Fault>", escape(words), detail))
}

func escape(text string) string {
	out, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"x"`
		Text    string   `xml:",chardata"`
	}{Text: text})
	if err != nil {
		return ""
	}
	return string(out[len("<x>") : len(out)-len("</x>")])
}
