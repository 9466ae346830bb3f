package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/provodka/provodka/ledger/fault"
	documentv1 "github.com/provodka/provodka/proto/gen/provodka/document/v1"
	privatev1 "github.com/provodka/provodka/proto/gen/provodka/private/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// linkOf is what a signing page makes of its address.
func linkOf(t *testing.T, uri string) string {
	t.Helper()
	path, secret, ok := strings.Cut(strings.TrimPrefix(uri, "/sign/"), "#")
	if !ok || secret == "" {
		t.Fatalf("%q is no signing link", uri)
	}
	return path + "/" + secret
}

var signingCode = regexp.MustCompile(`Код для подписания \((\S+)\): (\d{6})\.`)

// codeTo waits for the n-th code to a phone.
func (c *caller) codeTo(t *testing.T, phone string, n int) string {
	t.Helper()
	for until := time.Now().Add(patience); time.Now().Before(until); c.pause() {
		c.house.post.mu.Lock()
		var codes []string
		for _, m := range c.house.post.sent {
			if found := signingCode.FindStringSubmatch(m.Text); found != nil && m.To == phone {
				codes = append(codes, found[2])
			}
		}
		c.house.post.mu.Unlock()
		if len(codes) >= n {
			return codes[n-1]
		}
	}
	t.Fatalf("no code %d came to %s", n, phone)
	return ""
}

// drafted makes a task for an executor.
func (c *caller) drafted(t *testing.T, key, company, worker string, act bool) *taskv1.Task {
	t.Helper()
	d := draft("100.00", worker)
	d.ActRequired = act
	answer, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, Key: key, CompanyId: company, Task: d})
	if err != nil {
		t.Fatal(err)
	}
	return answer.GetTask()
}

func hashOf(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

// testDocuments goes the executor's whole way: link, document, code, signature, act, files with stamps, proof.
func testDocuments(t *testing.T, h *house) {
	c := h.caller(t)
	company, worker := c.company(1, "1000.00"), c.executor(701, "selfemployed", account(701))
	c.known(worker, 701, person(701).GetPhone())
	made := c.drafted(t, "t1", company, worker, true)
	stranger := c.visitor("").Documents
	if made.GetAcceptanceSigningUri() != "" || made.GetAgreementUri() != "/api/tasks/"+made.GetId()+"/agreement" {
		t.Errorf("%v", made)
	}
	link := linkOf(t, made.GetAgreementSigningUri())
	shown, err := stranger.GetSigning(t.Context(), &documentv1.GetSigningRequest{Link: link})
	if err != nil {
		t.Fatal(err)
	}
	sum := shown.GetDocument().GetSha256()
	if shown.GetState() != "open" || hashOf(shown.GetDocument().GetFile()) != sum || !bytes.HasPrefix(shown.GetDocument().GetFile(), []byte("%PDF")) || shown.GetPhone() != "+7 *** ***-07-01" {
		t.Errorf("%v", shown)
	}
	again, err := stranger.GetSigning(t.Context(), &documentv1.GetSigningRequest{Link: link})
	if err != nil || again.GetDocument().GetSha256() != sum {
		t.Errorf("the document changes by itself: %v", err)
	}

	// The customer changes the price: what was seen is no more the document.
	if _, err := c.Tasks.ChangeTask(t.Context(), &taskv1.ChangeTaskRequest{Book: c.book, Key: "dearer", TaskId: made.GetId(), AmountGross: "200.00"}); err != nil {
		t.Fatal(err)
	}
	_, err = stranger.RequestCode(t.Context(), &documentv1.RequestCodeRequest{Link: link, DocumentSha256: sum})
	if r := refusal(t, err); r.Code != string(fault.WrongState) || r.Field != "document_sha256" {
		t.Errorf("%v", r)
	}
	if shown, err = stranger.GetSigning(t.Context(), &documentv1.GetSigningRequest{Link: link}); err != nil || shown.GetDocument().GetSha256() == sum {
		t.Fatal(err)
	}
	sum = shown.GetDocument().GetSha256()
	if _, err := stranger.RequestCode(t.Context(), &documentv1.RequestCodeRequest{Link: link, DocumentSha256: sum}); err != nil {
		t.Fatal(err)
	}
	code := c.codeTo(t, "+"+strings.TrimPrefix(person(701).GetPhone(), "+"), 1)
	_, err = stranger.Sign(t.Context(), &documentv1.SignRequest{Link: link, DocumentSha256: strings.Repeat("0", 64), Code: code})
	if r := refusal(t, err); r.Code != string(fault.WrongState) {
		t.Errorf("another file: %v", r)
	}
	signed, err := stranger.Sign(t.Context(), &documentv1.SignRequest{Link: link, DocumentSha256: sum, Code: code})
	if err != nil || signed.GetTaskStatus() != "inwork" || signed.GetRefused() != "" {
		t.Fatalf("%v %v", signed, err)
	}
	if signed, err = stranger.Sign(t.Context(), &documentv1.SignRequest{Link: link, DocumentSha256: sum, Code: code}); err != nil || signed.GetTaskStatus() != "inwork" {
		t.Errorf("the same again: %v %v", signed, err)
	}
	c.provesAgreement(t, made.GetId(), shown.GetDocument())

	// The act: the executor signs it by a code, the customer as the same file.
	if _, err := c.Tasks.DoneTask(t.Context(), &taskv1.DoneTaskRequest{Book: c.book, Key: "done", TaskId: made.GetId()}); err != nil {
		t.Fatal(err)
	}
	now, err := c.Tasks.GetTask(t.Context(), &taskv1.GetTaskRequest{Book: c.book, TaskId: made.GetId()})
	if err != nil || now.GetTask().GetAgreementSigningUri() != "" {
		t.Fatal(now, err)
	}
	link = linkOf(t, now.GetTask().GetAcceptanceSigningUri())
	if shown, err = stranger.GetSigning(t.Context(), &documentv1.GetSigningRequest{Link: link}); err != nil {
		t.Fatal(err)
	}
	sum = shown.GetDocument().GetSha256()
	if _, err = stranger.RequestCode(t.Context(), &documentv1.RequestCodeRequest{Link: link, DocumentSha256: sum}); err != nil {
		t.Fatal(err)
	}
	signed, err = stranger.Sign(t.Context(), &documentv1.SignRequest{Link: link, DocumentSha256: sum, Code: c.codeTo(t, person(701).GetPhone(), 2)})
	if err != nil || signed.GetTaskStatus() != "accepting" {
		t.Fatalf("%v %v", signed, err)
	}
	accepted, err := c.Tasks.SignAct(t.Context(), &taskv1.SignActRequest{Book: c.book, Key: "act", TaskId: made.GetId(), Signer: taskv1.ActSigner_ACT_SIGNER_CUSTOMER})
	if err != nil || accepted.GetTask().GetStatus() != "completed" {
		t.Fatal(err)
	}
	proof, err := c.Documents.VerifyDocument(t.Context(), &documentv1.VerifyDocumentRequest{Book: c.book, File: shown.GetDocument().GetFile()})
	if err != nil || !proof.GetKnown() || len(proof.GetSignatures()) != 2 || proof.GetSignatures()[1].GetSha256() != sum || proof.GetDocument() != "act" {
		t.Errorf("%v %v", proof, err)
	}
	h.discreet(t, code, person(701).GetPhone(), "10.0.")
}

// provesAgreement checks the signed agreement's files, and what is known of a file that was tampered with.
func (c *caller) provesAgreement(t *testing.T, id string, signed *documentv1.Document) {
	t.Helper()
	plain, err := c.Documents.GetDocument(t.Context(), &documentv1.GetDocumentRequest{Book: c.book, TaskId: id, Document: "agreement"})
	if err != nil || !bytes.Equal(plain.GetDocument().GetFile(), signed.GetFile()) {
		t.Fatalf("the signed file is another one: %v", err)
	}
	stamped, err := c.stamped(id, "agreement", 0)
	if err != nil || stamped.GetDocument().GetSignedSha256() != signed.GetSha256() || stamped.GetDocument().GetSha256() == signed.GetSha256() {
		t.Fatal(err)
	}
	for file, isStamped := range map[string]bool{string(signed.GetFile()): false, string(stamped.GetDocument().GetFile()): true} {
		proof, err := c.Documents.VerifyDocument(t.Context(), &documentv1.VerifyDocumentRequest{Book: c.book, File: []byte(file)})
		if err != nil || !proof.GetKnown() || proof.GetStamped() != isStamped || proof.GetTaskId() != id || len(proof.GetSignatures()) != 1 {
			t.Fatalf("%v %v", proof, err)
		}
		s := proof.GetSignatures()[0]
		if s.GetSide() != "executor" || s.GetMethod() != "code" || s.GetSha256() != signed.GetSha256() || !s.GetEvidenceHolds() || s.GetAt() == nil {
			t.Errorf("%v", s)
		}
	}
	forged := bytes.Clone(signed.GetFile())
	forged[len(forged)/2] ^= 1
	if proof, err := c.Documents.VerifyDocument(t.Context(), &documentv1.VerifyDocumentRequest{Book: c.book, File: forged}); err != nil || proof.GetKnown() {
		t.Errorf("%v %v", proof, err)
	}
}

// stamped waits until the log has the hash of a document with the stamps of n signatures and
// one more, and reads it: reading writes nothing.
func (c *caller) stamped(id, document string, n int) (*documentv1.GetDocumentResponse, error) {
	c.t.Helper()
	read := func() (*documentv1.GetDocumentResponse, error) {
		return c.Documents.GetDocument(c.t.Context(), &documentv1.GetDocumentRequest{Book: c.book, TaskId: id, Document: document, Stamped: true})
	}
	for until := time.Now().Add(patience); ; c.pause() {
		got, err := read()
		if err != nil || time.Now().After(until) {
			return got, err
		}
		list := got.GetDocument().GetSignatures()
		if len(list) > n && slices.ContainsFunc(list, func(g *documentv1.Signature) bool { return g.GetStampedSha256() == got.GetDocument().GetSha256() }) {
			rows := c.privateRows() // the file is written before the log has its hash
			if got, err = read(); err != nil {
				return nil, err
			}
			if again := c.privateRows(); again != rows {
				c.t.Errorf("reading wrote: %d rows are %d", rows, again)
			}
			return got, nil
		}
	}
}

// privateRows counts the book's private rows.
func (c *caller) privateRows() (n int) {
	c.t.Helper()
	conn, err := pgx.Connect(c.t.Context(), c.house.dsn)
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close(c.t.Context())
	if err := conn.QueryRow(c.t.Context(), "SELECT count(*) FROM private_data WHERE book = $1 AND kind = 'signed_file'", c.book).Scan(&n); err != nil {
		c.t.Fatal(err)
	}
	return n
}

// testStamps: each signature has its file with stamps drawn once, under a hash that the log
// has; a file that was lost is drawn again and is the same; a hash that the log does not have
// is not known, whatever lies in the tables.
func testStamps(t *testing.T, h *house) {
	c := h.caller(t)
	company, worker := c.company(1, "1000.00"), c.executor(706, "entrepreneur", account(706))
	id := c.drafted(t, "t1", company, worker, false).GetId()
	plain, err := c.Documents.GetDocument(t.Context(), &documentv1.GetDocumentRequest{Book: c.book, TaskId: id, Document: "agreement"})
	if err != nil {
		t.Fatal(err)
	}
	var files []*documentv1.Document
	for i, signer := range []documentv1.Signer{documentv1.Signer_SIGNER_CUSTOMER, documentv1.Signer_SIGNER_EXECUTOR} {
		if _, err := c.Documents.SignDocument(t.Context(), &documentv1.SignDocumentRequest{
			Book: c.book, Key: signer.String(), TaskId: id, Document: "agreement", DocumentSha256: plain.GetDocument().GetSha256(), Signer: signer,
		}); err != nil {
			t.Fatal(err)
		}
		got, err := c.stamped(id, "agreement", i)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, got.GetDocument())
	}
	if files[0].GetSha256() == files[1].GetSha256() {
		t.Error("the second signature has no stamp")
	}
	for _, f := range files { // also the one that has fewer stamps by now
		proof, err := c.Documents.VerifyDocument(t.Context(), &documentv1.VerifyDocumentRequest{Book: c.book, File: f.GetFile()})
		if err != nil || !proof.GetKnown() || !proof.GetStamped() || len(proof.GetSignatures()) != 2 {
			t.Errorf("%v %v", proof, err)
		}
	}
	conn, err := pgx.Connect(t.Context(), h.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "DELETE FROM private_data WHERE book = $1 AND id = $2", c.book, files[1].GetSha256()); err != nil {
		t.Fatal(err)
	}
	again, err := c.Documents.GetDocument(t.Context(), &documentv1.GetDocumentRequest{Book: c.book, TaskId: id, Document: "agreement", Stamped: true})
	if err != nil || !bytes.Equal(again.GetDocument().GetFile(), files[1].GetFile()) {
		t.Errorf("drawn again it is another file: %v", err)
	}
	forged := bytes.Clone(files[1].GetFile())
	forged[len(forged)/2] ^= 1
	draft := h.vault.Draft(c.book)
	draft.SignedFile(worker, hashOf(forged), &privatev1.SignedFile{File: forged, TaskId: id, Document: "agreement", StampedOf: plain.GetDocument().GetSha256()})
	if err := draft.Put(t.Context()); err != nil {
		t.Fatal(err)
	}
	if proof, err := c.Documents.VerifyDocument(t.Context(), &documentv1.VerifyDocumentRequest{Book: c.book, File: forged}); err != nil || proof.GetKnown() {
		t.Errorf("a file that the log does not know is known: %v %v", proof, err)
	}
}

// testSignByKey: integrations sign by a key, the file that they saw alone; the customer's word comes before or after.
func testSignByKey(t *testing.T, h *house) {
	c := h.caller(t)
	company, worker := c.company(1, "1000.00"), c.executor(702, "entrepreneur", account(702))
	id := c.drafted(t, "t1", company, worker, true).GetId()
	get := func(document string) *documentv1.Document {
		answer, err := c.Documents.GetDocument(t.Context(), &documentv1.GetDocumentRequest{Book: c.book, TaskId: id, Document: document})
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetDocument()
	}
	sign := func(key, document, sum string, signer documentv1.Signer) (*documentv1.SignDocumentResponse, error) {
		return c.Documents.SignDocument(t.Context(), &documentv1.SignDocumentRequest{
			Book: c.book, Key: key, TaskId: id, Document: document, DocumentSha256: sum, Signer: signer,
		})
	}
	sum := get("agreement").GetSha256()
	if _, err := sign("wrong", "agreement", strings.Repeat("1", 64), documentv1.Signer_SIGNER_CUSTOMER); refusal(t, err).Field != "document_sha256" {
		t.Errorf("%v", err)
	}
	first, err := sign("customer", "agreement", sum, documentv1.Signer_SIGNER_CUSTOMER)
	if err != nil || first.GetTaskStatus() != "draft" || len(first.GetSignatures()) != 1 || !first.GetSignatures()[0].GetEvidenceHolds() {
		t.Fatalf("%v %v", first, err)
	}
	if again, err := sign("customer", "agreement", sum, documentv1.Signer_SIGNER_CUSTOMER); err != nil || !again.GetReplayed() {
		t.Errorf("%v %v", again, err)
	}
	second, err := sign("executor", "agreement", sum, documentv1.Signer_SIGNER_EXECUTOR)
	if err != nil || second.GetTaskStatus() != "inwork" || len(second.GetSignatures()) != 2 {
		t.Fatalf("%v %v", second, err)
	}
	if _, err := c.Tasks.DoneTask(t.Context(), &taskv1.DoneTaskRequest{Book: c.book, Key: "done", TaskId: id}); err != nil {
		t.Fatal(err)
	}
	act := get("act").GetSha256()
	if done, err := sign("act-1", "act", act, documentv1.Signer_SIGNER_EXECUTOR); err != nil || done.GetTaskStatus() != "accepting" {
		t.Fatalf("%v %v", done, err)
	}
	if done, err := sign("act-2", "act", act, documentv1.Signer_SIGNER_CUSTOMER); err != nil || done.GetTaskStatus() != "completed" || len(done.GetSignatures()) != 2 {
		t.Fatalf("%v %v", done, err)
	}

	// A task that is signed outside, or by nobody, has no such files; another company's key sees none.
	nobody := c.drafted(t, "t2", company, "", false).GetId()
	_, err = c.Documents.GetDocument(t.Context(), &documentv1.GetDocumentRequest{Book: c.book, TaskId: nobody, Document: "agreement"})
	if refusal(t, err).Code != string(fault.WrongState) {
		t.Error(err)
	}
	for owner, status := range map[string]int{company: http.StatusOK, c.company(2, ""): http.StatusNotFound} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.url+"/api/tasks/"+id+"/agreement", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+h.mintFor(t, c.book, owner))
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != status || (status == http.StatusOK) != bytes.HasPrefix(body, []byte("%PDF")) {
			t.Errorf("%d %v %.200s", answer.StatusCode, err, body)
		}
	}
}

// testSigningGuesses: a wrong link leads nowhere, wrong codes are counted, a dead code signs nothing.
func testSigningGuesses(t *testing.T, h *house) {
	c := h.caller(t)
	company, worker := c.company(1, "1000.00"), c.executor(703, "entrepreneur", account(703))
	made := c.drafted(t, "t1", company, worker, false)
	link := linkOf(t, made.GetAgreementSigningUri())
	stranger := c.visitor("").Documents
	c.gaveINN(link, 703)
	for _, wrong := range []string{
		"x", link[:len(link)-1], link + "A", strings.Replace(link, "/agreement/", "/act/", 1), strings.Replace(link, c.book, "main", 1),
		strings.Replace(link, made.GetId(), "task-0", 1), "///", c.book + "/" + made.GetId() + "/agreement/",
	} {
		_, err := stranger.GetSigning(t.Context(), &documentv1.GetSigningRequest{Link: wrong})
		if r := refusal(t, err); r.Code != string(fault.NotFound) || r.Field != "link" {
			t.Errorf("%q: %v", wrong, r)
		}
	}
	for range 100 { // who has not the link keeps nobody out
		if _, err := stranger.GetSigning(t.Context(), &documentv1.GetSigningRequest{Link: link + "A"}); refusal(t, err).Code != string(fault.NotFound) {
			t.Fatal(err)
		}
	}
	shown, err := stranger.GetSigning(t.Context(), &documentv1.GetSigningRequest{Link: link})
	if err != nil {
		t.Fatal(err)
	}
	sum := shown.GetDocument().GetSha256()
	ask := func(code string) error {
		_, err := c.visitor("").Documents.Sign(t.Context(), &documentv1.SignRequest{Link: link, DocumentSha256: sum, Code: code})
		return err
	}
	if r := refusal(t, ask("000000")); r.Code != string(fault.CodeExpired) {
		t.Errorf("before any code: %v", r)
	}
	if _, err := stranger.RequestCode(t.Context(), &documentv1.RequestCodeRequest{Link: link, DocumentSha256: sum}); err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.RequestCode(t.Context(), &documentv1.RequestCodeRequest{Link: link, DocumentSha256: sum}); refusal(t, err).Code != string(fault.TooOften) {
		t.Errorf("two codes at once: %v", err)
	}
	right := c.codeTo(t, person(703).GetPhone(), 1)
	wrong := "000000"
	if right == wrong {
		wrong = "000001"
	}
	for range 5 {
		if r := refusal(t, ask(wrong)); r.Code != string(fault.CodeWrong) {
			t.Fatal(r)
		}
	}
	for _, code := range []string{wrong, right} {
		if r := refusal(t, ask(code)); r.Code != string(fault.CodeExpired) {
			t.Errorf("after five wrong ones: %v", r)
		}
	}
	now, err := c.Tasks.GetTask(t.Context(), &taskv1.GetTaskRequest{Book: c.book, TaskId: made.GetId()})
	if err != nil || now.GetTask().GetStatus() != "draft" {
		t.Errorf("%v %v", now, err)
	}
	page, err := http.Get(h.url + "/sign/" + link[:strings.LastIndex(link, "/")])
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(page.Body)
	_ = page.Body.Close()
	if err != nil || !strings.Contains(string(body), "/v1/signing/") || !strings.Contains(page.Header.Get("Content-Security-Policy"), "script-src 'sha256-") {
		t.Errorf("%v %v", page.Header, err)
	}
}

// discreet checks that words are not in the server's log.
func (h *house) discreet(t *testing.T, words ...string) {
	t.Helper()
	log := h.log.String()
	for _, w := range words {
		stands := strings.Contains(log, w)
		if stands && len(w) == 6 { // a code: its digits within a clock, a length or a hash are chance
			stands = regexp.MustCompile(`(^|[^0-9a-fA-F.])` + w + `([^0-9a-fA-F]|$)`).MatchString(log)
		}
		if stands {
			t.Errorf("%q stands in the log", w)
		}
	}
}

const ownAct = `# Отчёт по договору {{number}}

{{customer_name}} ({{customer_inn}}) и {{executor_name}} ({{executor_inn}}): {{title}}, {{amount}} руб., {{act_date}}.
`

var sentLink = regexp.MustCompile(`\((договор|акт)\): https://site\.example/sign/(\S+)#(\S+)`)

// linksTo are the signing links that went to an address.
func (c *caller) linksTo(to string, n int) []string {
	c.t.Helper()
	for until := time.Now().Add(patience); time.Now().Before(until); c.pause() {
		c.house.post.mu.Lock()
		var links []string
		for _, m := range c.house.post.sent {
			if found := sentLink.FindStringSubmatch(m.Text); found != nil && m.To == to {
				links = append(links, found[2]+"/"+found[3])
			}
		}
		c.house.post.mu.Unlock()
		if len(links) >= n {
			return links
		}
	}
	c.t.Fatalf("%d links did not come to %s", n, to)
	return nil
}

// testSigningLinks: who is to sign is sent the link, when the customer wants it and when it is
// asked for again, and it leads where the task says.
func testSigningLinks(t *testing.T, h *house) {
	c := h.caller(t)
	company, worker := c.company(1, "1000.00"), c.executor(741, "entrepreneur", account(741))
	phone := "+" + strings.TrimPrefix(person(741).GetPhone(), "+")
	d := draft("100.00", worker)
	d.ActRequired, d.SendLink = true, true
	created, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, Key: "t1", CompanyId: company, Task: d})
	if err != nil {
		t.Fatal(err)
	}
	id := created.GetTask().GetId()
	links := c.linksTo(phone, 1)
	if want := linkOf(t, created.GetTask().GetAgreementSigningUri()); links[0] != want {
		t.Errorf("sent %s, the task says %s", links[0], want)
	}
	stranger := c.visitor("").Documents
	if shown, err := stranger.GetSigning(t.Context(), &documentv1.GetSigningRequest{Link: links[0]}); err != nil || shown.GetState() != "identity" {
		t.Errorf("%v %v", shown, err)
	}
	c.gaveINN(links[0], 741)
	if shown, err := stranger.GetSigning(t.Context(), &documentv1.GetSigningRequest{Link: links[0]}); err != nil || shown.GetState() != "open" {
		t.Errorf("%v %v", shown, err)
	}
	again := &documentv1.SendSigningLinkRequest{Book: c.book, Key: "again", TaskId: id, Document: "agreement"}
	_, err = c.Documents.SendSigningLink(t.Context(), again)
	refused(t, err, fault.TooOften, "event")
	again.Key, again.Document = "act", "act"
	_, err = c.Documents.SendSigningLink(t.Context(), again)
	refused(t, err, fault.WrongState, "document")

	// Nobody is sent anything unasked; whoever asks is answered where it goes.
	quiet := c.drafted(t, "t2", company, worker, false)
	req := &documentv1.SendSigningLinkRequest{Book: c.book, Key: "send", TaskId: quiet.GetId(), Document: "agreement"}
	for n := range 2 {
		sent, err := c.Documents.SendSigningLink(t.Context(), req)
		if err != nil || sent.GetChannel() != "sms" || sent.GetAddress() != "+7 *** ***-07-41" || sent.GetTimes() != 1 || sent.GetReplayed() != (n == 1) {
			t.Errorf("%v %v", sent, err)
		}
	}
	if got := c.linksTo(phone, 2); len(got) != 2 || got[1] != linkOf(t, quiet.GetAgreementSigningUri()) {
		t.Errorf("%v", got)
	}
}
