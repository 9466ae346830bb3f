package main_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/text/encoding/charmap"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/port/stage"
	"github.com/provodka/provodka/ledger/money"
	registrationv1 "github.com/provodka/provodka/proto/gen/provodka/registration/v1"
	"github.com/provodka/provodka/proto/gen/provodka/registration/v1/registrationv1connect"
	statementv1 "github.com/provodka/provodka/proto/gen/provodka/statement/v1"
	userv1 "github.com/provodka/provodka/proto/gen/provodka/user/v1"
	"github.com/provodka/provodka/proto/gen/provodka/user/v1/userv1connect"
)

// newcomer registers a company at a whole program, with sandboxes around it.
type newcomer struct {
	registrationv1connect.RegistrationServiceClient
	t         *testing.T
	f         devFile
	token, id string
}

const (
	newcomersPhone    = "+79157770001"
	newcomersMail     = "director@romashka.example"
	newcomersPassword = "kitchen lamp over the river"
)

// TestAStrangerBecomesACompany goes the whole way through the program: a code from the
// provider of SMS, a company from the state register, a deposit from the bank's statement, a
// link from the mail relay, a password, a login; and the ways that go wrong. In the middle
// the program is killed.
func TestAStrangerBecomesACompany(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.args = []string{"dev", "--dir", s.dir, "--listen", "127.0.0.1:0"}
	r := s.start()
	n := &newcomer{t: t}
	n.meet(s, r)
	n.begin()
	n.state("agreement")
	n.accept()
	n.refused("company_terminated", requisite.ExampleINN(1005))
	n.refused("not_found", requisite.ExampleINN(1999))
	inn := requisite.ExampleINN(1001)
	n.do(n.SetINN(t.Context(), &registrationv1.SetINNRequest{RegistrationId: n.id, Inn: inn}))
	n.until("email")
	n.do(n.SetEmail(t.Context(), &registrationv1.SetEmailRequest{RegistrationId: n.id, Email: newcomersMail}))
	n.do(n.AcceptConditions(t.Context(), &registrationv1.AcceptConditionsRequest{RegistrationId: n.id, TermsId: n.now().GetTerms().GetTermsId()}))
	waiting := n.until("deposit")
	if i := waiting.GetInvoice(); waiting.GetName() != "ООО «Ромашка»" || i.GetAmount() != "10000.00" || !strings.Contains(i.GetQrText(), "Sum=1000000") {
		t.Errorf("%v", waiting)
	}

	n.pay(payment{"1", "10000.00", requisite.ExampleINN(1777), "Оплата по счету"}) // a stranger's, and it names nobody
	n.pay(payment{"2", "4000.00", inn, waiting.GetInvoice().GetPurpose()})
	for r := n.until("deposit"); r.GetInvoice().GetAmount() != "6000.00"; r = n.until("deposit") {
		n.pause()
	}
	r.kill()
	r = s.start()
	n.meet(s, r)                                                           // the token opens it as before: it is derived
	n.pay(payment{"3", "7500.00", inn, waiting.GetInvoice().GetPurpose()}) // more than was missing

	n.until("link")
	link := n.sent("mail", newcomersMail, `/registration/`+n.id+`#(\S+)`)
	n.wants("code_wrong", second(n.FollowLink(t.Context(), &registrationv1.FollowLinkRequest{RegistrationId: n.id, Link: "1.x"})))
	n.do(n.FollowLink(t.Context(), &registrationv1.FollowLinkRequest{RegistrationId: n.id, Link: link}))
	n.wants("password_weak", second(n.SetPassword(t.Context(), &registrationv1.SetPasswordRequest{RegistrationId: n.id, Password: "password1234"})))
	n.do(n.SetPassword(t.Context(), &registrationv1.SetPasswordRequest{RegistrationId: n.id, Password: newcomersPassword, Name: "Анна Петрова"}))
	n.until("active")
	n.login(waiting.GetCompanyId())
	n.leavesNoTrace(s, inn, link)
	if code, out := s.run("audit", "--brokers", n.f.Brokers, "--dsn", n.f.DSN); code != 0 {
		t.Errorf("audit ends with %d: %s", code, out)
	}
	r.kill()
}

// meet waits for the program and learns where everything is.
func (n *newcomer) meet(s *stack, r *running) {
	n.t.Helper()
	if _, ok := r.until("ready "); !ok {
		n.t.Fatalf("the program ended early:\n%s\n%s", r.text.String(), s.tail())
	}
	var err error
	if n.f, err = s.devFile(); err != nil {
		n.t.Fatal(err)
	}
	n.RegistrationServiceClient = registrationv1connect.NewRegistrationServiceClient(http.DefaultClient, n.f.API, connect.WithInterceptors(
		connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
			return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
				if n.token != "" {
					req.Header().Set("Authorization", "Bearer "+n.token)
				}
				return next(ctx, req)
			}
		})))
}

// begin starts twice: the first registration's code is guessed wrong five times, the second's
// is right.
func (n *newcomer) begin() {
	n.t.Helper()
	ctx := n.t.Context()
	for i, phone := range []string{"+79157770009", newcomersPhone} {
		begun, err := n.Start(ctx, &registrationv1.StartRequest{Key: fmt.Sprintf("a key of %d, made by chance", i), Phone: phone})
		if err != nil {
			n.t.Fatal(err)
		}
		n.token, n.id = begun.GetToken(), begun.GetRegistration().GetRegistrationId()
		code := n.sent("sms", phone[1:], `подтверждения: (\d{6})\.`)
		if i == 0 {
			n.guess(code)
			continue
		}
		n.do(n.ConfirmCode(ctx, &registrationv1.ConfirmCodeRequest{RegistrationId: n.id, Code: code}))
	}
}

func (n *newcomer) guess(code string) {
	n.t.Helper()
	wrong := "000000"
	if code == wrong {
		wrong = "111111"
	}
	for range 5 {
		n.wants("code_wrong", second(n.ConfirmCode(n.t.Context(), &registrationv1.ConfirmCodeRequest{RegistrationId: n.id, Code: wrong})))
	}
	n.wants("code_expired", second(n.ConfirmCode(n.t.Context(), &registrationv1.ConfirmCodeRequest{RegistrationId: n.id, Code: code})))
	n.wants("too_often", second(n.ResendCode(n.t.Context(), &registrationv1.ResendCodeRequest{RegistrationId: n.id})))
}

func (n *newcomer) accept() {
	n.t.Helper()
	texts, err := n.ListTexts(n.t.Context(), &registrationv1.ListTextsRequest{})
	if err != nil {
		n.t.Fatal(err)
	}
	n.do(n.AcceptTexts(n.t.Context(), &registrationv1.AcceptTextsRequest{
		RegistrationId: n.id, PolicyVersion: texts.GetTexts()[0].GetVersion(), AgreementVersion: texts.GetTexts()[1].GetVersion(),
	}))
}

// refused names a company that the state register refuses.
func (n *newcomer) refused(code, inn string) {
	n.t.Helper()
	n.do(n.SetINN(n.t.Context(), &registrationv1.SetINNRequest{RegistrationId: n.id, Inn: inn}))
	if r := n.until("inn"); r.GetRefusal() != code {
		n.t.Errorf("%s: %v", inn, r)
	}
}

// login lets the owner in, and nobody with another password.
func (n *newcomer) login(company string) {
	n.t.Helper()
	users := userv1connect.NewUserServiceClient(http.DefaultClient, n.f.API)
	_, err := users.Login(n.t.Context(), &userv1.LoginRequest{Book: "main", Email: newcomersMail, Password: "not this one at all"})
	n.wants("login_refused", err)
	in, err := users.Login(n.t.Context(), &userv1.LoginRequest{Book: "main", Email: strings.ToUpper(newcomersMail), Password: newcomersPassword})
	if err != nil {
		n.t.Fatal(err)
	}
	if u := in.GetSession().GetUser(); u.GetEmail() != newcomersMail || u.GetCompanyId() != company || fmt.Sprint(u.GetRoles()) != "[owner]" {
		n.t.Errorf("%v", in)
	}
}

// leavesNoTrace looks for what must be in no log and in no table: who it was, and what opens
// the doors. Sandboxes know it, of course.
func (n *newcomer) leavesNoTrace(s *stack, inn, link string) {
	n.t.Helper()
	words := []string{newcomersPhone[1:], newcomersMail, newcomersPassword, inn, "Петрова", "Ромашка", n.token, link[2:]}
	tellsNobody(n.t, n.f.DSN, words...)
	log, err := os.ReadFile(filepath.Join(s.dir, "test.log"))
	if err != nil {
		n.t.Fatal(err)
	}
	for _, word := range words {
		if strings.Contains(string(log), word) {
			n.t.Errorf("the log tells %q", word)
		}
	}
}

// payment is a line of a bank's statement.
type payment struct{ number, amount, inn, purpose string }

// pay imports a statement with one payment to our account.
func (n *newcomer) pay(p payment) {
	n.t.Helper()
	bic := requisite.ExampleBIC(600)
	ours, opening := requisite.ExampleAccount("40702", bic, 1), money.MustParse("1000000.00")
	text := fmt.Sprintf("1CClientBankExchange\r\nВерсияФормата=1.03\r\nКодировка=Windows\r\nОтправитель=Банк\r\nДатаНачала=02.03.2026\r\nДатаКонца=02.03.2026\r\nРасчСчет=%[1]s\r\n"+
		"СекцияРасчСчет\r\nДатаНачала=02.03.2026\r\nДатаКонца=02.03.2026\r\nРасчСчет=%[1]s\r\nНачальныйОстаток=%[2]s\r\nВсегоПоступило=%[3]s\r\nВсегоСписано=0.00\r\nКонечныйОстаток=%[4]s\r\nКонецРасчСчет\r\n"+
		"СекцияДокумент=Платежное поручение\r\nНомер=%[5]s\r\nДата=02.03.2026\r\nСумма=%[3]s\r\nПлательщикСчет=%[6]s\r\nПолучательСчет=%[1]s\r\nПлательщикИНН=%[7]s\r\nПлательщик=Контрагент\r\nДатаПоступило=02.03.2026\r\nНазначениеПлатежа=%[8]s\r\nКонецДокумента\r\nКонецФайла\r\n",
		ours, opening, p.amount, opening.Add(money.MustParse(p.amount)), p.number, requisite.ExampleAccount("40702", requisite.ExampleBIC(7), 77), p.inn, p.purpose)
	file, err := charmap.Windows1251.NewEncoder().String(text)
	if err != nil {
		n.t.Fatal(err)
	}
	house, err := client.New(n.f.API, n.f.APIKey)
	if err != nil {
		n.t.Fatal(err)
	}
	if _, err := house.Statements.ImportStatement(n.t.Context(), &statementv1.ImportStatementRequest{Book: "main", File: []byte(file), FileName: "выписка.txt"}); err != nil {
		n.t.Fatal(err)
	}
}

// sent is what a pattern finds in the newest message that a sandbox took for an address.
func (n *newcomer) sent(sandbox, to, pattern string) string {
	n.t.Helper()
	re := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); n.pause() {
		var books stage.Report
		answer, err := http.Get(n.f.Sandboxes[sandbox] + "/sandbox/books")
		if err != nil {
			n.t.Fatal(err)
		}
		err = json.NewDecoder(answer.Body).Decode(&books)
		answer.Body.Close()
		if err != nil {
			n.t.Fatal(err)
		}
		for i := len(books.Payments) - 1; i >= 0; i-- {
			if p := books.Payments[i]; p.Account == to && p.ExecutedCount == 1 {
				if found := re.FindStringSubmatch(p.Purpose); found != nil {
					return found[1]
				}
			}
		}
	}
	n.t.Fatalf("nothing like %s came to %s", pattern, to)
	return ""
}

func (n *newcomer) now() *registrationv1.Registration {
	n.t.Helper()
	answer, err := n.GetRegistration(n.t.Context(), &registrationv1.GetRegistrationRequest{RegistrationId: n.id})
	if err != nil {
		n.t.Fatal(err)
	}
	return answer.GetRegistration()
}

func (n *newcomer) state(want string) {
	n.t.Helper()
	if r := n.now(); r.GetState() != want {
		n.t.Fatalf("%v, want %s", r, want)
	}
}

// until asks, slowly enough for the limits, until the registration is in a state.
func (n *newcomer) until(state string) *registrationv1.Registration {
	n.t.Helper()
	var last *registrationv1.Registration
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); n.pause() {
		if last = n.now(); last.GetState() == state {
			return last
		}
	}
	n.t.Fatalf("it stays %v, want %s", last, state)
	return nil
}

// pause waits a little for the world: an address may call 600 times a minute here.
func (n *newcomer) pause() {
	select {
	case <-n.t.Context().Done():
	case <-time.After(100 * time.Millisecond):
	}
}

// do wants a call to pass.
func (n *newcomer) do(_ any, err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// second is the error of a call.
func second(_ any, err error) error { return err }

// wants wants a refusal by its code.
func (n *newcomer) wants(code string, err error) {
	n.t.Helper()
	var refused *connect.Error
	if !errors.As(err, &refused) {
		n.t.Fatalf("not refused by %s: %v", code, err)
	}
	for _, d := range refused.Details() {
		if v, failed := d.Value(); failed == nil && strings.Contains(fmt.Sprint(v), code) {
			return
		}
	}
	n.t.Fatalf("%v, want %s", err, code)
}
