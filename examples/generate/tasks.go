package main

import (
	"fmt"
	"math/big"

	"github.com/provodka/provodka/examples/play"
)

// task is one line of the register and what must become of it.
type task struct {
	Line         int
	Person       person
	Title        string
	Net          bool     // the amount is what the person gets
	Amount       *big.Rat // rubles
	Act          bool
	Autocomplete bool
	Paper        string // number of a contract signed on paper
	Until        string // last day of the contract; "" is thirty days
	Unsigned     bool   // the executor never signs the act
	ByLink       bool   // the executor signs by links and codes
	Mark         mark   // what its payment or receipt meets
}

const taskCount = 200

// mark is how a sandbox knows a payment by its purpose, or a receipt by its service.
type mark string

const (
	late     mark = "поздний ответ"
	mute     mark = "тихий банк"
	refused  mark = "отказ банка"
	returned mark = "возврат банка"
	after    mark = "запоздалое исполнение"
	annulled mark = "аннулированный чек"
)

var works = []string{
	"Разгрузка фуры", "Расклейка объявлений", "Фотосъёмка каталога", "Вёрстка буклета", "Уборка склада",
	"Доставка образцов", "Ремонт стеллажей", "Расшифровка интервью", "Дизайн упаковки", "Инвентаризация",
}

// tasks invents the register: sums of every shape, gross and net, with and
// without acts, some completed at once, some signed on paper.
func tasks(all []person) []task {
	out := make([]task, taskCount)
	for i := range out {
		p := all[i%peopleCount]
		kopecks := int64(95_000 + i*13_777%4_200_000)
		t := task{
			Line: lineOf(i), Person: p, Title: works[i%len(works)] + fmt.Sprintf(" № %d", i+1),
			Amount: big.NewRat(kopecks, 100), Net: i%5 == 3, Act: i%7 == 2, Autocomplete: i%7 == 4,
		}
		if i%11 == 6 {
			t.Paper = fmt.Sprintf("Д-%d", 100+i)
		}
		if i%peopleCount == unanswering {
			t.Until = play.YearEnd // its room stays taken, in the year of the play
		}
		switch i {
		case 0:
			t.Amount = big.NewRat(100, 1) // the document's example: 100 -> 94 + 6
		case 3:
			t.Amount = big.NewRat(100, 1) // and 106.38 -> 100 + 6.38
		case 17, 101, 113:
			t.Mark = late
		case 24:
			t.Mark = mute
		case 43:
			t.Mark = refused
		}
		out[i] = t.marked()
	}
	for _, x := range stories {
		t := x.task
		t.Line, t.Person, t.Amount = lineOf(len(out)), all[x.who], big.NewRat(x.rubles, 1)
		t.Title = fmt.Sprintf("Ремонт цеха № %d", len(out)+1)
		out = append(out, t.marked())
	}
	return out
}

// lineOf is where the i-th task begins in the register: behind the heading, and each has two
// lines, because its description has.
func lineOf(i int) int { return 2 + 2*i }

func (t task) marked() task {
	if t.Mark != "" {
		t.Title += ", " + string(t.Mark)
	}
	return t
}

// stories are the tasks of people with a story, in the order of the register.
var stories = []struct {
	who    int
	rubles int64
	task   task
}{
	// Two of 1,300,000 pass the limit of 2,400,000 together: whichever is accepted second is
	// refused. 2,300,000 and 900,000 climb over two borders, in either order.
	{limited, 1_300_000, task{}}, {limited, 1_300_000, task{}}, {climbing, 2_300_000, task{}}, {climbing, 900_000, task{}},
	{unpapered, 50_000, task{}}, {changing, 40_000, task{}}, {misnumbered, 30_000, task{}},
	{bounced, 31_000, task{Mark: returned}}, {overruled, 32_000, task{Mark: after}}, {annulling, 33_000, task{Mark: annulled}},
	{keeping, 34_000, task{Mark: returned, Act: true}}, {dropped, 35_000, task{Mark: returned}},
	// Planned for two years, so there is room for both; the second is paid in the year of the first.
	{crowded, 1_300_000, task{Until: play.YearEnd, Act: true, Unsigned: true}}, {crowded, 1_400_000, task{Until: play.NextJanuary}},
	{filling, 2_400_000, task{}}, {foreign, 60_000, task{}},
	{large, 600_000, task{}}, {linked, 70_000, task{Act: true, ByLink: true}},
	{invited, 41_000, task{Act: true, ByLink: true}}, {invitedToo, 42_000, task{ByLink: true}},
	// Either of the two of 60,000 fits a day of the company's limit, and both do not: whichever is paid second waits.
	{unserved, 43_000, task{}}, {twice, 60_000, task{}}, {twice, 60_000, task{}},
}

// refusedByLimit are the tasks that stay drafts, because the one before them took the room.
func (t task) refusedByLimit(before []task) bool {
	for _, other := range before {
		if t.Person.Ref == other.Person.Ref && t.Until == "" && t.Amount.Cmp(big.NewRat(1_300_000, 1)) == 0 {
			return true
		}
	}
	return false
}
