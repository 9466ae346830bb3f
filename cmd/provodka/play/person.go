package play

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/examples/play"
	documentv1 "github.com/provodka/provodka/proto/gen/provodka/document/v1"
	"github.com/provodka/provodka/proto/gen/provodka/document/v1/documentv1connect"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// What people read in their SMS.
var (
	joinLink    = regexp.MustCompile(`/join/[^/]+/([^/#]+)#(\S+)`)
	joinCode    = regexp.MustCompile(`^Код подтверждения: (\d{6})`)
	signLink    = `/sign/([^/]+/%s/%s)#(\S+)`
	signingCode = `^Код для подписания \(%s\): (\d{6})`
)

// The documents that an executor signs, and what his SMS call them.
const (
	agreement = "agreement"
	act       = "act"
)

var documentWords = map[string]string{agreement: "договор", act: "акт"}

// read waits for the newest SMS to a phone that fits, and gives what the pattern finds.
func (p *Player) read(ctx context.Context, phone string, form *regexp.Regexp) ([]string, error) {
	for {
		all, err := booked(ctx, p.SMS)
		if err != nil {
			return nil, err
		}
		for _, m := range slices.Backward(all) {
			if found := form.FindStringSubmatch(m.Purpose); found != nil && m.ExecutedCount > 0 && m.Account == strings.TrimPrefix(phone, "+") {
				return found[1:], nil
			}
		}
		if err := pause(ctx); err != nil {
			return nil, fmt.Errorf("SMS на %s не пришло: %w", phone, err)
		}
	}
}

// pause lets the world go on for a moment.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(look):
		return nil
	}
}

// joins brings a person in by the company's invitation, as he comes himself: by the link and the
// code of his SMS. A restarted player finds how far he is.
func (p *Player) joins(ctx context.Context, i int) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, p.Patience)
	defer cancel()
	x, company := p.play.Executors[i], p.company.GetCompanyId()
	made, err := p.api.Invitations.CreateInvitation(ctx, &executorv1.CreateInvitationRequest{
		Book: p.Book, Key: "play:invitation:" + x.Ref, CompanyId: company, EmploymentKind: x.Kind, Phone: x.Phone,
	})
	if err != nil {
		return "", err
	}
	id, token := made.GetInvitation().GetId(), ""
	for {
		all, err := p.api.Invitations.ListInvitations(ctx, &executorv1.ListInvitationsRequest{Book: p.Book, CompanyId: company})
		if err != nil {
			return "", err
		}
		at := slices.IndexFunc(all.GetInvitations(), func(n *executorv1.Invitation) bool { return n.GetId() == id })
		if at < 0 {
			return "", fmt.Errorf("приглашения %s нет в списке", id)
		}
		switch n := all.GetInvitations()[at]; n.GetState() {
		case "done":
			return n.GetExecutorId(), nil
		case "admitting":
			err = pause(ctx)
		default:
			token, err = p.joinStep(ctx, i, n, token)
		}
		if err != nil {
			return "", err
		}
	}
}

// joinStep does what the invitation waits for; the token is that of the phone's confirmation.
func (p *Player) joinStep(ctx context.Context, i int, n *executorv1.Invitation, token string) (string, error) {
	x := p.play.Executors[i]
	link, err := p.read(ctx, x.Phone, joinLink)
	if err != nil {
		return "", err
	}
	switch {
	case n.GetState() == "phone":
		code, err := p.read(ctx, x.Phone, joinCode)
		if err != nil {
			return "", err
		}
		got, err := p.api.Invitations.ConfirmInvitation(ctx, &executorv1.ConfirmInvitationRequest{Book: p.Book, InvitationId: n.GetId(), Link: link[1], Code: code[0]})
		return got.GetToken(), err
	case token == "": // the first time, or a player that was killed has taken the token along
		_, err = p.api.Invitations.ClaimInvitation(ctx, &executorv1.ClaimInvitationRequest{Book: p.Book, InvitationId: n.GetId(), Link: link[1], Phone: x.Phone})
		return "", err
	}
	his, err := client.New(p.URL, token, client.WithBook(p.Book))
	if err != nil {
		return "", err
	}
	if n.GetState() == "agreement" {
		opened, err := his.Invitations.OpenInvitation(ctx, &executorv1.OpenInvitationRequest{Book: p.Book, InvitationId: n.GetId(), Link: link[1]})
		if err != nil {
			return "", err
		}
		req := &executorv1.AcceptInvitationRequest{Book: p.Book, InvitationId: n.GetId()}
		for _, text := range opened.GetTexts() {
			if text.GetName() == "policy" {
				req.PolicyVersion = text.GetVersion()
			} else {
				req.ExecutorVersion = text.GetVersion()
			}
		}
		_, err = his.Invitations.AcceptInvitation(ctx, req)
		return token, err
	}
	person := p.person(i)
	p.identify(person, i)
	_, err = his.Invitations.JoinByInvitation(ctx, &executorv1.JoinByInvitationRequest{Book: p.Book, InvitationId: n.GetId(), Person: person, Requisites: requisites(x.Requisites)})
	return token, err
}

// byLink says whether a task's executor signs by links.
func (p *Player) byLink(t *taskv1.Task) bool {
	return slices.Contains(p.play.ByLink, int(t.GetRegisterLine()))
}

// signByLink signs a task's document as its executor does: the link comes by SMS, the page shows the
// file, and the code of another SMS signs it.
func (p *Player) signByLink(ctx context.Context, t *taskv1.Task, kind string) error {
	ctx, cancel := context.WithTimeout(ctx, p.Patience)
	defer cancel()
	i, err := p.executorOf(t)
	if err != nil {
		return err
	}
	x := p.play.Executors[i]
	_, err = p.api.Documents.SendSigningLink(ctx, &documentv1.SendSigningLinkRequest{Book: p.Book, Key: "play:link:" + t.GetId() + ":" + kind, TaskId: t.GetId(), Document: kind})
	if err != nil {
		return err
	}
	found, err := p.read(ctx, x.Phone, regexp.MustCompile(fmt.Sprintf(signLink, t.GetId(), kind)))
	if err != nil {
		return err
	}
	his := documentv1connect.NewDocumentServiceClient(http.DefaultClient, p.URL) // he has no key
	link := found[0] + "/" + found[1]
	page, err := p.proven(ctx, his, link, t.GetExecutor().GetExecutorId(), x.INN)
	if err != nil || page.GetState() == "signed" {
		return err
	}
	sum := page.GetDocument().GetSha256()
	if !page.GetCodeUntil().AsTime().After(time.Now()) { // else a player that was killed has asked for one
		if _, err := his.RequestCode(ctx, &documentv1.RequestCodeRequest{Link: link, DocumentSha256: sum}); err != nil {
			return err
		}
	}
	code, err := p.read(ctx, x.Phone, regexp.MustCompile(fmt.Sprintf(signingCode, documentWords[kind])))
	if err != nil {
		return err
	}
	_, err = his.Sign(ctx, &documentv1.SignRequest{Link: link, DocumentSha256: sum, Code: code[0]})
	return err
}

// proven opens a link as a person does of whom nothing is known but that a company gave his phone: he
// gives his INN, and who is self-employed confirms us in «Мой налог», where he is known by the phone.
func (p *Player) proven(ctx context.Context, his documentv1connect.DocumentServiceClient, link, id, inn string) (*documentv1.GetSigningResponse, error) {
	for {
		page, err := his.GetSigning(ctx, &documentv1.GetSigningRequest{Link: link})
		if err != nil || page.GetState() != "identity" && page.GetNeeds() == "" {
			return page, err
		}
		if page.GetNeeds() == "inn" {
			_, err = his.ConfirmSigner(ctx, &documentv1.ConfirmSignerRequest{Link: link, Inn: inn})
		} else if _, err = p.api.Executors.BindExecutor(ctx, &executorv1.BindExecutorRequest{Book: p.Book, Key: "play:link:bind:" + id, ExecutorId: id}); err == nil {
			err = pause(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
}

// reportSignatures wants every document of those who sign by link to have the person's signature by
// a code, with its evidence.
func (p *Player) reportSignatures(ctx context.Context, d *differences) error {
	agreements, acts := 0, 0
	for _, line := range p.play.ByLink {
		r, err := p.tasks.GetTask(ctx, &taskv1.GetTaskRequest{Book: p.Book, TaskId: p.lines[line]})
		if err != nil {
			return err
		}
		kinds := []string{agreement}
		agreements++
		if r.GetTask().GetActRequired() {
			kinds = append(kinds, act)
			acts++
		}
		for _, kind := range kinds {
			got, err := p.api.Documents.GetDocument(ctx, &documentv1.GetDocumentRequest{Book: p.Book, TaskId: p.lines[line], Document: kind})
			if err != nil {
				return err
			}
			signed := slices.ContainsFunc(got.GetDocument().GetSignatures(), func(s *documentv1.Signature) bool {
				return s.GetSide() == "executor" && s.GetMethod() == "code" && s.GetEvidenceHolds()
			})
			d.want(fmt.Sprintf("строка реестра %d, %s подписан кодом из SMS", line, documentWords[kind]), fmt.Sprint(signed), "true")
		}
	}
	p.say("Подписано исполнителями по ссылке и коду из SMS: договоров %d, актов %d", agreements, acts)
	return nil
}

// waysOf are the words for the ways to pay, in the order in which they are told.
var waysOf = [][2]string{{play.ByAccount, "на счёт"}, {play.BySBP, "по СБП"}, {play.ByCard, "на карту"}}

// reportWays compares how many payments have left each way with the bank's own books.
func (p *Player) reportWays(ctx context.Context, d *differences) error {
	all, err := booked(ctx, p.Bank)
	if err != nil {
		return err
	}
	ways := map[string]int{}
	for _, x := range all {
		way := x.Detail["way"]
		if way == "" {
			way = play.ByAccount
		}
		ways[way] += x.ExecutedCount
	}
	var words []string
	for _, w := range waysOf {
		d.want("платежей "+w[1], fmt.Sprint(ways[w[0]]), fmt.Sprint(p.play.Expected.Ways[w[0]]))
		words = append(words, fmt.Sprintf("%s %d", w[1], ways[w[0]]))
	}
	p.say("\nПлатежей по книгам банка: %s", strings.Join(words, ", "))
	return nil
}
