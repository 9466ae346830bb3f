package api_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/provodka/provodka/client"
	"github.com/provodka/provodka/ledger/fault"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// offered makes a draft and offers it.
func (c *caller) offered(company, gross, key string, to taskv1.OfferTo, who ...string) *taskv1.OfferTaskResponse {
	c.t.Helper()
	made, err := c.Tasks.CreateTask(c.t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: company, Key: "t" + key, Task: draft(gross, "")})
	if err != nil {
		c.t.Fatal(err)
	}
	offered, err := c.Tasks.OfferTask(c.t.Context(), &taskv1.OfferTaskRequest{
		Book: c.book, Key: "o" + key, TaskId: made.GetTask().GetId(), To: to, ExecutorIds: who,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return offered
}

func (c *caller) accept(task, who, key string) (*taskv1.AcceptOfferResponse, error) {
	return c.Tasks.AcceptOffer(c.t.Context(), &taskv1.AcceptOfferRequest{Book: c.book, Key: key, TaskId: task, ExecutorId: who, Terms: 1})
}

// offersTo pages through what an executor may accept, a task a page.
func (c *caller) offersTo(who, position string) (ids []string) {
	c.t.Helper()
	req := &taskv1.ListOffersRequest{Book: c.book, Whose: &taskv1.ListOffersRequest_ExecutorId{ExecutorId: who}, PageSize: 1, MinPosition: position}
	for {
		page, err := c.Tasks.ListOffers(c.t.Context(), req)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, task := range page.GetTasks() {
			ids = append(ids, task.GetId())
		}
		if req.PageToken = page.GetNextPageToken(); req.GetPageToken() == "" {
			return ids
		}
	}
}

// testOfferRace: however many accept at once, exactly one gets the task and the others hear
// that it is taken, whether a yearly cap is asked about or not.
func testOfferRace(t *testing.T, h *house) {
	c := h.caller(t)
	company := c.company(1, "1000.00")
	for round, kind := range []string{"selfemployed", "entrepreneur", "selfemployed"} {
		var people []string
		for i := range 8 {
			n := uint64(10*round + i + 1)
			people = append(people, c.executor(n, kind, account(n)))
		}
		to, circle := taskv1.OfferTo_OFFER_TO_CIRCLE, people
		if round == 2 {
			to, circle = taskv1.OfferTo_OFFER_TO_ALL, nil
		}
		id := c.offered(company, "100.00", fmt.Sprint(round), to, circle...).GetTask().GetId()
		var all sync.WaitGroup
		errs, tasks := make([]error, len(people)), make([]*taskv1.AcceptOfferResponse, len(people))
		for i, who := range people {
			all.Go(func() { tasks[i], errs[i] = c.accept(id, who, fmt.Sprintf("a%d-%d", round, i)) })
		}
		all.Wait()
		winner := ""
		for i, err := range errs {
			if err == nil {
				if winner != "" || tasks[i].GetTask().GetExecutor().GetExecutorId() != people[i] || tasks[i].GetTask().GetStatus() != "inwork" {
					t.Errorf("%s: %s got it after %q: %v", kind, people[i], winner, tasks[i])
				}
				winner = people[i]
				continue
			}
			refused(t, err, fault.OfferTaken, "executor_id")
		}
		got, err := c.Tasks.GetTask(t.Context(), &taskv1.GetTaskRequest{Book: c.book, TaskId: id})
		if err != nil || winner == "" || got.GetTask().GetExecutor().GetExecutorId() != winner || got.GetTask().GetOffer() != nil {
			t.Errorf("%s: won by %q: %v %v", kind, winner, got, err)
		}
		// The same answer to the same request, and whoever has it cannot accept twice.
		again, err := c.accept(id, winner, fmt.Sprintf("a%d-%d", round, slices.Index(people, winner)))
		if err != nil || !again.GetReplayed() || again.GetTask().GetStatus() != "inwork" {
			t.Errorf("again: %v %v", again, err)
		}
		_, err = c.accept(id, winner, fmt.Sprint("twice", round))
		refused(t, err, fault.WrongState, "event")
	}
}

// testOffers: who finds an offer, who may accept it, and how it ends.
func testOffers(t *testing.T, h *house) {
	c := h.caller(t)
	company, other := c.company(1, "1000.00"), c.company(2, "")
	ivan, petr := c.executor(1, "selfemployed", account(1)), c.executor(2, "selfemployed", account(2))
	anna, poor := c.executor(3, "entrepreneur", account(3)), c.executor(4, "selfemployed", nil)
	finds := func(position, who string, want ...string) {
		t.Helper()
		if got := c.offersTo(who, position); !slices.Equal(got, want) {
			t.Errorf("%s finds %v, want %v", who, got, want)
		}
	}
	circle := c.offered(company, "2400000.01", "1", taskv1.OfferTo_OFFER_TO_CIRCLE, ivan, petr, poor)
	one := circle.GetTask().GetId()
	if o := circle.GetTask().GetOffer(); o.GetTo() != "circle" || o.GetCircle() != 3 || len(o.GetExecutorIds()) > 0 || circle.GetTask().GetStatus() != "draft" {
		t.Errorf("%v", circle.GetTask())
	}
	all := c.offered(company, "100.00", "2", taskv1.OfferTo_OFFER_TO_ALL)
	two := all.GetTask().GetId()
	position := merged(circle.GetPosition(), all.GetPosition())
	finds(position, ivan, two, one)
	finds(position, anna, two)
	mine, err := c.Tasks.ListOffers(t.Context(), &taskv1.ListOffersRequest{Book: c.book, Whose: &taskv1.ListOffersRequest_CompanyId{CompanyId: company}})
	if err != nil || len(mine.GetTasks()) != 2 {
		t.Errorf("the company has offered %v %v", mine, err)
	}
	theirs, err := c.Tasks.ListOffers(t.Context(), &taskv1.ListOffersRequest{Book: c.book, Whose: &taskv1.ListOffersRequest_CompanyId{CompanyId: other}})
	if err != nil || len(theirs.GetTasks()) != 0 {
		t.Errorf("the other has offered %v %v", theirs, err)
	}

	_, err = c.accept(one, anna, "1")
	refused(t, err, fault.NotOffered, "executor_id")
	_, err = c.accept(one, poor, "2")
	refused(t, err, fault.RequisitesMissing, "executor_id")
	_, err = c.accept(one, ivan, "3") // a kopeck more than a year's cap
	if r := refused(t, err, fault.IncomeCap, "executor_id"); r.Facts["free"] != "2400000.00" {
		t.Errorf("free: %v", r.Facts)
	}
	_, err = c.accept(one, ivan, "3")
	refused(t, err, fault.IncomeCap, "executor_id")
	got, err := c.Tasks.GetTask(t.Context(), &taskv1.GetTaskRequest{Book: c.book, TaskId: one})
	if o := got.GetTask().GetOffer(); err != nil || len(o.GetExecutorIds()) != 3 || got.GetTask().GetExecutor() != nil || len(got.GetTask().GetPaymentErrors()) > 0 {
		t.Errorf("the offer stands: %v %v", got, err)
	}
	changed, err := c.Tasks.ChangeTask(t.Context(), &taskv1.ChangeTaskRequest{Book: c.book, Key: "c", TaskId: one, AmountGross: "200.00"})
	if err != nil || changed.GetTask().GetOffer() == nil || changed.GetTask().GetTerms() != 2 {
		t.Errorf("changed: %v %v", changed, err)
	}
	_, err = c.accept(one, ivan, "4")
	refused(t, err, fault.WrongState, "terms")
	declined, err := c.Tasks.DeclineOffer(t.Context(), &taskv1.DeclineOfferRequest{Book: c.book, TaskId: one, ExecutorId: petr})
	if err != nil || declined.GetTask().GetOffer().GetDeclined() != 1 {
		t.Errorf("declined: %v %v", declined, err)
	}
	finds(declined.GetPosition(), petr, two)
	withdrawn, err := c.Tasks.WithdrawOffer(t.Context(), &taskv1.WithdrawOfferRequest{Book: c.book, TaskId: one})
	if err != nil || withdrawn.GetTask().GetOffer() != nil {
		t.Errorf("withdrawn: %v %v", withdrawn, err)
	}
	finds(withdrawn.GetPosition(), ivan, two)

	// Those whom the company knows: who has had a task of it.
	three := c.offered(company, "100.00", "3", taskv1.OfferTo_OFFER_TO_KNOWN)
	finds(three.GetPosition(), petr, two)
	_, err = c.accept(three.GetTask().GetId(), petr, "5")
	refused(t, err, fault.NotOffered, "executor_id")
	taken, err := c.accept(two, petr, "6")
	if err != nil {
		t.Fatal(err)
	}
	at, err := c.Ledger.GetPosition(t.Context(), &ledgerv1.GetPositionRequest{Book: c.book}) // the executor's year has answered
	if err != nil || taken.GetTask().GetStatus() != "inwork" {
		t.Fatal(taken, err)
	}
	settled := at.GetPosition()
	finds(settled, petr, three.GetTask().GetId())
	finds(settled, ivan)
	if _, err = c.accept(three.GetTask().GetId(), petr, "7"); err != nil {
		t.Errorf("who is known: %v", err)
	}

	// An end of its own: a timer takes it back.
	four := c.offered(company, "100.00", "4", taskv1.OfferTo_OFFER_TO_ALL).GetTask().GetId()
	if _, err = c.Tasks.OfferTask(t.Context(), &taskv1.OfferTaskRequest{
		Book: c.book, Key: "o4b", TaskId: four, To: taskv1.OfferTo_OFFER_TO_ALL, ExpiresAt: timestamppb.New(time.Now().Add(3 * time.Second)), // ahead even when the call takes its time
	}); err != nil {
		t.Fatal(err)
	}
	for {
		got, err := c.Tasks.GetTask(t.Context(), &taskv1.GetTaskRequest{Book: c.book, TaskId: four})
		if err != nil {
			t.Fatal(err)
		}
		if got.GetTask().GetOffer() == nil {
			break
		}
		select {
		case <-t.Context().Done():
			t.Fatal("the offer did not end")
		case <-time.After(20 * time.Millisecond):
		}
	}
	_, err = c.accept(four, ivan, "8")
	refused(t, err, fault.NotOffered, "executor_id")
	c.wantSections(company, map[string][]string{"unassigned": {one, four}, "working": {two, three.GetTask().GetId()}})

	_, err = c.Tasks.OfferTask(t.Context(), &taskv1.OfferTaskRequest{Book: c.book, TaskId: four, To: taskv1.OfferTo_OFFER_TO_CIRCLE, ExecutorIds: []string{ivan, "nobody"}})
	refused(t, err, fault.NotFound, "executor_ids[1]")
	_, err = c.Tasks.OfferTask(t.Context(), &taskv1.OfferTaskRequest{Book: c.book, TaskId: four, To: taskv1.OfferTo_OFFER_TO_CIRCLE})
	refused(t, err, fault.Malformed, "executor_ids")
	_, err = c.Tasks.OfferTask(t.Context(), &taskv1.OfferTaskRequest{
		Book: c.book, TaskId: four, To: taskv1.OfferTo_OFFER_TO_ALL, ExpiresAt: timestamppb.New(time.Now().Add(-time.Hour)),
	})
	refused(t, err, fault.Malformed, "expires_at")
	_, err = c.Tasks.AcceptOffer(t.Context(), &taskv1.AcceptOfferRequest{Book: c.book, TaskId: four, ExecutorId: "nobody", Terms: 1})
	var r *client.Refusal
	if !errors.As(err, &r) || r.Code != string(fault.NotFound) {
		t.Errorf("nobody: %v", err)
	}
}
