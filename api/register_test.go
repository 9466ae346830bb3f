package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	registerv1 "github.com/provodka/provodka/proto/gen/provodka/register/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// bigRegister has n lines; every tenth has no such executor, every tenth behind it a bad amount.
func bigRegister(n int) []byte {
	var b bytes.Buffer
	b.WriteString("\ufeff" + registerHead)
	for i := range n {
		who, amount := requisite.ExamplePersonINN(1), fmt.Sprintf("%d,%02d", 100+i, i%100)
		switch i % 10 {
		case 3:
			who = requisite.ExamplePersonINN(99)
		case 4:
			amount = "1.005"
		}
		fmt.Fprintf(&b, "Вёрстка № %d;\"Страница;\nи ещё\";Работы;%s;;%s;;selfemployed\r\n", i, who, amount)
	}
	return b.Bytes()
}

func (c *caller) streaming() *client.Client {
	c.t.Helper()
	cl, err := client.New(c.url, c.key, client.WithHTTPClient(client.HTTP2()))
	if err != nil {
		c.t.Fatal(err)
	}
	return cl
}

// upload uploads a register and gives all that was told.
func (c *caller) upload(company string, file []byte, change func(*registerv1.RegisterStart)) (told []*registerv1.UploadRegisterResponse, err error) {
	start := &registerv1.RegisterStart{Book: c.book, CompanyId: company, FileName: "реестр.csv"}
	if change != nil {
		change(start)
	}
	_, err = c.streaming().UploadRegister(c.t.Context(), start, bytes.NewReader(file), func(m *registerv1.UploadRegisterResponse) error {
		told = append(told, m)
		return nil
	})
	return told, err
}

// linesOf counts the tasks of a company by register and line; each must be there once.
func (c *caller) linesOf(company string) map[string]int {
	c.t.Helper()
	found := map[string]int{}
	for token := ""; ; {
		page, err := c.Tasks.ListTasks(c.t.Context(), &taskv1.ListTasksRequest{Book: c.book, CompanyId: company, PageSize: 500, PageToken: token})
		if err != nil {
			c.t.Fatal(err)
		}
		for _, task := range page.GetTasks() {
			found[fmt.Sprint(task.GetRegisterId(), " ", task.GetRegisterLine())]++
		}
		if token = page.GetNextPageToken(); token == "" {
			return found
		}
	}
}

func totals(m *registerv1.UploadRegisterResponse) string {
	t := m.GetTotals()
	return fmt.Sprintf("%d: %d new, %d old, %d refused, gross %s net %s", t.GetLines(), t.GetCreated(), t.GetReplayed(), t.GetRefused(), t.GetAmountGross(), t.GetAmountNet())
}

// A dry run says what the run will make and refuse, and makes nothing; the run makes it; the
// same file again makes nothing and says so.
func testRegisterStream(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "")
	c.executor(1, "selfemployed", nil)
	file := bigRegister(2500)
	sum := 0 // kopecks
	for i := range 2500 {
		if i%10 != 3 && i%10 != 4 {
			sum += 100*(100+i) + i%100
		}
	}
	gross := fmt.Sprintf("gross %d.%02d net 0.00", sum/100, sum%100)
	var errorFiles []string
	for i, want := range []string{"2500: 2000 new, 0 old, 500 refused", "2500: 2000 new, 0 old, 500 refused", "2500: 0 new, 2000 old, 500 refused", "2500: 0 new, 2000 old, 500 refused"} {
		dry := i == 0 || i == 3
		told, err := c.upload(company, file, func(s *registerv1.RegisterStart) { s.DryRun = dry })
		if err != nil || len(told) < 4 {
			t.Fatalf("%d: %v %v", i, told, err)
		}
		last := told[len(told)-1]
		if !strings.HasPrefix(totals(last), want) || !strings.HasSuffix(totals(last), gross) || last.GetPercent() != 100 || last.GetReadBytes() != uint64(len(file)) || last.GetAlreadyImported() != (i > 1) {
			t.Fatalf("%d: %s %v", i, totals(last), last)
		}
		var written []byte
		for j, m := range told {
			written = append(written, m.GetErrors()...)
			if j > 0 && (m.GetPercent() < told[j-1].GetPercent() || m.GetTotals().GetLines() < told[j-1].GetTotals().GetLines()) || m.GetPercent() == 100 && m != last {
				t.Errorf("progress goes back: %v", told)
			}
		}
		errorFiles = append(errorFiles, string(written))
		if n := len(c.linesOf(company)); i == 0 && n != 0 || i > 0 && n != 2000 {
			t.Fatalf("%d: %d tasks", i, n)
		}
	}
	if len(errorFiles[0]) == 0 || errorFiles[0] != errorFiles[1] || errorFiles[1] != errorFiles[2] || errorFiles[2] != errorFiles[3] {
		t.Error("the error registers of the runs differ")
	}
	for line, n := range c.linesOf(company) {
		if n != 1 {
			t.Errorf("line %s has %d tasks", line, n)
		}
	}
	// Sent whole it is the same register.
	whole, err := c.importRegister(company, file)
	if err != nil || !whole.GetAlreadyImported() || whole.GetRegister().GetAccepted() != 2000 || len(whole.GetResults()) != 2500 {
		t.Fatalf("%v %v", whole.GetRegister(), err)
	}
	id := whole.GetRegister().GetRegisterId()
	var streamed []byte
	stream, err := c.Registers.StreamErrors(t.Context(), &registerv1.StreamErrorsRequest{Book: c.book, RegisterId: id})
	for err == nil && stream.Receive() {
		streamed = append(streamed, stream.Msg().GetChunk()...)
	}
	if err != nil || stream.Err() != nil || string(streamed) != errorFiles[0] {
		t.Errorf("the error register differs from what was told: %v %v", err, stream.Err())
	}
	one, err := c.Registers.DownloadErrors(t.Context(), &registerv1.DownloadErrorsRequest{Book: c.book, RegisterId: id})
	if err != nil || string(one.GetFile()) != errorFiles[0] {
		t.Errorf("the error register differs from what was told: %v", err)
	}
	page, err := c.Registers.GetRegister(t.Context(), &registerv1.GetRegisterRequest{Book: c.book, RegisterId: id, AfterLine: 4000})
	if err != nil || page.GetRegister().GetAccepted() != 2000 || len(page.GetResults()) != 500 || page.GetMore() || page.GetResults()[0].GetLine() != 4002 {
		t.Errorf("%v %v %d", err, page.GetRegister(), len(page.GetResults()))
	}
	template, err := c.Registers.DownloadTemplate(t.Context(), &registerv1.DownloadTemplateRequest{Book: c.book})
	if err != nil || !bytes.Contains(template.GetFile(), []byte("executor_inn")) || !bytes.Contains(template.GetInstruction(), []byte("Реестр заданий")) {
		t.Errorf("%v %v", template, err)
	}
}

// A stream that is not what it said makes a typed refusal.
func testRegisterBroken(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "")
	c.executor(1, "selfemployed", nil)
	good := bigRegister(3)
	for name, tc := range map[string]struct {
		file   []byte
		change func(*registerv1.RegisterStart)
		code   fault.Code
		field  string
	}{
		"three columns":  {file: []byte("a;b;c\r\n1;2;3\r\n"), code: fault.FileFormat, field: "file: line 1"},
		"UTF-16":         {file: []byte("\xff\xfet\x00i\x00"), code: fault.FileEncoding, field: "file"},
		"of nobody":      {file: good, change: func(s *registerv1.RegisterStart) { s.CompanyId = "company-none" }, code: fault.NotFound, field: "company_id"},
		"a foreign book": {file: good, change: func(s *registerv1.RegisterStart) { s.Book = "another" }, code: fault.PermissionDenied, field: "book"},
	} {
		_, err := c.upload(company, tc.file, tc.change)
		if err == nil {
			t.Errorf("%s was taken", name)
			continue
		}
		refused(t, err, tc.code, tc.field)
	}
	sha := bytes.Repeat([]byte{1}, 32)
	start := func(size int) *registerv1.UploadRegisterRequest {
		return &registerv1.UploadRegisterRequest{What: &registerv1.UploadRegisterRequest_Start{Start: &registerv1.RegisterStart{
			Book: c.book, CompanyId: company, SizeBytes: uint64(size), Sha256: sha}}}
	}
	chunk := &registerv1.UploadRegisterRequest{What: &registerv1.UploadRegisterRequest_Chunk{Chunk: good}}
	for name, tc := range map[string]struct {
		messages []*registerv1.UploadRegisterRequest
		code     fault.Code
		field    string
	}{
		"no start":     {[]*registerv1.UploadRegisterRequest{chunk}, fault.Malformed, "start"},
		"two starts":   {[]*registerv1.UploadRegisterRequest{start(len(good)), start(len(good))}, fault.Malformed, "start"},
		"too short":    {[]*registerv1.UploadRegisterRequest{start(len(good) + 1), chunk}, fault.Unavailable, "chunk"},
		"too long":     {[]*registerv1.UploadRegisterRequest{start(len(good) - 1), chunk}, fault.FileFormat, "file: size_bytes"},
		"another file": {[]*registerv1.UploadRegisterRequest{start(len(good)), chunk}, fault.FileFormat, "file: sha256"},
		"nothing":      {[]*registerv1.UploadRegisterRequest{{}}, fault.Malformed, ""},
	} {
		stream, err := c.streaming().Registers.UploadRegister(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range tc.messages {
			_ = stream.Send(m) // the answer says what was wrong
		}
		_ = stream.CloseRequest()
		for err == nil {
			_, err = stream.Receive()
		}
		var r *client.Refusal
		if !errors.As(err, &r) || r.Code != string(tc.code) || tc.field != "" && r.Field != tc.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(c.linesOf(company)); n != 0 {
		t.Errorf("%d tasks were made of refused files", n)
	}
	// A caller's name belongs to its first file.
	named := func(s *registerv1.RegisterStart) { s.Name = "march-1" }
	if _, err := c.upload(company, good, named); err != nil {
		t.Fatal(err)
	}
	again, err := c.upload(company, good, named)
	if err != nil || !again[len(again)-1].GetAlreadyImported() {
		t.Errorf("%v %v", again, err)
	}
	_, err = c.upload(company, bigRegister(4), named)
	refused(t, err, fault.KeyReused, "name")
}

// The error register, mended, makes the mended lines and no other.
func testRegisterMended(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "")
	c.executor(1, "selfemployed", nil)
	told, err := c.upload(company, bigRegister(20), nil)
	if err != nil {
		t.Fatal(err)
	}
	var mend []byte
	for _, m := range told {
		mend = append(mend, m.GetErrors()...)
	}
	if len(told[0].GetRefused()) != 4 || !bytes.Contains(mend, []byte("amount_gross: сумма записана неверно")) {
		t.Fatalf("%v\n%s", told, mend)
	}
	mended, err := c.upload(company, bytes.ReplaceAll(mend, []byte("1.005"), []byte("1.05")), nil)
	if err != nil || !strings.HasPrefix(totals(mended[len(mended)-1]), "4: 2 new, 0 old, 2 refused, gross 2.10") {
		t.Fatalf("%v %v", mended, err)
	}
	if n := len(c.linesOf(company)); n != 18 {
		t.Errorf("%d tasks", n)
	}
}

// Wherever a caller is cut off, the same file afterwards makes exactly one task of each good
// line.
func testRegisterCut(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "")
	c.executor(1, "selfemployed", nil)
	file := bigRegister(6000)
	random := rand.New(rand.NewPCG(1, 5))
	for range 4 {
		ctx, cut := context.WithCancel(t.Context())
		left := random.IntN(6)
		_, err := c.streaming().UploadRegister(ctx, &registerv1.RegisterStart{Book: c.book, CompanyId: company}, bytes.NewReader(file), func(*registerv1.UploadRegisterResponse) error {
			if left--; left < 0 {
				cut()
			}
			return nil
		})
		cut()
		if err == nil {
			t.Log("it was faster than the cut")
		}
	}
	told, err := c.upload(company, file, nil)
	if err != nil {
		t.Fatal(err)
	}
	last := told[len(told)-1]
	if tot := last.GetTotals(); tot.GetLines() != 6000 || tot.GetCreated()+tot.GetReplayed() != 4800 || tot.GetRefused() != 1200 || tot.GetReplayed() == 0 {
		t.Errorf("%s", totals(last))
	}
	found := c.linesOf(company)
	if len(found) != 4800 {
		t.Errorf("%d lines have tasks", len(found))
	}
	for line, n := range found {
		if n != 1 {
			t.Errorf("line %s has %d tasks", line, n)
		}
	}
}
