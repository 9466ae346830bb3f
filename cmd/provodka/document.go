package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/cmd/provodka/table"
	"github.com/provodka/provodka/ledger/journal/proof"
	documentv1 "github.com/provodka/provodka/proto/gen/provodka/document/v1"
)

const documentLong = `Documents: what companies get for a month, what tasks are signed as, and whether a file is one of them.

  provodka document list company-1
  provodka document get company-1 2026-11 --out november.pdf
  provodka document get company-1 2026-11 --csv --out november.csv
  provodka document get company-1 2026-11 --correction 0 --out first.pdf
  provodka document task task-1 act --stamped --out act.pdf
  provodka document issue company-1
  provodka document verify november.pdf

A month without a document is given as a preliminary sheet, without a number. "issue" looks at the
closed months now, instead of on the night of the 3rd. "verify" sends the SHA-256 of the file, never
the file itself, and is told by the journal what was issued or signed under it; an unknown file is
exit code 3. The API is found by --url, PROVODKA_URL or dev.json, its key in PROVODKA_API_KEY.`

// documentFlags are those of the commands about documents.
type documentFlags struct {
	apiFlags
	out, month   string
	csv, stamped bool
	correction   int64
}

func newDocumentCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use: "document", Short: "Documents of months and tasks: list, get, issue, verify", Long: documentLong, Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f := &documentFlags{}
	for _, c := range []struct {
		use, short string
		words      int
		run        func(context.Context, *Env, []string) error
	}{
		{"list COMPANY", "List a company's documents of months, newest first", 1, f.list},
		{"get COMPANY MONTH", "Get the act and report of a month, PDF or CSV", 2, f.get},
		{"task TASK agreement|act", "Get a document of a task, PDF", 2, f.task},
		{"issue COMPANY", "Look at the closed months of a company now", 1, f.issue},
		{"verify FILE", "Say whether a file was issued or signed, by the journal", 1, f.verify},
	} {
		sub := &cobra.Command{
			Use: c.use, Short: c.short, Args: args(cobra.ExactArgs(c.words)),
			RunE: func(cmd *cobra.Command, words []string) error { return c.run(cmd.Context(), env, words) },
		}
		if sub.Name() == "issue" {
			f.add(sub)
		} else {
			f.addPlace(sub)
		}
		switch sub.Name() {
		case "get":
			sub.Flags().BoolVar(&f.csv, "csv", false, "the figures as CSV instead of the PDF")
			sub.Flags().Int64Var(&f.correction, "correction", -1, "the document with this `number` of corrections, 0 the first (default the newest)")
		case "task":
			sub.Flags().BoolVar(&f.stamped, "stamped", false, "with the stamps of those who signed")
		case "issue":
			sub.Flags().StringVar(&f.month, "from", "", "first `month` to look at, YYYY-MM (default the last twelve)")
		}
		if sub.Name() == "get" || sub.Name() == "task" {
			sub.Flags().StringVar(&f.out, "out", "", "`file` to write, - is stdout (default the document's own name)")
		}
		cmd.AddCommand(sub)
	}
	return cmd
}

func (f *documentFlags) list(ctx context.Context, env *Env, words []string) error {
	c, err := f.client(env)
	if err != nil {
		return err
	}
	answer, err := c.Documents.ListClosingDocuments(ctx, &documentv1.ListClosingDocumentsRequest{Book: f.book, CompanyId: words[0]})
	if err != nil {
		return err
	}
	if env.json() {
		return env.printMessage(answer)
	}
	t := table.New("Month", ">Number", ">Correction", "Drawn on", ">Commission", ">Closing", "SHA-256")
	for _, d := range answer.GetDocuments() {
		t.Add(d.GetMonth(), number(d.GetNumber()), number(d.GetCorrection()), d.GetDrawnOn(), d.GetCommission(), d.GetClosing(), d.GetPdfSha256())
	}
	if answer.GetDrawing() {
		env.say("the closed months are being looked at")
	}
	if answer.GetError() != "" {
		env.say("the last look failed: %s", answer.GetError())
	}
	return t.Write(env.Out)
}

func number(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

func (f *documentFlags) get(ctx context.Context, env *Env, words []string) error {
	c, err := f.client(env)
	if err != nil {
		return err
	}
	req := &documentv1.GetClosingDocumentRequest{Book: f.book, CompanyId: words[0], Month: words[1]}
	if f.correction >= 0 {
		n := uint32(f.correction)
		req.Correction = &n
	}
	answer, err := c.Documents.GetClosingDocument(ctx, req)
	if err != nil {
		return err
	}
	file, ending := answer.GetPdf(), ".pdf"
	if f.csv {
		file, ending = answer.GetCsv(), ".csv"
	}
	if answer.GetDocument() == nil {
		env.say("preliminary: the month has no document yet")
	}
	return f.save(env, answer.GetFileName()+ending, file)
}

func (f *documentFlags) task(ctx context.Context, env *Env, words []string) error {
	c, err := f.client(env)
	if err != nil {
		return err
	}
	answer, err := c.Documents.GetDocument(ctx, &documentv1.GetDocumentRequest{Book: f.book, TaskId: words[0], Document: words[1], Stamped: f.stamped})
	if err != nil {
		return err
	}
	return f.save(env, answer.GetDocument().GetFileName(), answer.GetDocument().GetFile())
}

// save writes a document down, or to stdout.
func (f *documentFlags) save(env *Env, name string, file []byte) error {
	path := cmp.Or(f.out, name)
	if path == "-" {
		_, err := env.Out.Write(file)
		return err
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		return err
	}
	env.say("%s: %d bytes, SHA-256 %s", path, len(file), sumOf(file))
	return nil
}

func sumOf(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

func (f *documentFlags) issue(ctx context.Context, env *Env, words []string) error {
	c, err := f.client(env)
	if err != nil {
		return err
	}
	answer, err := c.Documents.IssueClosingDocuments(ctx, &documentv1.IssueClosingDocumentsRequest{Book: f.book, Key: f.keyOrNew(), CompanyId: words[0], FromMonth: f.month})
	if err != nil {
		return err
	}
	if env.json() {
		return env.printMessage(answer)
	}
	env.say("the closed months of %s are being looked at", words[0])
	return nil
}

func (f *documentFlags) verify(ctx context.Context, env *Env, words []string) error {
	file, err := os.ReadFile(words[0])
	if err != nil {
		return err
	}
	c, err := f.client(env)
	if err != nil {
		return err
	}
	answer, err := c.Documents.VerifyDocument(ctx, &documentv1.VerifyDocumentRequest{Book: f.book, Sha256: sumOf(file)})
	if err != nil {
		return err
	}
	if env.json() {
		if err := env.printMessage(answer); err != nil {
			return err
		}
	}
	if !answer.GetKnown() {
		return &proof.Mismatch{What: words[0], Expected: "a file that was issued or signed", Found: "nothing under SHA-256 " + answer.GetSha256()}
	}
	if env.json() {
		return nil
	}
	if d := answer.GetClosing(); d != nil {
		t := table.New("Company", "Month", ">Number", ">Correction", "Drawn on", "Stands")
		stands := "yes"
		if d.GetSuperseded() {
			stands = "no, a correction was issued"
		}
		t.Add(answer.GetCompanyId(), d.GetMonth(), number(d.GetNumber()), number(d.GetCorrection()), d.GetDrawnOn(), stands)
		return t.Write(env.Out)
	}
	t := table.New("Task", "Document", "Side", "Signed at", "How", "Evidence")
	for _, g := range answer.GetSignatures() {
		evidence := "lost"
		if g.GetEvidenceHolds() {
			evidence = "holds"
		}
		t.Add(answer.GetTaskId(), answer.GetDocument(), g.GetSide(), g.GetAt().AsTime().UTC().Format("2006-01-02 15:04:05Z"), g.GetMethod(), evidence)
	}
	return t.Write(env.Out)
}
