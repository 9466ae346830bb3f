package client_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/ledger/fault"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
)

// shop is a client and a guest of its own, with money.
func shop(guest, money string) (*client.Client, error) {
	c, err := client.New(url, key, client.WithBook("main"))
	if err != nil {
		return nil, err
	}
	_, err = c.Post(context.Background(), client.Entry("", "topup",
		client.Debit("bank:settlement", "RUB", money), client.Credit(guest, "RUB", money)))
	return c, err
}

// show prints what an account has and what is held of it.
func show(c *client.Client, account string) {
	read, err := c.Ledger.GetBalances(context.Background(), &ledgerv1.GetBalancesRequest{Accounts: []string{account}, Asset: "RUB"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(read.GetBalances()[0].GetBalance(), read.GetBalances()[0].GetHeld())
}

// Money is held, more is held, a part is settled at once and the rest given back.
func ExampleHold() {
	ctx, guest := context.Background(), "suspense:hold-guest"
	c, err := shop(guest, "50.00")
	if err != nil {
		fmt.Println(err)
		return
	}
	held, err := c.Post(ctx, client.Hold("order-1", guest, "RUB", "30.00", time.Hour))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, op := range []*ledgerv1.Operation{
		client.Increase("order-1 dearer", held.GetId(), "10.00"),
		client.Decrease("order-1 cheaper", held.GetId(), "5.00"),
		client.Settle("order-1 first parcel", held.GetId(), "payout", "12.50", client.Credit("bank:settlement", "RUB", "12.50")),
		client.SettleFinal("order-1 second parcel", held.GetId(), "payout", "7.50", client.Credit("bank:settlement", "RUB", "7.50")),
	} {
		if _, err := c.Post(ctx, op); err != nil {
			fmt.Println(err)
			return
		}
		show(c, guest)
	}
	// Output:
	// 50.00 40.00
	// 50.00 35.00
	// 37.50 22.50
	// 30.00 0.00
}

// A settlement takes more than is held only by a limit of its own.
func ExampleSettleBeyond() {
	ctx, guest := context.Background(), "suspense:beyond-guest"
	c, err := shop(guest, "50.00")
	if err != nil {
		fmt.Println(err)
		return
	}
	held, err := c.Post(ctx, client.Hold("table-4", guest, "RUB", "30.00", time.Hour))
	if err != nil {
		fmt.Println(err)
		return
	}
	bank := client.Credit("bank:settlement", "RUB", "33.00")
	_, err = c.Post(ctx, client.Settle("table-4 bill", held.GetId(), "payout", "33.00", bank))
	fmt.Println(client.CodeOf(err))
	if _, err = c.Post(ctx, client.SettleBeyond("table-4 bill and tip", held.GetId(), "payout", "33.00", "5.00", bank)); err != nil {
		fmt.Println(err)
	}
	show(c, guest)
	// Output:
	// hold_exceeded
	// 17.00 0.00
}

// A hold is voided; a payment that comes after all is settled late.
func ExampleSettleLate() {
	ctx, guest := context.Background(), "suspense:late-guest"
	c, err := shop(guest, "50.00")
	if err != nil {
		fmt.Println(err)
		return
	}
	held, err := c.Post(ctx, client.Hold("order-2", guest, "RUB", "30.00", 0))
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := c.Post(ctx, client.Void("order-2 called off", held.GetId())); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := c.Post(ctx, client.SettleLate("order-2 after all", held.GetId(), "payout", "30.00",
		client.Credit("bank:settlement", "RUB", "30.00"))); err != nil {
		fmt.Println(err)
		return
	}
	show(c, guest)
	// Output: 20.00 0.00
}

// An entry is given back in parts, never beyond the whole.
func ExampleReverse() {
	ctx, guest := context.Background(), "suspense:reverse-guest"
	c, err := shop(guest, "100.00")
	if err != nil {
		fmt.Println(err)
		return
	}
	paid, err := c.Post(ctx, client.Entry("sale-1", "payout", client.Debit(guest, "RUB", "80.00"), client.Credit("bank:settlement", "RUB", "80.00")))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, op := range []*ledgerv1.Operation{
		client.ReversePart("sale-1 back a quarter", paid.GetId(), "0.25"),
		client.ReverseByLeg("sale-1 back ten", paid.GetId(), 0, "10.00"),
		client.ReverseLegs("sale-1 back five", paid.GetId(), map[uint32]string{0: "5.00", 1: "5.00"}),
		client.Reverse("sale-1 back the rest", paid.GetId()),
		client.Reverse("sale-1 back once more", paid.GetId()),
	} {
		if _, err := c.Post(ctx, op); err != nil {
			fmt.Println(op.GetKey()+":", client.CodeOf(err))
		}
	}
	show(c, guest)
	// Output:
	// sale-1 back once more: reversal_exceeded
	// 100.00 0.00
}

// A wrong entry is given back and the right one booked in its place, in one step.
func ExampleCorrect() {
	ctx, guest := context.Background(), "suspense:correct-guest"
	c, err := shop(guest, "100.00")
	if err != nil {
		fmt.Println(err)
		return
	}
	bank := "bank:settlement"
	wrong, err := c.Post(ctx, client.Entry("fee-1", "payout", client.Debit(guest, "RUB", "12.00"), client.Credit(bank, "RUB", "12.00")))
	if err != nil {
		fmt.Println(err)
		return
	}
	right := client.Correct("fee-1 corrected", wrong.GetId(), "payout", client.Debit(guest, "RUB", "21.00"), client.Credit(bank, "RUB", "21.00"))
	if _, err = c.Post(ctx, right); err != nil {
		fmt.Println(err)
		return
	}
	show(c, guest)
	// Output: 79.00 0.00
}

// An entry of a later day holds what it takes until then, and can be cancelled.
func ExampleCancel() {
	ctx, guest := context.Background(), "suspense:cancel-guest"
	c, err := shop(guest, "100.00")
	if err != nil {
		fmt.Println(err)
		return
	}
	rent := client.Entry("rent-9", "payout", client.Debit(guest, "RUB", "60.00"), client.Credit("bank:settlement", "RUB", "60.00"))
	rent.GetEntry().Day = time.Now().AddDate(0, 1, 0).Format(time.DateOnly)
	scheduled, err := c.Post(ctx, rent)
	if err != nil {
		fmt.Println(err)
		return
	}
	show(c, guest)
	if _, err := c.Post(ctx, client.Cancel("rent-9 called off", scheduled.GetId())); err != nil {
		fmt.Println(err)
		return
	}
	show(c, guest)
	// Output:
	// 100.00 60.00
	// 100.00 0.00
}

// Rubles are sold for dollars at a rate that is kept with the entry.
func ExampleExchange() {
	c, err := shop("suspense:exchange-guest", "1000.00")
	if err != nil {
		fmt.Println(err)
		return
	}
	rate := client.Rate{
		Value: "90.5", Inverse: true, Source: "cbr", At: time.Now().Add(-time.Hour), Rounding: ledgerv1.Rounding_ROUNDING_HALF_EVEN,
	}
	_, err = c.Post(context.Background(), client.Exchange("fx-1", rate,
		client.Debit("suspense:exchange-guest", "RUB", "905.00"), client.Credit("suspense:exchange-guest", "USD", "10.01"), nil))
	var refusal *client.Refusal
	if errors.As(err, &refusal) {
		fmt.Println(refusal.Code, refusal.Facts["expected"])
	}
	_, err = c.Post(context.Background(), client.Exchange("fx-2", rate,
		client.Debit("suspense:exchange-guest", "RUB", "905.00"), client.Credit("suspense:exchange-guest", "USD", "10.00"), nil))
	fmt.Println(err)
	show(c, "suspense:exchange-guest")
	// Output:
	// rate_mismatch 10.00
	// <nil>
	// 95.00 0.00
}

// A dry run answers as the run would, and changes nothing.
func ExampleClient_DryRun() {
	ctx, guest := context.Background(), "suspense:dry-guest"
	c, err := shop(guest, "10.00")
	if err != nil {
		fmt.Println(err)
		return
	}
	pay := client.Entry("dry-1", "payout", client.Debit(guest, "RUB", "10.01"), client.Credit("bank:settlement", "RUB", "10.01"))
	if _, err := c.DryRun(ctx, pay); client.CodeOf(err) == fault.InsufficientFunds {
		fmt.Println("not enough")
	}
	show(c, guest)
	// Output:
	// not enough
	// 10.00 0.00
}
