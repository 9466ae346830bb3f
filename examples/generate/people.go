package main

import (
	"fmt"

	"github.com/provodka/provodka/engine/port/requisite"
)

// The kinds of employment, as the register writes them.
const (
	selfEmployed = "selfemployed"
	civil        = "civil_contract"
	entrepreneur = "entrepreneur"
)

// person is one executor of the play.
type person struct {
	Ref       string // "executor-017"
	Kind      string
	INN       string
	Phone     string
	Last      string
	First     string
	Second    string
	BIC       string
	BankName  string
	Corr      string
	Account   string // empty: gave no requisites
	Permitted bool   // the tax service lets us register the income
	Bonus     string // rubles left of the person's deduction, which he lets us see; "" = we do not see it
}

var (
	lastNames   = []string{"Иванов", "Смирнов", "Кузнецов", "Попов", "Соколов", "Лебедев", "Козлов", "Новиков", "Морозов", "Волков", "Соловьёв", "Васильев", "Зайцев", "Павлов", "Семёнов"}
	firstNames  = []string{"Артём", "Борис", "Виктор", "Глеб", "Денис", "Егор", "Фёдор", "Илья"}
	secondNames = []string{"Петрович", "Сергеевич", "Андреевич", "Олегович", "Ильич"}
	banks       = []string{"ПАО «Невский кредит»", "АО «Волжский банк»", "ООО КБ «Янтарь»"}
)

// peopleCount are those of the regular tasks; behind them come one who meets his yearly
// limit and one who earns through the bands of NDFL.
const (
	peopleCount = 120
	limited     = peopleCount
	climbing    = peopleCount + 1
)

// people invents the executors: 80 self-employed, 25 on civil contracts, 15 sole
// traders. Four gave no requisites, four took the tax service's permission back, ten have
// a bonus, one of them a last ruble of it.
func people() []person {
	out := make([]person, peopleCount+2)
	for i := range out {
		n := uint64(i)
		p := person{
			Ref: fmt.Sprintf("executor-%03d", i+1), Kind: selfEmployed, Permitted: true,
			INN: requisite.ExamplePersonINN(4000 + n), Phone: requisite.ExamplePhone(3_000_000 + n),
			Last: lastNames[i%len(lastNames)], First: firstNames[i%len(firstNames)], Second: secondNames[i%len(secondNames)],
			BIC: requisite.ExampleBIC(uint64(i % len(banks))), BankName: banks[i%len(banks)],
		}
		head := "40817"
		switch {
		case i == limited:
		case i == climbing:
			p.Kind = civil
		case i >= 105:
			p.Kind, head = entrepreneur, "40802"
		case i >= 80:
			p.Kind = civil
		}
		p.Corr = requisite.ExampleCorrAccount(p.BIC)
		if !withoutRequisites(i) {
			p.Account = requisite.ExampleAccount(head, p.BIC, 70_000+n)
		}
		p.Permitted = !permissionTakenBack(i)
		if i < 80 && i%8 == 0 {
			p.Bonus = "10000.00"
		}
		if i == 40 {
			p.Bonus = "1.00"
		}
		out[i] = p
	}
	return out
}

func withoutRequisites(i int) bool { return i == 11 || i == 37 || i == 62 || i == 90 }

func permissionTakenBack(i int) bool { return i == 5 || i == 29 || i == 48 || i == 71 }
