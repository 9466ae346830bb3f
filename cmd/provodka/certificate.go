package main

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/provodka/provodka/cmd/provodka/table"
	taxv1 "github.com/provodka/provodka/proto/gen/provodka/tax/v1"
)

const certificateLong = `What a person's certificate of income (справка о доходах) for a year says: income by
month and code, the tax base, the tax that was worked out, withheld and passed on. The
person's data is masked unless --unmask is given and the key has the role personal.

  provodka certificate executor-1 --year 2026

The API is found by --url, PROVODKA_URL or dev.json, its key in PROVODKA_API_KEY.`

type certificateFlags struct {
	apiFlags
	year   int
	unmask bool
}

func newCertificateCmd(env *Env) *cobra.Command {
	var f certificateFlags
	cmd := &cobra.Command{
		Use: "certificate EXECUTOR", Short: "A person's certificate of income for a year", Long: certificateLong, Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, words []string) error {
			return runCertificate(cmd.Context(), env, &f, words[0])
		},
	}
	f.addPlace(cmd)
	cmd.Flags().IntVar(&f.year, "year", 0, "calendar year")
	cmd.Flags().BoolVar(&f.unmask, "unmask", false, "show personal data; it is noted in the server's log")
	return cmd
}

func runCertificate(ctx context.Context, env *Env, f *certificateFlags, executor string) error {
	if f.year < 2021 || f.year > 2999 {
		return usagef("--year %d: a calendar year from 2021 on", f.year)
	}
	c, err := f.client(env)
	if err != nil {
		return err
	}
	answer, err := c.Taxes.GetCertificate(ctx, &taxv1.GetCertificateRequest{Book: f.book, ExecutorId: executor, Year: int32(f.year), Unmask: f.unmask})
	if err != nil {
		return err
	}
	if env.json() {
		return env.printMessage(answer)
	}
	p := answer.GetPerson()
	env.say("%s %s %s, ИНН %s, %d", oneLine(p.GetLastName()), oneLine(p.GetFirstName()), oneLine(p.GetSecondName()), p.GetInn(), answer.GetYear())
	t := table.New("Status", "Month", "Code", ">Income", ">Computed", ">Withheld", ">Passed on")
	for _, g := range []struct {
		status string
		of     *taxv1.CertificateGroup
	}{{"resident", answer.GetResident()}, {"nonresident", answer.GetNonresident()}} {
		for _, in := range g.of.GetIncomes() {
			t.Add(g.status, time.Month(in.GetMonth()).String()[:3], in.GetCode(), in.GetAmount(), "", "", "")
		}
		if g.of != nil {
			t.Add(g.status, "base", "", g.of.GetBase(), g.of.GetComputed(), g.of.GetWithheld(), "")
		}
	}
	t.Rule()
	t.Add("books", strconv.Itoa(f.year), "", "", "", answer.GetWithheld(), answer.GetRemitted())
	return t.Write(env.Out)
}
