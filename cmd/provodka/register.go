package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/ledger/fault"
	registerv1 "github.com/provodka/provodka/proto/gen/provodka/register/v1"
)

const registerLong = `Upload a register of tasks of a company: CSV by the template, of up to 200,000 lines. It is
sent as a stream, and how far it is is told on stderr. Every good line becomes a task, a
draft; the others are listed, and written with --errors as a register to mend and upload
again. --dry-run makes nothing and says the same.

What broke off goes on with the same command: no line is made twice. A connection that breaks
is tried again for two minutes.

  provodka register --template > register.csv
  provodka register --instruction > register.md
  provodka register march.csv --company company-1 --dry-run
  provodka register march.csv --company company-1 --errors errors.csv

The API is found by --url, PROVODKA_URL or dev.json, its key in PROVODKA_API_KEY.`

type registerFlags struct {
	apiFlags
	company, name, errors         string
	dryRun, template, instruction bool
}

func newRegisterCmd(env *Env) *cobra.Command {
	var f registerFlags
	cmd := &cobra.Command{
		Use: "register [FILE]", Short: "Upload a register of tasks, with progress; or its template", Long: registerLong, Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, files []string) error { return runRegister(cmd.Context(), env, &f, files) },
	}
	f.addPlace(cmd)
	cmd.Flags().StringVar(&f.company, "company", "", "id of the company whose tasks they are")
	cmd.Flags().StringVar(&f.name, "name", "", "your own name of the register (default: the hash of the file)")
	cmd.Flags().StringVar(&f.errors, "errors", "", "write the refused lines to this `file`")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "make nothing, and say what would be made and refused")
	cmd.Flags().BoolVar(&f.template, "template", false, "print the template instead")
	cmd.Flags().BoolVar(&f.instruction, "instruction", false, "print how to fill it in, in Russian, instead")
	return cmd
}

func runRegister(ctx context.Context, env *Env, f *registerFlags, files []string) error {
	asked := 0
	for _, given := range []bool{len(files) == 1, f.template, f.instruction} {
		if given {
			asked++
		}
	}
	if asked != 1 {
		return usagef("give one of a FILE, --template and --instruction")
	}
	if len(files) == 1 && f.company == "" {
		return usagef("--company: whose tasks are they?")
	}
	c, err := f.client(env, client.WithHTTPClient(client.HTTP2()))
	if err != nil {
		return err
	}
	if len(files) == 1 {
		return uploadRegister(ctx, env, f, c, files[0])
	}
	answer, err := c.Registers.DownloadTemplate(ctx, &registerv1.DownloadTemplateRequest{Book: f.book})
	if err != nil {
		return err
	}
	what := answer.GetFile()
	if f.instruction {
		what = answer.GetInstruction()
	}
	_, err = env.Out.Write(what)
	return err
}

// registerPatience is how long a connection that breaks is tried again.
const registerPatience = 2 * time.Minute

func uploadRegister(ctx context.Context, env *Env, f *registerFlags, c *client.Client, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	until := env.Now().Add(registerPatience)
	for pause := time.Second; ; pause *= 2 {
		last, err := uploadOnce(ctx, env, f, c, file)
		if err == nil {
			return env.registerDone(f, last)
		}
		if code := client.CodeOf(err); code != "" && code != fault.Unavailable {
			return err
		}
		if ctx.Err() != nil || env.Now().Add(pause).After(until) {
			return fmt.Errorf("%w; the same command goes on where this one stopped", err)
		}
		fmt.Fprintf(env.Err, "\n%v; again in %v\n", err, pause)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		if _, err := file.Seek(0, 0); err != nil {
			return err
		}
	}
}

// uploadOnce sends the file once and writes its error register.
func uploadOnce(ctx context.Context, env *Env, f *registerFlags, c *client.Client, file *os.File) (last *registerv1.UploadRegisterResponse, err error) {
	var refused *os.File
	if f.errors != "" {
		if refused, err = os.Create(f.errors); err != nil {
			return nil, err
		}
		defer func() {
			if e := refused.Close(); err == nil {
				err = e
			}
		}()
	}
	start := &registerv1.RegisterStart{
		Book: f.book, CompanyId: f.company, FileName: filepath.Base(file.Name()), Name: f.name, DryRun: f.dryRun,
	}
	return c.UploadRegister(ctx, start, file, func(m *registerv1.UploadRegisterResponse) error {
		t := m.GetTotals()
		fmt.Fprintf(env.Err, "\r%3d %%: строк %d, создано %d, было %d, с ошибками %d", m.GetPercent(), t.GetLines(), t.GetCreated(), t.GetReplayed(), t.GetRefused())
		if m.GetPercent() == 100 {
			fmt.Fprintln(env.Err)
		}
		if refused != nil {
			if _, err := refused.Write(m.GetErrors()); err != nil {
				return err
			}
			return nil
		}
		for _, l := range m.GetRefused() {
			var all []string
			for _, r := range l.GetRefusals() {
				all = append(all, fmt.Sprintf("%s: %s (%s)", r.GetField(), r.GetRussian(), r.GetReason()))
			}
			fmt.Fprintf(env.Err, "\nстрока %d: %s", l.GetLine(), strings.Join(all, "; "))
		}
		return nil
	})
}

// registerDone prints what became of the file.
func (e *Env) registerDone(f *registerFlags, m *registerv1.UploadRegisterResponse) error {
	t := m.GetTotals()
	if e.json() {
		return e.printJSON(struct {
			Register    string `json:"register_id"`
			DryRun      bool   `json:"dry_run"`
			Already     bool   `json:"already_imported"`
			Lines       uint32 `json:"lines"`
			Created     uint32 `json:"created"`
			Replayed    uint32 `json:"replayed"`
			Refused     uint32 `json:"refused"`
			AmountGross string `json:"amount_gross"`
			AmountNet   string `json:"amount_net"`
		}{m.GetRegister().GetRegisterId(), f.dryRun, m.GetAlreadyImported(), t.GetLines(), t.GetCreated(), t.GetReplayed(), t.GetRefused(), t.GetAmountGross(), t.GetAmountNet()})
	}
	verb := "создано"
	if f.dryRun {
		verb = "будет создано"
	}
	fmt.Fprintf(e.Out, "реестр %s\nстрок %d: %s %d, было %d, с ошибками %d\nитого по верным строкам: до налога %s, на руки %s\n",
		m.GetRegister().GetRegisterId(), t.GetLines(), verb, t.GetCreated(), t.GetReplayed(), t.GetRefused(), t.GetAmountGross(), t.GetAmountNet())
	if m.GetAlreadyImported() {
		fmt.Fprintln(e.Out, "все верные строки уже загружены: ничего не создано")
	}
	return nil
}
