package sandbox

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

type bindRequest struct {
	INN         string   `xml:"Inn"`
	Phone       string   `xml:"Phone"`
	Permissions []string `xml:"Permissions"`
}

type orderRequest struct {
	ID string `xml:"Id"`
}

type pageRequest struct {
	From   string `xml:"From"`
	To     string `xml:"To"`
	Limit  int    `xml:"Limit"`
	Offset int64  `xml:"Offset"`
}

type orderResponse struct {
	ID string `xml:"Id"`
}

type orderStatus struct {
	Result      string   `xml:"Result"`
	INN         string   `xml:"Inn,omitempty"`
	Permissions []string `xml:"Permissions,omitempty"`
	Processing  string   `xml:"ProcessingTime,omitempty"`
}

type unbindResponse struct {
	At string `xml:"UnregistrationTime"`
}

type leaver struct {
	INN         string `xml:"Inn"`
	FirstName   string `xml:"FirstName"`
	SecondName  string `xml:"SecondName"`
	UnboundTime string `xml:"UnboundTime"`
}

type leaversResponse struct {
	Taxpayers []leaver `xml:"Taxpayers"`
	HasMore   bool     `xml:"HasMore"`
}

type innChange struct {
	Offset   int64  `xml:"Offset"`
	Previous string `xml:"PreviousInn"`
	INN      string `xml:"Inn"`
}

type innChangesResponse struct {
	Items []innChange `xml:"Items"`
}

// order is a request for permissions, and a note of the books.
type order struct {
	ID          string   `json:"order"`
	INN         string   `json:"inn"`
	Permissions []string `json:"permissions"`
	Grant       bool     `json:"grant,omitempty"` // of somebody who is bound already
	Result      string   `json:"result"`          // IN_PROGRESS until the person answers
	Given       []string `json:"given,omitempty"`
}

// ordered reads a note.
func (p *people) ordered(note json.RawMessage) error {
	var o order
	if err := json.Unmarshal(note, &o); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.orders[o.ID] = o
	return nil
}

func (p *people) order(id string) (order, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o, ok := p.orders[id]
	return o, ok
}

// asked is the INN of whom a request is about, "" when there is none.
func (p *people) asked(id string) string {
	o, _ := p.order(id)
	return o.INN
}

// sendBinding takes the operations of binding; false when it is none of them.
func (s *Server) sendBinding(w http.ResponseWriter, r *http.Request, req *request) bool {
	op := req.Body.Send.Message
	switch {
	case op.BindINN != nil:
		s.question(w, r, "bind", op.BindINN.INN, func(inn string) smz {
			return s.ask("PostBindPartnerWithInnResponse", inn, op.BindINN.Permissions, false)
		})
	case op.BindPhone != nil:
		s.question(w, r, "bind", op.BindPhone.Phone, func(phone string) smz {
			return s.ask("PostBindPartnerWithPhoneResponse", s.people.byPhone(phone), op.BindPhone.Permissions, false)
		})
	case op.BindStatus != nil:
		s.question(w, r, "bind_status", s.people.asked(op.BindStatus.ID), func(string) smz {
			return s.became("GetBindPartnerStatusResponse", op.BindStatus.ID, false)
		})
	case op.Grant != nil:
		s.question(w, r, "grant", op.Grant.INN, func(inn string) smz {
			return s.ask("PostGrantedPermissionsResponse", inn, op.Grant.Permissions, true)
		})
	case op.GrantStatus != nil:
		s.question(w, r, "grant_status", s.people.asked(op.GrantStatus.ID), func(string) smz {
			return s.became("GetGrantedPermissionsStatusResponse", op.GrantStatus.ID, true)
		})
	case op.Unbind != nil:
		s.question(w, r, "unbind", op.Unbind.INN, s.unbind)
	case op.Leavers != nil:
		s.question(w, r, "leavers", "", func(string) smz { return s.leavers(*op.Leavers) })
	case op.INNChanges != nil:
		s.question(w, r, "inn_changes", "", func(string) smz { return s.innChanges(*op.INNChanges) })
	default:
		return false
	}
	return true
}

// byPhone is the INN of a phone, "" when nobody has it.
func (p *people) byPhone(phone string) string {
	for _, person := range p.list() {
		if strings.TrimPrefix(person.Phone, "+") == phone {
			return person.INN
		}
	}
	return ""
}

// ask puts a request before a person.
func (s *Server) ask(name, inn string, permissions []string, grant bool) smz {
	person, known := s.people.find(inn)
	wrong := slices.ContainsFunc(permissions, func(p string) bool { return !slices.Contains(AllPermissions, p) })
	switch refused := deny(person, known, ""); {
	case len(permissions) == 0 || wrong:
		return failure("REQUEST_VALIDATION_ERROR", "Ошибка валидации запроса: {FIELD}", arg{"FIELD", "Permissions"})
	case refused != nil && (grant || !known || !person.Registered || !person.UnregisteredAt.IsZero()):
		return *refused
	case !grant && person.Bound:
		return failure("TAXPAYER_ALREADY_BOUND", "Налогоплательщик с ИНН {INN} уже привязан к партнёру", arg{"INN", inn})
	}
	o := order{ID: newID(), INN: inn, Permissions: permissions, Grant: grant, Result: "IN_PROGRESS"}
	if !s.note(o) {
		return failure("INTERNAL_ERROR", "Внутренняя ошибка")
	}
	return smz{name, orderResponse{o.ID}}
}

// became says what became of a request: the person answers when it is asked about.
func (s *Server) became(name, id string, grant bool) smz {
	o, ok := s.people.order(id)
	if !ok || o.Grant != grant {
		return failure("REQUEST_VALIDATION_ERROR", "Заявка {ID} не найдена", arg{"ID", id})
	}
	person, _ := s.people.find(o.INN)
	if o.Result == "IN_PROGRESS" && person.Answers != "" {
		o.Result = "FAILED"
		if person.Answers == "yes" {
			o.Result, o.Given = "COMPLETED", nil
			for _, p := range o.Permissions {
				if !slices.Contains(person.Refuses, p) {
					o.Given = append(o.Given, p)
				}
			}
			person.Bound, person.UnboundAt = true, time.Time{}
			if !grant {
				person.Permissions = nil
			}
			person.Permissions = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(person.Permissions), o.Given...))))
		}
		if !s.note(o) || !s.note([]Person{person}) {
			return failure("INTERNAL_ERROR", "Внутренняя ошибка")
		}
	}
	status := orderStatus{Result: o.Result, INN: o.INN}
	if o.Result != "IN_PROGRESS" {
		status.Processing = s.now().UTC().Format(time.RFC3339)
	}
	if !grant {
		status.Permissions = o.Given
	}
	return smz{name, status}
}

// unbind ends a binding at the partner's wish.
func (s *Server) unbind(inn string) smz {
	person, known := s.people.find(inn)
	if refused := deny(person, known, ""); refused != nil {
		return *refused
	}
	person.Bound, person.Permissions = false, nil
	if !s.note([]Person{person}) {
		return failure("INTERNAL_ERROR", "Внутренняя ошибка")
	}
	return smz{"PostUnbindPartnerResponse", unbindResponse{s.now().UTC().Format(time.RFC3339)}}
}

// leavers answers GetNewlyUnboundTaxpayers.
func (s *Server) leavers(req pageRequest) smz {
	from, errFrom := time.Parse(time.RFC3339Nano, req.From)
	to, errTo := time.Parse(time.RFC3339Nano, req.To)
	if errFrom != nil || errTo != nil {
		return failure("REQUEST_VALIDATION_ERROR", "Ошибка валидации запроса: {FIELD}", arg{"FIELD", "From, To"})
	}
	var list []leaver
	for _, p := range s.people.list() {
		if !p.UnboundAt.IsZero() && !p.UnboundAt.Before(from) && p.UnboundAt.Before(to) {
			list = append(list, leaver{p.INN, p.FirstName, p.LastName, p.UnboundAt.UTC().Format(time.RFC3339)})
		}
	}
	list = list[min(max(int(req.Offset), 0), len(list)):]
	limit := min(cmp.Or(req.Limit, 100), len(list))
	return smz{"GetNewlyUnboundTaxpayersResponse", leaversResponse{list[:limit], limit < len(list)}}
}

// innChanges answers GetChangeInnHistory: offsets count from 0, in the order of the changes.
func (s *Server) innChanges(req pageRequest) smz {
	list := s.people.changed()
	list = list[min(max(int(req.Offset), 0), len(list)):]
	return smz{"GetChangeInnHistoryResponse", innChangesResponse{list[:min(cmp.Or(req.Limit, 100), len(list))]}}
}

// note writes into the books and waits until it is on disk.
func (s *Server) note(v any) bool { return s.books.Note(v) == nil && s.books.Settle() == nil }
