package onec

import (
	"fmt"
	"time"

	"github.com/provodka/provodka/engine/port"
	"github.com/provodka/provodka/ledger/money"
)

// The lines that are not Key=Value.
const (
	mark           = "1CClientBankExchange"
	sectionStart   = "СекцияРасчСчет"
	sectionEnd     = "КонецРасчСчет"
	documentStart  = "СекцияДокумент"
	documentEnd    = "КонецДокумента"
	fileEnd        = "КонецФайла"
	keyEncoding    = "Кодировка"
	keyAccount     = "РасчСчет"
	keyKind        = "Документ"
	dateLayout     = "02.01.2006"
	payer, payee   = "Плательщик", "Получатель"
	dateOut        = "ДатаСписано"
	dateIn         = "ДатаПоступило"
	purposeKey     = "НазначениеПлатежа"
	conditionsKey  = "УсловиеОплаты"
	requiredNumber = "Номер"
	requiredDate   = "Дата"
	requiredSum    = "Сумма"
)

// key is one row of a table of keys: its name and how its value is read into and
// written from a T.
type key[T any] struct {
	name string
	set  func(*T, string) error
	get  func(*T) (string, bool) // false: the key is left out
}

// table is a list of keys in the order in which they are written, with an index.
type table[T any] struct {
	rows []key[T]
	at   map[string]int
}

func newTable[T any](rows ...key[T]) table[T] {
	t := table[T]{rows, map[string]int{}}
	for i, r := range rows {
		if _, twice := t.at[r.name]; twice {
			panic("onec: the key " + r.name + " stands twice in a table")
		}
		t.at[r.name] = i
	}
	return t
}

func text[T any](name string, at func(*T) *string) key[T] {
	return key[T]{name,
		func(t *T, v string) error { *at(t) = v; return nil },
		func(t *T) (string, bool) { return *at(t), *at(t) != "" }}
}

// requiredText is written also when it is empty: the reader wants its key.
func requiredText[T any](name string, at func(*T) *string) key[T] {
	k := text(name, at)
	k.get = func(t *T) (string, bool) { return *at(t), true }
	return k
}

func date[T any](name string, at func(*T) *time.Time) key[T] {
	return key[T]{name,
		func(t *T, v string) error {
			if v == "" {
				return nil
			}
			day, err := time.Parse(dateLayout, v)
			if err != nil {
				return fmt.Errorf("%q is not a date dd.mm.yyyy", bound(v))
			}
			if err := port.CheckDay(day.Format(time.DateOnly)); err != nil {
				return err
			}
			*at(t) = day
			return nil
		},
		func(t *T) (string, bool) { return at(t).Format(dateLayout), !at(t).IsZero() }}
}

func optionalSum[T any](name string, at func(*T) **money.Amount) key[T] {
	return key[T]{name,
		func(t *T, v string) error {
			if v == "" {
				return nil
			}
			a, err := money.RUB.Parse(v)
			if err != nil {
				return err
			}
			*at(t) = &a
			return nil
		},
		func(t *T) (string, bool) {
			if *at(t) == nil {
				return "", false
			}
			return money.RUB.Format(**at(t)), true
		}}
}

func requiredAmount[T any](name string, at func(*T) *money.Amount) key[T] {
	return key[T]{name,
		func(t *T, v string) error {
			a, err := money.RUB.Parse(v)
			if err != nil {
				return err
			}
			if a.Sign() < 0 {
				return fmt.Errorf("the sum %s is negative", v)
			}
			*at(t) = a
			return nil
		},
		func(t *T) (string, bool) { return money.RUB.Format(*at(t)), true }}
}

// headerKeys are the keys before the first section that stand at most once.
// РасчСчет and Документ may repeat and are read apart.
var headerKeys = newTable(
	text("ВерсияФормата", func(s *Statement) *string { return &s.Version }),
	text(keyEncoding, func(s *Statement) *string { return &s.Declared }),
	text("Отправитель", func(s *Statement) *string { return &s.Sender }),
	text("Получатель", func(s *Statement) *string { return &s.Receiver }),
	date("ДатаСоздания", func(s *Statement) *time.Time { return &s.CreatedOn }),
	text("ВремяСоздания", func(s *Statement) *string { return &s.CreatedAt }),
	date("ДатаНачала", func(s *Statement) *time.Time { return &s.From }),
	date("ДатаКонца", func(s *Statement) *time.Time { return &s.To }),
)

// sectionKeys are the keys of СекцияРасчСчет.
var sectionKeys = newTable(
	date("ДатаНачала", func(s *Section) *time.Time { return &s.From }),
	date("ДатаКонца", func(s *Section) *time.Time { return &s.To }),
	text(keyAccount, func(s *Section) *string { return &s.Account }),
	optionalSum("НачальныйОстаток", func(s *Section) **money.Amount { return &s.Opening }),
	optionalSum("ВсегоПоступило", func(s *Section) **money.Amount { return &s.In }),
	optionalSum("ВсегоСписано", func(s *Section) **money.Amount { return &s.Out }),
	optionalSum("КонечныйОстаток", func(s *Section) **money.Amount { return &s.Closing }),
)

// documentKeys are the keys of СекцияДокумент, in the order of the standard.
var documentKeys = newTable(documentTable()...)

func documentTable() []key[Document] {
	keys := []key[Document]{
		requiredText(requiredNumber, func(d *Document) *string { return &d.Number }),
		date(requiredDate, func(d *Document) *time.Time { return &d.Date }),
		requiredAmount(requiredSum, func(d *Document) *money.Amount { return &d.Amount }),
		date("КвитанцияДата", func(d *Document) *time.Time { return &d.ReceiptDate }),
		text("КвитанцияВремя", func(d *Document) *string { return &d.ReceiptTime }),
		text("КвитанцияСодержание", func(d *Document) *string { return &d.ReceiptText }),
	}
	keys = append(keys, partyKeys(payer, dateOut, func(d *Document) *Party { return &d.Payer })...)
	keys = append(keys, partyKeys(payee, dateIn, func(d *Document) *Party { return &d.Payee })...)
	keys = append(keys,
		text("ВидПлатежа", func(d *Document) *string { return &d.PaymentKind }),
		text("ВидОплаты", func(d *Document) *string { return &d.OperationKind }),
		text("КодНазПлатежа", func(d *Document) *string { return &d.PurposeCode }),
		text("Код", func(d *Document) *string { return &d.Code }),
		text(purposeKey, func(d *Document) *string { return &d.PurposeText }),
	)
	for i := range 6 {
		keys = append(keys, text(numbered(purposeKey, i), func(d *Document) *string { return &d.PurposeLines[i] }))
	}
	keys = append(keys,
		text("Очередность", func(d *Document) *string { return &d.Priority }),
		text("СрокПлатежа", func(d *Document) *string { return &d.Term }),
		text("СтатусСоставителя", func(d *Document) *string { return &d.Tax.Status }),
		text("ПоказательКБК", func(d *Document) *string { return &d.Tax.KBK }),
		text("ОКАТО", func(d *Document) *string { return &d.Tax.OKTMO }),
		text("ПоказательОснования", func(d *Document) *string { return &d.Tax.Basis }),
		text("ПоказательПериода", func(d *Document) *string { return &d.Tax.Period }),
		text("ПоказательНомера", func(d *Document) *string { return &d.Tax.Number }),
		text("ПоказательДаты", func(d *Document) *string { return &d.Tax.Date }),
		text("ПоказательТипа", func(d *Document) *string { return &d.Tax.Type }),
		text("СрокАкцепта", func(d *Document) *string { return &d.Settlement.AcceptanceTerm }),
		text("ВидАккредитива", func(d *Document) *string { return &d.Settlement.LetterKind }),
	)
	for i := range 3 {
		keys = append(keys, text(numbered(conditionsKey, i), func(d *Document) *string { return &d.Settlement.Conditions[i] }))
	}
	return append(keys,
		text("ПлатежПоПредст", func(d *Document) *string { return &d.Settlement.OnPresentation }),
		text("ДополнУсловия", func(d *Document) *string { return &d.Settlement.Terms }),
		text("НомерСчетаПоставщика", func(d *Document) *string { return &d.Settlement.SupplierAccount }),
		text("ДатаОтсылкиДок", func(d *Document) *string { return &d.Settlement.DocumentsSent }),
	)
}

// partyKeys are the keys of one side: the same words after Плательщик and Получатель.
func partyKeys(side, moved string, of func(*Document) *Party) []key[Document] {
	keys := []key[Document]{
		text(side+"Счет", func(d *Document) *string { return &of(d).Account }),
		date(moved, func(d *Document) *time.Time { return &of(d).Date }),
		text(side, func(d *Document) *string { return &of(d).Name }),
		text(side+"ИНН", func(d *Document) *string { return &of(d).INN }),
		text(side+"КПП", func(d *Document) *string { return &of(d).KPP }),
	}
	for i := range 4 {
		keys = append(keys, text(numbered(side, i), func(d *Document) *string { return &of(d).Names[i] }))
	}
	return append(keys,
		text(side+"РасчСчет", func(d *Document) *string { return &of(d).SettlementAccount }),
		text(side+"Банк1", func(d *Document) *string { return &of(d).Bank[0] }),
		text(side+"Банк2", func(d *Document) *string { return &of(d).Bank[1] }),
		text(side+"БИК", func(d *Document) *string { return &of(d).BIC }),
		text(side+"Корсчет", func(d *Document) *string { return &of(d).CorrAccount }),
	)
}

func numbered(name string, i int) string { return fmt.Sprintf("%s%d", name, i+1) }
