package api_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/ledger/fault"
	executorv1 "github.com/provodka/provodka/proto/gen/provodka/executor/v1"
	ledgerv1 "github.com/provodka/provodka/proto/gen/provodka/ledger/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// worded is a task of the naive model.
type worded struct{ id, title, who, status string }

// naiveMatch tells once more, letter by letter, whether each word of a query begins a word
// of a text.
func naiveMatch(query, text string) bool {
	plain := func(s string) []string {
		s = strings.NewReplacer("ё", "е", "—", " ", "«", " ", "»", " ", ",", " ", "-", " ", ".", " ").Replace(strings.ToLower(s))
		return strings.Fields(s)
	}
	for _, q := range plain(query) {
		found := false
		for _, w := range plain(text) {
			found = found || strings.HasPrefix(w, q)
		}
		if !found {
			return false
		}
	}
	return true
}

// searched pages through a search, few tasks a page.
func (c *caller) searched(req *taskv1.SearchTasksRequest) (ids []string) {
	c.t.Helper()
	for range 1000 {
		page, err := c.Tasks.SearchTasks(c.t.Context(), req)
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
	c.t.Fatal("the pages do not end")
	return nil
}

// testTaskSearch: whatever is asked, the pages of a search are what a naive reading of all
// titles and names finds, each task once, titles before names.
// long: the tasks stand beside what the naive model says of them
func testTaskSearch(t *testing.T, h *house) {
	c := h.caller(t)
	dice := rand.New(rand.NewPCG(7, 7))
	company, other := c.company(1, "1000.00"), c.company(2, "")
	names := [][3]string{
		{"Ёлкина", "Анна", "Петровна"}, {"Иванов", "Пётр", "Сергеевич"}, {"Иванова", "Мария", ""}, {"Верстаков", "Иван", "Ильич"}, {"Сай", "Ли", ""},
	}
	var people []string
	fullName, phone, inn := map[string]string{}, map[string]string{}, map[string]string{}
	for i, n := range names {
		p := person(uint64(i + 1))
		p.LastName, p.FirstName, p.SecondName = n[0], n[1], n[2]
		made, err := c.Executors.RegisterExecutor(t.Context(), &executorv1.RegisterExecutorRequest{
			Book: c.book, Key: fmt.Sprint("p", i), EmploymentKind: "entrepreneur", Person: p,
		})
		if err != nil {
			t.Fatal(err)
		}
		id := made.GetExecutor().GetExecutorId()
		people = append(people, id)
		fullName[id], phone[id], inn[id] = strings.Join(n[:], " "), p.GetPhone(), p.GetInn()
	}
	words := []string{"Вёрстка", "страницы", "сайта", "ВЕРСТКА", "Версия", "логотип", "для", "Иванова", "по", "1С-Битрикс", "«Ёлочка»", "2026", "сай"}
	var all []*worded
	for i := range 60 {
		var title []string
		for range 1 + dice.IntN(4) {
			title = append(title, words[dice.IntN(len(words))])
		}
		w := &worded{title: strings.Join(title, " "), status: "draft"}
		if dice.IntN(3) > 0 {
			w.who = people[dice.IntN(len(people))]
		}
		d := draft("10.00", w.who)
		d.Title = w.title
		owner := company
		if dice.IntN(10) == 0 {
			owner = other
		}
		made, err := c.Tasks.CreateTask(t.Context(), &taskv1.CreateTaskRequest{Book: c.book, CompanyId: owner, Key: fmt.Sprint("t", i), Task: d})
		if err != nil {
			t.Fatal(err)
		}
		if w.id = made.GetTask().GetId(); owner == other {
			continue
		}
		switch all = append(all, w); dice.IntN(5) {
		case 0: // another title: the old one finds nothing any more
			w.title = words[dice.IntN(len(words))] + " " + words[dice.IntN(len(words))]
			if _, err := c.Tasks.ChangeTask(t.Context(), &taskv1.ChangeTaskRequest{Book: c.book, TaskId: w.id, Title: w.title}); err != nil {
				t.Fatal(err)
			}
		case 1:
			if w.status = "canceled"; w.who != "" {
				w.status = "inwork"
				if _, err := c.Tasks.SignTask(t.Context(), &taskv1.SignTaskRequest{Book: c.book, TaskId: w.id}); err != nil {
					t.Fatal(err)
				}
			} else if _, err := c.Tasks.CancelTask(t.Context(), &taskv1.CancelTaskRequest{Book: c.book, TaskId: w.id}); err != nil {
				t.Fatal(err)
			}
		}
	}
	at, err := c.Ledger.GetPosition(t.Context(), &ledgerv1.GetPositionRequest{Book: c.book})
	if err != nil {
		t.Fatal(err)
	}
	queries := []string{"вер", "верст", "версия", "вёрстка", "сайта вер", "страниц сайт", "иванов", "Иванова", "ёлк", "елкина анна", "пет", "для по", "битрикс", "сай", "1с-битр", "ничего", "елочка", "2026"}
	for _, who := range people {
		queries = append(queries, phone[who], "8 ("+phone[who][2:5]+") "+phone[who][5:8]+"-"+phone[who][8:], inn[who])
	}
	hits := 0
	for _, q := range queries {
		req := &taskv1.SearchTasksRequest{Book: c.book, CompanyId: company, Query: q, PageSize: int32(1 + dice.IntN(7)), MinPosition: at.GetPosition()}
		allowed := []string{"draft", "inwork", "canceled"}
		switch dice.IntN(3) {
		case 0:
			req.Statuses, allowed = []string{"inwork", "paid"}, []string{"inwork"}
		case 1:
			req.Sections = []string{"unassigned", "working"}
		}
		fits := func(w *worded) bool {
			return slices.Contains(allowed, w.status) && (req.Sections == nil || w.status == "draft" && w.who == "" || w.status == "inwork")
		}
		var want []string
		titled := map[string]bool{}
		digits := strings.Trim(q, "+0123456789 ()-") == ""
		for _, w := range all {
			if titled[w.id] = naiveMatch(q, w.title); titled[w.id] && fits(w) {
				want = append(want, w.id)
			}
		}
		byTitle := len(want)
		for _, w := range all {
			is := w.who != "" && (q == inn[w.who] || digits && len(q) > 10 && strings.HasSuffix(phone[w.who], q[len(q)-2:]) && requisite.PersonINN("", q) != nil)
			if digits && is {
				normal, _ := requisite.Phone("", q)
				is = q == inn[w.who] || normal == phone[w.who]
			}
			if !titled[w.id] && fits(w) && (is || !digits && w.who != "" && naiveMatch(q, fullName[w.who])) {
				want = append(want, w.id)
			}
		}
		got := c.searched(req)
		hits += len(got)
		for i, id := range got {
			if titled[id] != (i < byTitle) {
				t.Errorf("%q: %s is number %d, and %d fit by title", q, id, i, byTitle)
			}
		}
		slices.Sort(got)
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("%q in %v %v finds %d %v, want %d %v", q, req.Statuses, req.Sections, len(got), got, len(want), want)
		}
	}
	if hits < 40 {
		t.Errorf("%d hits: the test asks for nothing", hits)
	}
	for query, field := range map[string]string{"по 1с": "query", "«»!": "query"} {
		_, err := c.Tasks.SearchTasks(t.Context(), &taskv1.SearchTasksRequest{Book: c.book, CompanyId: company, Query: query})
		refused(t, err, fault.Malformed, field)
	}
	for _, q := range []string{"ива", "иванова мар", "елк", "сай", "сергеев ИВАН"} {
		found, err := c.Executors.FindExecutors(t.Context(), &executorv1.FindExecutorsRequest{Book: c.book, Name: q})
		var got, want []string
		for _, e := range found.GetExecutors() {
			got = append(got, e.GetExecutorId())
		}
		for _, who := range slices.Backward(people) {
			if naiveMatch(q, fullName[who]) {
				want = append(want, who)
			}
		}
		if err != nil || !slices.Equal(got, want) || len(want) == 0 {
			t.Errorf("executors by %q: %v, want %v; %v", q, got, want, err)
		}
	}
}
