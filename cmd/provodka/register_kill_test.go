package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine/port/requisite"
	companyv1 "github.com/provodka/provodka/proto/gen/provodka/company/v1"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
)

// TestRegisterSurvivesKills kills the caller, then the server, at seeded moments of a
// register; the same command goes on, and every good line has exactly one task.
func TestRegisterSurvivesKills(t *testing.T) {
	if testing.Short() {
		t.Skip("kills a stack")
	}
	t.Parallel()
	s := newStack(t)
	s.args = []string{"dev", "--dir", s.dir, "--listen", "127.0.0.1:0"}
	r := s.start()
	company := s.companyOfRegister(r)
	const lines = 6000
	var b bytes.Buffer
	b.WriteString("title;description;category;executor_inn;amount_gross;employment_kind\n")
	for i := range lines {
		amount := fmt.Sprintf("%d.00", 1+i)
		if i%100 == 7 {
			amount = "нет"
		}
		fmt.Fprintf(&b, "Работа %d;Текст;Работы;%s;%s;selfemployed\n", i, requisite.ExamplePersonINN(1), amount)
	}
	path := filepath.Join(s.dir, "register.csv")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(5, 21))
	for round := range 4 {
		ctx, cancel := context.WithCancel(t.Context())
		cmd := exec.CommandContext(ctx, s.bin, "register", path, "--company", company, "--dev", s.dir)
		progress, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := bufio.NewReader(progress)
		for range 1 + random.IntN(4) { // sets of lines
			if _, err := said.ReadString('%'); err != nil {
				t.Fatalf("the upload ended before it was killed: %v", err)
			}
		}
		if round%2 == 1 {
			r.kill()
			cancel()
			r = s.start()
			s.ready(r)
		}
		cancel()
		_ = cmd.Wait() // it was killed
	}
	code, out := s.run("register", path, "--company", company, "--dev", s.dir, "--output", "json")
	if code != 0 {
		t.Fatalf("%d %s\n%s", code, out, s.tail())
	}
	var done struct{ Lines, Created, Replayed, Refused int }
	if err := json.Unmarshal([]byte(out[bytes.IndexByte([]byte(out), '{'):]), &done); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const bad = lines / 100
	if done.Lines != lines || done.Created+done.Replayed != lines-bad || done.Refused != bad || done.Replayed == 0 {
		t.Errorf("%+v", done)
	}
	f, err := s.devFile()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), f.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var tasks int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM aggregate WHERE flow = 'task'").Scan(&tasks); err != nil || tasks != lines-bad {
		t.Errorf("%d tasks of %d good lines: %v", tasks, lines-bad, err)
	}
	r.kill()
}

// ready waits until the stack's API answers.
func (s *stack) ready(r *running) *client.Client {
	s.t.Helper()
	if _, ok := r.until("ready"); !ok {
		s.t.Fatalf("the stack ended: %s", s.tail())
	}
	f, err := s.devFile()
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := client.New("http://"+strings.TrimPrefix(f.API, "http://"), f.APIKey, client.WithBook("main"))
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// companyOfRegister opens a company and registers its executor.
func (s *stack) companyOfRegister(r *running) string {
	s.t.Helper()
	c, bic := s.ready(r), requisite.ExampleBIC(1)
	answer, err := c.Companies.OpenCompany(s.t.Context(), &companyv1.OpenCompanyRequest{
		Details: &companyv1.CompanyDetails{
			Inn: requisite.ExampleINN(1), Name: "ООО «Ромашка»", Phone: "8 (915) 327-71-21", Contract: "РВ-1",
			Accounts: []*companyv1.BankAccount{{Account: requisite.ExampleAccount("40702", bic, 1), Bic: bic}},
		},
		Tariff: &companyv1.Tariff{Percent: "3.5", Minimum: "5"},
	})
	if err == nil {
		_, err = c.Executors.RegisterExecutor(s.t.Context(), &executorv1.RegisterExecutorRequest{
			EmploymentKind: "selfemployed", Person: &executorv1.Person{
				Inn: requisite.ExamplePersonINN(1), Phone: requisite.ExamplePhone(1), LastName: "Иванов", FirstName: "Пётр",
			},
		})
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.GetCompany().GetCompanyId()
}
