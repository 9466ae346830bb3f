package task

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/provodka/provodka/api/gate"
	"github.com/provodka/provodka/engine/flow/task"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/engine/private"
	"github.com/provodka/provodka/ledger/fault"
	"github.com/provodka/provodka/ledger/store"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
	taskv1 "github.com/provodka/provodka/proto/gen/provodka/task/v1"
)

// Bounds of one search: candidates that are read in a set, and in one answer.
const (
	searchSet  = 500
	searchMost = 5000
)

// searchCursor is how far a search is: behind a version of a text or of a person, and, of
// the tasks of the people found so far, behind a task.
type searchCursor struct {
	People  bool
	At      time.Time
	ID      string
	Version int64
	Task    *gate.AggregateCursor
}

func (c *searchCursor) place() *store.WordPlace {
	if c.ID == "" {
		return nil
	}
	return &store.WordPlace{At: c.At, ID: c.ID, Version: c.Version}
}

func (c *searchCursor) behind(p store.WordPlace) { c.At, c.ID, c.Version = p.At, p.ID, p.Version }

// search is one answer of SearchTasks in the making.
type search struct {
	*Service
	book, company string
	words         []string // of the query
	person        []string // ids of executors by phone or INN; nil when the query is neither
	states        []string
	fits          func(state string, d *flowv1.TaskData) bool
	limit         int
	read          int // candidates so far
	at            searchCursor
	found         []gate.Aggregate
}

// SearchTasks implements TaskService.
func (s *Service) SearchTasks(ctx context.Context, req *taskv1.SearchTasksRequest) (*taskv1.SearchTasksResponse, error) {
	f := &search{Service: s, book: req.GetBook(), company: req.GetCompanyId(), limit: gate.PageSize(req.GetPageSize())}
	if refusal := f.filter(req.GetStatuses(), req.GetSections()); refusal != nil {
		return nil, refusal
	}
	if _, refusal := s.Cursor(ctx, req, &f.at); refusal != nil {
		return nil, refusal
	}
	if err := s.WaitForSearch(ctx, req.GetMinPosition(), 0); err != nil {
		return nil, err
	}
	shards, err := s.Searchable(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the shards: %w", err)
	}
	seen := gate.Position{}
	for _, at := range shards {
		seen.See(at.Shard, at.Head.Seq)
	}
	if err := f.understand(ctx, req.GetQuery()); err != nil {
		return nil, err
	}
	over, err := f.run(ctx)
	if err != nil {
		return nil, err
	}
	answer := &taskv1.SearchTasksResponse{Position: seen.String()}
	if !over {
		if answer.NextPageToken, err = s.Token(ctx, req, &f.at); err != nil {
			return nil, err
		}
	}
	answer.Tasks, err = s.Messages(ctx, f.book, f.found)
	return answer, err
}

// filter takes the states and sections of a request.
func (f *search) filter(statuses, sections []string) *fault.Refusal {
	if len(sections) > 0 && len(statuses) > 0 {
		return fault.Refuse(fault.Malformed, "sections", "sections are in place of statuses")
	}
	whole, parts := statuses, []store.Section(nil)
	switch {
	case len(sections) > 0:
		whole, parts = inSections(sections)
	case len(statuses) == 0:
		whole = taskStates
	}
	f.states = slices.Clone(whole)
	for _, p := range parts {
		if !slices.Contains(f.states, p.State) {
			f.states = append(f.states, p.State)
		}
	}
	f.fits = func(state string, d *flowv1.TaskData) bool {
		return slices.Contains(whole, state) || slices.Contains(parts, store.Section{State: state, Name: task.Part(state, d)})
	}
	return nil
}

// understand reads a query: words, and of digits alone a phone or an INN.
func (f *search) understand(ctx context.Context, query string) (err error) {
	f.words = private.SearchWords(query)
	digits := strings.NewReplacer(" ", "", "(", "", ")", "", "-", "", "+", "").Replace(query)
	var found map[string][]string
	if phone, refusal := requisite.Phone("query", query); refusal == nil {
		f.person = []string{}
		found, err = f.Vault.Find(ctx, f.book, private.ExecutorPhone, phone)
	} else if requisite.PersonINN("query", digits) == nil {
		f.person = []string{}
		found, err = f.Vault.Find(ctx, f.book, private.ExecutorINN, digits)
	} else if f.words == nil {
		return fault.Refuse(fault.Malformed, "query", "no word has %d letters", private.LeastLetters)
	}
	if err != nil {
		return err
	}
	for value, ids := range found {
		people, err := f.executors.People(ctx, f.book, ids)
		if err != nil {
			return err
		}
		for id, p := range people {
			if p.Profile.GetPhone() == value || private.Known(p.Profile, value) {
				f.person = append(f.person, id)
			}
		}
	}
	slices.Sort(f.person)
	return nil
}

// run goes on with the search until the page is full or enough was read; over says that
// nothing is left.
func (f *search) run(ctx context.Context) (over bool, err error) {
	if !f.at.People && f.words != nil {
		if over, err = f.titles(ctx); err != nil || !over {
			return false, err
		}
	}
	if !f.at.People {
		f.at = searchCursor{People: true}
	}
	if f.person != nil {
		return f.tasksOf(ctx, f.person)
	}
	return f.names(ctx)
}

// titles finds tasks by the words of their titles.
func (f *search) titles(ctx context.Context) (over bool, err error) {
	for f.read < searchMost {
		places, err := f.Vault.Candidates(ctx, f.book, private.TaskTitles(f.company), f.words, f.at.place(), searchSet)
		if err != nil || len(places) == 0 {
			return err == nil, err
		}
		f.read += len(places)
		ids := make([]string, len(places))
		for i, p := range places {
			ids[i] = p.ID
		}
		rows, _, err := f.Load(ctx, f.book, task.Name, ids...)
		if err != nil {
			return false, err
		}
		var list []gate.Aggregate
		last := map[string]store.WordPlace{}
		for _, p := range places {
			a, ok := rows[p.ID]
			d := new(flowv1.TaskData)
			if err := a.Read(d); err != nil {
				return false, err
			}
			if ok && a.Owner == f.company && int64(task.TextVersion(d)) == p.Version && f.fits(a.State, d) {
				list, last[a.ID] = append(list, a), p
			}
		}
		titled, err := f.titled(ctx, list)
		if err != nil {
			return false, err
		}
		for _, a := range list {
			if titled[a.ID] {
				if f.found = append(f.found, a); len(f.found) == f.limit {
					f.at.behind(last[a.ID])
					return false, nil
				}
			}
		}
		f.at.behind(places[len(places)-1])
	}
	return false, nil
}

// titled says of which tasks the title fits.
func (f *search) titled(ctx context.Context, rows []gate.Aggregate) (map[string]bool, error) {
	out := map[string]bool{}
	if f.words == nil {
		return out, nil
	}
	refs := make([]private.Ref, len(rows))
	for i, a := range rows {
		d := new(flowv1.TaskData)
		if err := a.Read(d); err != nil {
			return nil, err
		}
		refs[i] = private.Ref{ID: a.ID, Version: task.TextVersion(d)}
	}
	texts, err := f.Vault.Tasks(ctx, f.book, refs...)
	for id, t := range texts {
		out[id] = private.Matches(f.words, t.Content.GetTitle())
	}
	return out, err
}

// names finds tasks by the words of their executors' names: set by set of the people who
// fit, the tasks of each set newest first.
func (f *search) names(ctx context.Context) (over bool, err error) {
	for f.read < searchMost {
		places, err := f.Vault.Candidates(ctx, f.book, private.ExecutorNames, f.words, f.at.place(), searchSet)
		if err != nil || len(places) == 0 {
			return err == nil, err
		}
		f.read += len(places)
		first := places[0] // whoever comes meanwhile is not of the set when the search goes on with it
		f.at.behind(store.WordPlace{At: first.At, ID: first.ID, Version: first.Version + 1})
		named, err := f.executors.Named(ctx, f.book, f.words, places, func(ids []string) ([]string, error) {
			return f.DB.AudienceKnown(ctx, f.book, task.Name, ids, f.company)
		})
		if err != nil {
			return false, err
		}
		ids := make([]string, len(named))
		for i, p := range named {
			ids[i] = p.ID
		}
		if over, err := f.tasksOf(ctx, ids); err != nil || !over {
			return false, err
		}
		f.at.behind(places[len(places)-1])
		f.at.Task = nil
	}
	return false, nil
}

// tasksOf finds tasks of the company that some executors have; those that their title has
// found are left out.
func (f *search) tasksOf(ctx context.Context, people []string) (over bool, err error) {
	if len(people) == 0 {
		return true, nil
	}
	for f.read < searchMost {
		page := store.AudiencePage{Book: f.book, Flow: task.Name, Names: people, States: f.states, Owner: f.company, Limit: searchSet}
		if c := f.at.Task; c != nil {
			page.Before = c.Before()
		}
		rows, _, err := f.DB.Audience(ctx, page)
		if err != nil {
			return false, fmt.Errorf("search tasks: %w", err)
		}
		f.read += len(rows)
		list := make([]gate.Aggregate, len(rows))
		for i, r := range rows {
			list[i] = gate.FromRow(r)
		}
		titled, err := f.titled(ctx, list)
		if err != nil {
			return false, err
		}
		for i, a := range list {
			d := new(flowv1.TaskData)
			if err := a.Read(d); err != nil {
				return false, err
			}
			f.at.Task = gate.CursorOf(rows[i])
			if !titled[a.ID] && f.fits(a.State, d) {
				if f.found = append(f.found, a); len(f.found) == f.limit {
					return false, nil
				}
			}
		}
		if len(rows) < searchSet {
			return true, nil
		}
	}
	return false, nil
}
