package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/cmd/provodka/dev"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// The examples run against a development stack of their own. In a program, url and
// key come from its configuration.
var (
	url, key = "", ""
	stop     = func() {}
)

func TestMain(m *testing.M) {
	if err := startStack(); err != nil {
		fmt.Fprintln(os.Stderr, "the development stack does not start:", err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

func startStack() error {
	dir, err := os.MkdirTemp("", "provodka-example-")
	if err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o711); err != nil { // PostgreSQL does not run as root
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() {
		over <- dev.Run(ctx, dev.Options{
			Dir: dir, Listen: "127.0.0.1:0", Shards: 2, Patience: time.Minute, Out: io.Discard, Log: slog.New(slog.DiscardHandler),
		})
	}()
	stop = func() {
		cancel()
		<-over
		_ = os.RemoveAll(dir)
	}
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		raw, err := os.ReadFile(filepath.Join(dir, dev.FileName))
		var f dev.File
		if err == nil && json.Unmarshal(raw, &f) == nil {
			url, key = f.API, f.APIKey
			return nil
		}
		select {
		case <-look.C:
		case err := <-over:
			return fmt.Errorf("it ended: %w", err)
		case <-deadline.C:
			return errors.New("it was not ready in a minute")
		}
	}
}

// Money comes in, and a balance is read that sees it.
func Example() {
	ctx := context.Background()
	c, err := client.New(url, key, client.WithBook("main"))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.Ledger.OpenAccounts(ctx, &ledgerv1.OpenAccountsRequest{Accounts: []*ledgerv1.OpenAccount{{Name: "customer:anna"}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	posted, err := c.Ledger.Post(ctx, &ledgerv1.PostRequest{Operations: []*ledgerv1.Operation{
		client.Entry("topup-17", "topup",
			client.Debit("bank:settlement", "RUB", "106.38"),
			client.Credit("customer:anna", "RUB", "106.38")),
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	read, err := c.Ledger.GetBalances(ctx, &ledgerv1.GetBalancesRequest{
		Accounts: []string{"customer:anna"}, Asset: "RUB", MinPosition: posted.GetPosition(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(read.GetBalances()[0].GetBalance())
	// Output: 106.38
}

// A refusal says what to do about it, with the numbers that decided it.
func ExampleRefusal() {
	c, err := client.New(url, key, client.WithBook("main"))
	if err != nil {
		fmt.Println(err)
		return
	}
	b := c.Batcher(client.BatcherOptions{})
	defer b.Close()
	_, err = b.Post(context.Background(), client.Entry("payout-1", "payout",
		client.Debit("suspense:nobody", "RUB", "1.00"),
		client.Credit("bank:settlement", "RUB", "1.00")))
	var refusal *client.Refusal
	if errors.As(err, &refusal) {
		fmt.Println(refusal.Code, refusal.Retry, refusal.Facts["available"], refusal.Facts["needed"])
	}
	// Output: insufficient_funds changed 0.00 1.00
}

// Callers that know nothing of each other share batches.
func ExampleClient_Batcher() {
	ctx := context.Background()
	c, err := client.New(url, key, client.WithBook("main"))
	if err != nil {
		fmt.Println(err)
		return
	}
	b := c.Batcher(client.BatcherOptions{})
	var wait sync.WaitGroup
	for i := range 100 {
		wait.Go(func() {
			_, err := b.Post(ctx, client.Entry(fmt.Sprintf("coin-%d", i), "topup",
				client.Debit("bank:settlement", "RUB", "0.01"),
				client.Credit("suspense:coins", "RUB", "0.01")))
			if err != nil {
				fmt.Println(err)
			}
		})
	}
	wait.Wait()
	b.Close()
	read, err := c.Ledger.GetBalances(ctx, &ledgerv1.GetBalancesRequest{Accounts: []string{"suspense:coins"}, Asset: "RUB"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(read.GetBalances()[0].GetBalance())
	// Output: 1.00
}
