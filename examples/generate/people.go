package main

import (
	"fmt"

	"github.com/provodka/provodka/adapters/fns/sandbox"
	"github.com/provodka/provodka/engine/port/requisite"
	"github.com/provodka/provodka/examples/play"
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
	Pays      play.Requisites // where he is paid
	Bare      bool            // registers without requisites
	Later     bool            // gives requisites, or other ones, when he is told to
	Permitted bool            // the tax service lets us register the income
	Answers   string          // what he says when the tax service asks him for the permission
	NoAnnul   bool            // does not let us annul receipts
	Bonus     string          // rubles left of the person's deduction, which he lets us see; "" = we do not see it
	NoPapers  bool            // registers without SNILS and passport
	Meanwhile string          // kind of employment between his work and its payment
	Foreign   bool            // not a tax resident
	Invited   bool            // comes by an invitation
	Documents []sandbox.Document
}

var (
	lastNames   = []string{"Иванов", "Смирнов", "Кузнецов", "Попов", "Соколов", "Лебедев", "Козлов", "Новиков", "Морозов", "Волков", "Соловьёв", "Васильев", "Зайцев", "Павлов", "Семёнов"}
	firstNames  = []string{"Артём", "Борис", "Виктор", "Глеб", "Денис", "Егор", "Фёдор", "Илья"}
	secondNames = []string{"Петрович", "Сергеевич", "Андреевич", "Олегович", "Ильич"}
	banks       = []string{"ПАО «Невский кредит»", "АО «Волжский банк»", "ООО КБ «Янтарь»"}
)

// peopleCount are those of the regular tasks. Behind them come those of one story each.
const (
	peopleCount = 120
	limited     = iota + peopleCount - 1 // meets his yearly limit when he accepts
	climbing                             // earns through the bands of NDFL and over the border of contributions
	unpapered                            // has yet to give SNILS and passport
	changing                             // is self-employed for a moment
	misnumbered                          // the bank does not know his account
	bounced                              // his bank sends the money back
	overruled                            // the bank refuses him and pays all the same
	annulling                            // annuls his receipt
	keeping                              // the money comes back, and the receipt may not be annulled
	dropped                              // the money comes back, and the company calls the task off
	crowded                              // has no room under the limit when he is paid
	filling                              // earns the limit to the kopeck
	foreign                              // is not a tax resident
	large                                // is paid by SBP, which does not take so much
	linked                               // signs by links and codes
	invited                              // comes by an invitation, and is paid by SBP
	invitedToo                           // the same, works on a civil contract and is paid to a card
	unserved                             // is paid to a card that the bank does not serve
	twice                                // earns more in a day than the company lets go to one card
	letting                              // lets us pay his tax
	lettingToo                           // the same
	disputed                             // the same, and the tax service wants another sum
	unasked                              // the same, and it wants nothing
	allPeople
)

// people invents the executors: 80 self-employed, 25 on civil contracts, 15 sole
// traders, then those of one story each. One of ten is paid by SBP and one of ten to a card, but
// for the traders, who have accounts. Four gave no requisites, four took the tax service's
// permission back, ten have a bonus, one of them a last ruble of it.
func people() []person {
	out := make([]person, allPeople)
	for i := range out {
		n := uint64(i)
		p := person{
			Ref: fmt.Sprintf("executor-%03d", i+1), Kind: kindOf(i), Permitted: !permissionTakenBack(i) && !letsPay(i), Answers: "yes", Documents: documents(i),
			INN: requisite.ExamplePersonINN(4000 + n), Phone: phoneOf(i),
			Last: lastNames[i%len(lastNames)], First: firstNames[i%len(firstNames)], Second: secondNames[i%len(secondNames)],
			Pays: pays(i, 70_000+n), Bare: withoutRequisites(i), Later: withoutRequisites(i) && i != silent,
			NoPapers: i == unpapered, NoAnnul: i == keeping, Foreign: i == foreign,
			Invited: i == invited || i == invitedToo,
		}
		if i == unanswering {
			p.Answers = ""
		}
		if i == misnumbered || i == bounced || i == large || i == unserved {
			p.Later = true
		}
		if i == changing {
			p.Meanwhile = selfEmployed
		}
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

func kindOf(i int) string {
	switch {
	case i == climbing, i == unpapered, i == foreign, i == invitedToo, i >= 80 && i < 105:
		return civil
	case i == changing, i >= 105 && i < peopleCount:
		return entrepreneur
	}
	return selfEmployed
}

// pays is where a person wants his money.
func pays(i int, n uint64) play.Requisites {
	switch {
	case i == large, i == invited, i < peopleCount && kindOf(i) != entrepreneur && i%10 == 1:
		return play.Requisites{SBP: &play.SBP{Phone: phoneOf(i), Bank: requisite.ExampleSBPBank(n)}}
	case i == invitedToo, i == unserved, i == twice, i < peopleCount && kindOf(i) != entrepreneur && i%10 == 6:
		return play.Requisites{Card: &play.Card{Token: requisite.ExampleCardToken(n), Mask: fmt.Sprintf("%04d", 4300+i)}}
	}
	return account(i, n)
}

func phoneOf(i int) string { return requisite.ExamplePhone(3_000_000 + uint64(i)) } //nolint:gosec // below a thousand

// account is a person's n-th account at his bank.
func account(i int, n uint64) play.Requisites {
	bic, head := requisite.ExampleBIC(uint64(i%len(banks))), "40817"
	if kindOf(i) == entrepreneur {
		head = "40802"
	}
	return play.Requisites{
		BIC: bic, Bank: banks[i%len(banks)], Corr: requisite.ExampleCorrAccount(bic), Account: requisite.ExampleAccount(head, bic, n),
	}
}

// later are the requisites that a person gives when he is told to.
func (p person) later() *play.Requisites {
	if !p.Later {
		return nil
	}
	var i int
	if _, err := fmt.Sscanf(p.Ref, "executor-%d", &i); err != nil {
		panic(err)
	}
	r := account(i-1, 80_000+uint64(i))
	return &r
}

// silent never gives his requisites, unanswering never answers the tax service: their tasks stay in error.
const silent, unanswering = 90, 71

func withoutRequisites(i int) bool { return i == 11 || i == 37 || i == 62 || i == silent }

func permissionTakenBack(i int) bool { return i == 5 || i == 29 || i == 48 || i == unanswering }
