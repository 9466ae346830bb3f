package fault

import (
	"maps"
	"slices"
	"strings"
)

// Actor is who can do something about a refusal.
type Actor string

// The actors.
const (
	ActorCaller        Actor = "caller"        // whoever wrote the calling program
	ActorOwner         Actor = "owner"         // whoever the money or the thing belongs to
	ActorAdministrator Actor = "administrator" // whoever grants keys and roles
	ActorOperator      Actor = "operator"      // whoever runs the service
)

// Actor says who must act: it follows from the kind.
func (i Info) Actor() Actor {
	switch i.Kind {
	case State:
		return ActorOwner
	case Denied:
		return ActorAdministrator
	case Busy:
		return ActorOperator
	case Invalid, Missing, Exists:
	}
	return ActorCaller
}

var actorWords = map[Actor][2]string{
	ActorCaller:        {"тот, кто составил запрос: его надо исправить", "whoever made the request: it has to be put right"},
	ActorOwner:         {"тот, чьи это деньги или документ: сейчас учёт этого не допускает", "whoever the money or the document belongs to: the books do not allow it now"},
	ActorAdministrator: {"администратор: он выдаёт ключи и права", "the administrator, who grants keys and rights"},
	ActorOperator:      {"дежурный сервиса, если повтор не помогает", "whoever runs the service, if asking again does not help"},
}

var retryWords = map[Retry][2]string{
	RetryNever:   {"не поможет: тот же запрос снова получит отказ", "will not help: the same request will be refused again"},
	RetryChanged: {"поможет после изменения остатков или состояния, с новым ключом", "may help after the books have changed, with a new key"},
	RetrySame:    {"поможет: повторите с тем же ключом", "helps: ask again with the same key"},
}

// factWords are names of facts, in Russian; others are shown as they are.
var factWords = map[string]string{
	"account": "счёт", "asset": "актив", "available": "доступно", "needed": "требуется", "need": "требуется", "asked": "запрошено",
	"left": "осталось", "debit": "дебет", "credit": "кредит", "state": "состояние", "event": "событие", "day": "день",
	"key": "ключ", "shard": "сегмент", "limit": "предел", "floor": "нижний предел", "reason": "причина", "field": "поле",
	"version": "версия", "found": "найдено",
}

// Explain tells a refusal to people, a sentence each: what, the numbers that decided it,
// whether a retry helps, who must act.
func (r *Refusal) Explain() (russian, english []string) {
	info := r.Code.Lookup()
	russian = append(russian, "Отказ "+string(r.Code)+": "+info.Russian+".")
	english = append(english, "Refused, "+string(r.Code)+": "+info.English+".")
	if r.Reason != "" {
		english = append(english, "Decided by: "+r.Reason+".")
	}
	var ru, en []string
	for _, name := range slices.Sorted(maps.Keys(r.Facts)) {
		word := factWords[name]
		if word == "" {
			word = name
		}
		ru, en = append(ru, word+" "+r.Facts[name]), append(en, name+" "+r.Facts[name])
	}
	if r.Field != "" {
		ru, en = append(ru, "поле "+r.Field), append(en, "field "+r.Field)
	}
	if len(ru) > 0 {
		russian, english = append(russian, "Решили данные: "+strings.Join(ru, ", ")+"."), append(english, "Numbers: "+strings.Join(en, ", ")+".")
	}
	retry, actor := retryWords[info.Retry], actorWords[info.Actor()]
	russian = append(russian, "Повтор "+retry[0]+".", "Действовать должен "+actor[0]+".")
	english = append(english, "A retry "+retry[1]+".", "To act: "+actor[1]+".")
	return russian, english
}
