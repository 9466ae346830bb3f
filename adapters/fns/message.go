package fns

import (
	"encoding/xml"
	"strings"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/money"
)

// Namespaces and SOAP actions [H].
const (
	actionSend = "urn:SendMessageRequest"
	actionGet  = "urn:GetMessageRequest"
)

// timeLayout is xs:dateTime with milliseconds and an offset.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// legalEntity is the type of an income from a company or a sole trader: the 6 percent rate [H].
const legalEntity = "FROM_LEGAL_ENTITY"

// Permissions: what Register needs, and what the bonus is seen by [H; which one: our reading].
const (
	incomeRegistration = "INCOME_REGISTRATION"
	paymentInformation = "PAYMENT_INFORMATION"
)

// envelope is what we send.
type envelope struct {
	XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
	Body    content  `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
}

// content is one element, named by its own XMLName.
type content struct{ Element any }

func wrap(element any) envelope { return envelope{Body: content{element}} }

type sendMessage struct {
	XMLName xml.Name `xml:"urn://x-artefacts-gnivc-ru/inplat/servin/OpenApiAsyncMessageConsumerService/types/1.0 SendMessageRequest"`
	Message content
}

type getMessage struct {
	XMLName   xml.Name `xml:"urn://x-artefacts-gnivc-ru/inplat/servin/OpenApiAsyncMessageConsumerService/types/1.0 GetMessageRequest"`
	MessageID string   `xml:"MessageId"`
}

// authMessage goes through the synchronous service: the answer comes at once.
type authMessage struct {
	XMLName xml.Name `xml:"urn://x-artefacts-gnivc-ru/inplat/servin/OpenApiMessageConsumerService/types/1.0 GetMessageRequest"`
	Message content
}

type authRequest struct {
	XMLName     xml.Name `xml:"urn://x-artefacts-gnivc-ru/ais3/kkt/AuthService/types/1.0 AuthRequest"`
	MasterToken string   `xml:"AuthAppInfo>MasterToken"`
}

type statusRequest struct {
	XMLName xml.Name `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetTaxpayerStatusRequest"`
	INN     string   `xml:"Inn"`
}

type permissionsRequest struct {
	XMLName xml.Name `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetGrantedPermissionsRequest"`
	INN     string   `xml:"Inn"`
}

// accountRequest asks what is left of the bonus.
type accountRequest struct {
	XMLName xml.Name `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetTaxpayerAccountStatusRequest"`
	INN     string   `xml:"Inn"`
}

// cancelRequest is PostCancelReceiptRequestV2.
type cancelRequest struct {
	XMLName   xml.Name `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 PostCancelReceiptRequestV2"`
	INN       string   `xml:"Inn"`
	ReceiptID string   `xml:"ReceiptId"`
	Reason    string   `xml:"ReasonCode"` // REFUND or REGISTRATION_MISTAKE [H]
}

// refund is the reason of an annulment: the money came back [H].
const refund = "REFUND"

// incomeRequest is PostIncomeRequestV2, its elements in the order of the schema [H].
type incomeRequest struct {
	XMLName           xml.Name      `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 PostIncomeRequestV2"`
	INN               string        `xml:"Inn"`
	RequestTime       string        `xml:"RequestTime"`
	OperationTime     string        `xml:"OperationTime"`
	IncomeType        string        `xml:"IncomeType"`
	CustomerINN       string        `xml:"CustomerInn,omitempty"`
	CustomerName      string        `xml:"CustomerOrganization,omitempty"`
	Services          []serviceItem `xml:"Services"`
	TotalAmount       string        `xml:"TotalAmount"`
	OperationUniqueID string        `xml:"OperationUniqueId"`
}

// serviceItem is one line of the receipt; Quantity is whole [H].
type serviceItem struct {
	Amount   string `xml:"Amount"`
	Name     string `xml:"Name"`
	Quantity int    `xml:"Quantity"`
}

func newIncomeRequest(r port.IncomeReceipt) incomeRequest {
	amount := money.RUB.Format(r.Amount)
	return incomeRequest{
		INN: r.INN, RequestTime: r.RequestedAt.Format(timeLayout), OperationTime: r.PaidAt.Format(timeLayout),
		IncomeType: legalEntity, CustomerINN: r.CustomerINN, CustomerName: r.CustomerName,
		Services: []serviceItem{{Amount: amount, Name: r.Service, Quantity: 1}}, TotalAmount: amount, OperationUniqueID: r.Attempt,
	}
}

// receiptsRequest is GetIncomeRequestV2: the receipts of some minutes.
type receiptsRequest struct {
	XMLName xml.Name `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetIncomeRequestV2"`
	INN     string   `xml:"Inn"`
	From    string   `xml:"From"`
	To      string   `xml:"To"`
	Limit   int      `xml:"Limit"`
	Offset  int      `xml:"Offset"`
}

// reply is every answer, read by local names: the service changes prefixes, and no
// two elements that we read differ by namespace alone.
type reply struct {
	XMLName xml.Name   `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
	Fault   *soapFault `xml:"Body>Fault"`
	Sent    *struct {
		MessageID string `xml:"MessageId"`
	} `xml:"Body>SendMessageResponse"`
	Got *struct {
		ProcessingStatus string  `xml:"ProcessingStatus"`
		Message          message `xml:"Message"`
	} `xml:"Body>GetMessageResponse"`
}

type soapFault struct {
	Code   string `xml:"faultcode"`
	Words  string `xml:"faultstring"`
	Detail struct {
		NotFound *struct{} `xml:"MessageNotFoundFault"`
		Auth     *struct{} `xml:"AuthenticationFault"`
		Haste    *struct{} `xml:"RateLimitingFault"`
	} `xml:"detail"`
}

// message is what a COMPLETED answer holds: one of these.
type message struct {
	Auth *struct {
		Token      string `xml:"Result>Token"`
		ExpireTime string `xml:"Result>ExpireTime"`
	} `xml:"AuthResponse"`
	Error  *platformError `xml:"SmzPlatformError"`
	Status *struct {
		Phone                string `xml:"Phone"`
		UnregistrationTime   string `xml:"UnregistrationTime"`
		UnregistrationReason string `xml:"UnregistrationReason"`
	} `xml:"GetTaxpayerStatusResponse"`
	Permissions *struct {
		Granted []string `xml:"GrantedPermissionsList"`
	} `xml:"GetGrantedPermissionsResponse"`
	Account *struct {
		Bonus string `xml:"BonusAmount"`
	} `xml:"GetTaxpayerAccountStatusResponse"`
	Entity       *entityResponse    `xml:"GetLegalEntityInfoResponse"`
	BoundByINN   *orderResponse     `xml:"PostBindPartnerWithInnResponse"`
	BoundByPhone *orderResponse     `xml:"PostBindPartnerWithPhoneResponse"`
	BindStatus   *orderStatus       `xml:"GetBindPartnerStatusResponse"`
	GrantAsked   *orderResponse     `xml:"PostGrantedPermissionsResponse"`
	GrantStatus  *orderStatus       `xml:"GetGrantedPermissionsStatusResponse"`
	Leavers      *leavers           `xml:"GetNewlyUnboundTaxpayersResponse"`
	INNChanges   *innChanges        `xml:"GetChangeInnHistoryResponse"`
	Documents    *documentsResponse `xml:"GetPaymentDocumentsResponse"`
	Period       *periodResponse    `xml:"GetIncomeForPeriodResponse"`
	Canceled     *struct {
		Result string `xml:"RequestResult"`
	} `xml:"PostCancelReceiptResponseV2"`
	Income *struct {
		ReceiptID string `xml:"ReceiptId"`
		Link      string `xml:"Link"`
	} `xml:"PostIncomeResponseV2"`
	Receipts *struct {
		HasMore  bool `xml:"HasMore"`
		Receipts []struct {
			ReceiptID string `xml:"ReceiptId"`
			Link      string `xml:"Link"`
			TaxToPay  string `xml:"TaxToPay"`
			Annulled  string `xml:"CancelationTime"` // spelled so
		} `xml:"Receipts"`
	} `xml:"GetIncomeResponseV2"`
}

// platformError is SmzPlatformError: a code and words with {KEY} places.
type platformError struct {
	Code    string `xml:"Code"`
	Message string `xml:"Message"`
	Args    []struct {
		Key   string `xml:"Key"`
		Value string `xml:"Value"`
	} `xml:"Args"`
}

func (e *platformError) arg(key string) string {
	for _, a := range e.Args {
		if a.Key == key {
			return a.Value
		}
	}
	return ""
}

// words are the message with its places filled in.
func (e *platformError) words() string {
	text := e.Message
	for _, a := range e.Args {
		text = strings.ReplaceAll(text, "{"+a.Key+"}", a.Value)
	}
	return text
}

// parseTime reads xs:dateTime; false when it is none.
func parseTime(text string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(text))
	return t, err == nil
}
