package fns

import (
	"cmp"
	"context"
	"encoding/xml"
	"slices"
	"strings"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/fault"
)

// bindRequest is PostBindPartnerWithInnRequest [H].
type bindRequest struct {
	XMLName     xml.Name `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 PostBindPartnerWithInnRequest"`
	INN         string   `xml:"Inn"`
	Permissions []string `xml:"Permissions"`
}

// bindPhoneRequest is PostBindPartnerWithPhoneRequest: 7XXXXXXXXXX, without the plus [H].
type bindPhoneRequest struct {
	XMLName     xml.Name `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 PostBindPartnerWithPhoneRequest"`
	Phone       string   `xml:"Phone"`
	Permissions []string `xml:"Permissions"`
}

// boundRequest is GetBindPartnerStatusRequest.
type boundRequest struct {
	XMLName xml.Name `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetBindPartnerStatusRequest"`
	ID      string   `xml:"Id"`
}

// grantRequest is PostGrantedPermissionsRequest: of somebody who is bound already.
type grantRequest struct {
	XMLName     xml.Name `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 PostGrantedPermissionsRequest"`
	INN         string   `xml:"Inn"`
	Permissions []string `xml:"Permissions"`
}

// grantedRequest is GetGrantedPermissionsStatusRequest.
type grantedRequest struct {
	XMLName xml.Name `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetGrantedPermissionsStatusRequest"`
	ID      string   `xml:"Id"`
}

// unbindRequest is PostUnbindPartnerRequest.
type unbindRequest struct {
	XMLName xml.Name `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 PostUnbindPartnerRequest"`
	INN     string   `xml:"Inn"`
}

// leaversRequest is GetNewlyUnboundTaxpayersRequest.
type leaversRequest struct {
	XMLName xml.Name `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetNewlyUnboundTaxpayersRequest"`
	From    string   `xml:"From"`
	To      string   `xml:"To"`
	Limit   int      `xml:"Limit"`
	Offset  int      `xml:"Offset"`
}

// innChangesRequest is GetChangeInnHistoryRequest.
type innChangesRequest struct {
	XMLName xml.Name `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 GetChangeInnHistoryRequest"`
	Offset  int64    `xml:"Offset"`
	Limit   int      `xml:"Limit"`
}

// orderResponse names a request that a person has to answer.
type orderResponse struct {
	ID string `xml:"Id"`
}

// orderStatus is what became of such a request.
type orderStatus struct {
	Result      string   `xml:"Result"`
	INN         string   `xml:"Inn"`
	Permissions []string `xml:"Permissions"`
}

// leavers is GetNewlyUnboundTaxpayersResponse.
type leavers struct {
	Taxpayers []struct {
		INN         string `xml:"Inn"`
		UnboundTime string `xml:"UnboundTime"`
	} `xml:"Taxpayers"`
	HasMore bool `xml:"HasMore"`
}

// innChanges is GetChangeInnHistoryResponse.
type innChanges struct {
	Items []struct {
		Offset   int64  `xml:"Offset"`
		Previous string `xml:"PreviousInn"`
		INN      string `xml:"Inn"`
	} `xml:"Items"`
}

// Orders of two kinds are asked about differently, so their names say which they are.
const (
	orderBind  = "bind:"
	orderGrant = "grant:"
)

// Results of requests that a person has to answer [H].
const (
	orderCompleted = "COMPLETED"
	orderFailed    = "FAILED"
	orderOpen      = "IN_PROGRESS"
)

// Codes that say how a person stands [H].
const (
	codeUnregistered = "TAXPAYER_UNREGISTERED"
	codeUnbound      = "TAXPAYER_UNBOUND"
	codeBound        = "TAXPAYER_ALREADY_BOUND"
	codeNoPermission = "PERMISSION_NOT_GRANTED"
	statusOtherINN   = "OTHER_INN" // ours
)

const otherINNWords = "Запрос подтвердил человек с другим ИНН"

// Bind asks the person of an INN or a phone to let us act.
func (a *Adapter) Bind(ctx context.Context, r port.BindRequest) (string, *port.Standing, port.Answer) {
	var request any = bindRequest{INN: r.INN, Permissions: r.Permissions}
	if r.Phone != "" {
		request = bindPhoneRequest{Phone: strings.TrimPrefix(r.Phone, "+"), Permissions: r.Permissions}
	}
	m, wrong := a.client.ask(ctx, request)
	switch {
	case wrong != nil:
		return "", nil, unknown(wrong)
	case m.Error != nil && m.Error.Code == codeBound:
		if other := m.Error.arg("INN"); other != "" && other != r.INN {
			return "", nil, refusedOther()
		}
		return a.grant(ctx, r)
	case m.Error != nil:
		answer := understand(bind, m.Error)
		if m.Error.Code == codeUnregistered {
			return "", &port.Standing{Code: codeUnregistered}, answer
		}
		return "", nil, answer
	}
	for _, said := range []*orderResponse{m.BoundByINN, m.BoundByPhone} {
		if said != nil && said.ID != "" {
			return orderBind + said.ID, nil, port.Answer{Result: port.Done, Status: completed, Event: said.ID}
		}
	}
	return "", nil, port.Unclear("COMPLETED without the id of the request")
}

// grant asks somebody who is bound already for what is missing, if anything is.
func (a *Adapter) grant(ctx context.Context, r port.BindRequest) (string, *port.Standing, port.Answer) {
	s, answer := a.Standing(ctx, r.INN)
	if answer.Result != port.Done || !s.Bound || missing(r.Permissions, s.Permissions) == nil {
		return "", s, answer
	}
	m, wrong := a.client.ask(ctx, grantRequest{INN: r.INN, Permissions: missing(r.Permissions, s.Permissions)})
	switch {
	case wrong != nil:
		return "", nil, unknown(wrong)
	case m.Error != nil:
		return "", nil, understand(bind, m.Error)
	case m.GrantAsked == nil || m.GrantAsked.ID == "":
		return "", nil, port.Unclear("COMPLETED without the id of the request")
	}
	return orderGrant + m.GrantAsked.ID, nil, port.Answer{Result: port.Done, Status: completed, Event: m.GrantAsked.ID}
}

func missing(wanted, given []string) (list []string) {
	for _, p := range wanted {
		if !slices.Contains(given, p) {
			list = append(list, p)
		}
	}
	return list
}

// Bound asks what became of a request.
func (a *Adapter) Bound(ctx context.Context, order, inn string) (*port.Standing, port.Answer) {
	var request any
	if id, ok := strings.CutPrefix(order, orderGrant); ok {
		request = grantedRequest{ID: id}
	} else {
		request = boundRequest{ID: strings.TrimPrefix(order, orderBind)}
	}
	m, wrong := a.client.ask(ctx, request)
	said := (*orderStatus)(nil)
	switch {
	case wrong != nil:
		return nil, unknown(wrong)
	case m.Error != nil:
		return nil, understand(bound, m.Error)
	case m.BindStatus != nil:
		said = m.BindStatus
	case m.GrantStatus != nil:
		said = m.GrantStatus
	default:
		return nil, port.Unclear("COMPLETED without the result of the request")
	}
	switch said.Result {
	case orderOpen:
		return nil, port.Answer{Result: port.Done, Status: said.Result}
	case orderFailed:
		return nil, port.Answer{Result: port.Refused, Status: said.Result, Code: fault.IncomeDenied, Reason: noPermissionWords}
	case orderCompleted:
	default:
		return nil, port.Unclear(clip(said.Result))
	}
	switch {
	case said.INN != "" && said.INN != inn:
		return nil, a.release(ctx, said.INN)
	case inn == "":
		return nil, port.Unclear("COMPLETED without the INN of who answered")
	}
	if len(said.Permissions) == 0 {
		return a.Standing(ctx, inn)
	}
	s := &port.Standing{Registered: true, Bound: true, Permissions: said.Permissions}
	if !slices.Contains(s.Permissions, incomeRegistration) {
		s.Code = codeNoPermission
	}
	return s, port.Answer{Result: port.Done, Status: said.Result}
}

// release unbinds somebody who answered a request that was meant for another person.
func (a *Adapter) release(ctx context.Context, inn string) port.Answer {
	if answer := a.Unbind(ctx, inn); answer.Result != port.Done {
		return answer
	}
	return refusedOther()
}

// Unbind takes our binding to a person back.
func (a *Adapter) Unbind(ctx context.Context, inn string) port.Answer {
	m, wrong := a.client.ask(ctx, unbindRequest{INN: inn})
	switch {
	case wrong != nil:
		return unknown(wrong)
	case m.Error != nil && m.Error.Code != codeUnbound && m.Error.Code != codeUnregistered:
		return port.Unclear(clip(m.Error.Code))
	}
	return port.Answer{Result: port.Done, Status: completed}
}

func refusedOther() port.Answer {
	return port.Answer{Result: port.Refused, Status: statusOtherINN, Code: fault.INNInvalid, Reason: otherINNWords}
}

// Standing asks how a person stands: on NPD, bound, with which permissions. The service
// has said it also when it says so by an error of its list; whatever else is Unknown.
func (a *Adapter) Standing(ctx context.Context, inn string) (*port.Standing, port.Answer) {
	m, wrong := a.client.ask(ctx, statusRequest{INN: inn})
	switch {
	case wrong != nil:
		return nil, unknown(wrong)
	case m.Error != nil:
		return stands(m.Error)
	case m.Status == nil:
		return nil, port.Unclear("COMPLETED without GetTaxpayerStatusResponse")
	}
	if gone, ok := parseTime(m.Status.UnregistrationTime); ok && !gone.After(a.client.now()) {
		return &port.Standing{Bound: true, Code: codeUnregistered}, port.Answer{Result: port.Done, Status: codeUnregistered}
	}
	phone := m.Status.Phone
	m, wrong = a.client.ask(ctx, permissionsRequest{INN: inn})
	switch {
	case wrong != nil:
		return nil, unknown(wrong)
	case m.Error != nil:
		return stands(m.Error)
	case m.Permissions == nil:
		return nil, port.Unclear("COMPLETED without GetGrantedPermissionsResponse")
	}
	s := &port.Standing{Registered: true, Bound: true, Permissions: m.Permissions.Granted, Phone: phone}
	if !slices.Contains(s.Permissions, incomeRegistration) {
		s.Code = codeNoPermission
	}
	return s, port.Answer{Result: port.Done, Status: cmp.Or(s.Code, completed)}
}

// stands reads a standing out of an error, by the rows of standing in status.go.
func stands(e *platformError) (*port.Standing, port.Answer) {
	answer := understand(standing, e)
	if answer.Result != port.Done {
		return nil, answer
	}
	return &port.Standing{Registered: e.Code != codeUnregistered, Bound: e.Code == codeNoPermission, Code: e.Code}, answer
}

// Leavers lists who took the binding to us back.
func (a *Adapter) Leavers(ctx context.Context, from, to time.Time, offset, limit int) ([]port.Leaver, bool, port.Answer) {
	m, wrong := a.client.ask(ctx, leaversRequest{From: from.Format(timeLayout), To: to.Format(timeLayout), Limit: limit, Offset: offset})
	switch {
	case wrong != nil:
		return nil, false, unknown(wrong)
	case m.Error != nil:
		return nil, false, port.Unclear(clip(m.Error.Code))
	case m.Leavers == nil:
		return nil, false, port.Unclear("COMPLETED without GetNewlyUnboundTaxpayersResponse")
	}
	var list []port.Leaver
	for _, t := range m.Leavers.Taxpayers {
		at, _ := parseTime(t.UnboundTime) // without a moment it is a reason to ask all the same
		list = append(list, port.Leaver{INN: t.INN, At: at})
	}
	return list, m.Leavers.HasMore, port.Answer{Result: port.Done, Status: completed}
}

// INNChanges lists people whose INN became another.
func (a *Adapter) INNChanges(ctx context.Context, offset int64, limit int) ([]port.INNChange, int64, port.Answer) {
	m, wrong := a.client.ask(ctx, innChangesRequest{Offset: offset, Limit: limit})
	switch {
	case wrong != nil:
		return nil, offset, unknown(wrong)
	case m.Error != nil:
		return nil, offset, port.Unclear(clip(m.Error.Code))
	case m.INNChanges == nil:
		return nil, offset, port.Unclear("COMPLETED without GetChangeInnHistoryResponse")
	}
	var list []port.INNChange
	for _, i := range m.INNChanges.Items {
		list = append(list, port.INNChange{Previous: i.Previous, INN: i.INN})
		offset = max(offset, i.Offset+1)
	}
	return list, offset, port.Answer{Result: port.Done, Status: completed}
}
