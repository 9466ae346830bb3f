package document

import "time"

// Stamp is what a file shows of a signature.
type Stamp struct {
	Side     string // Исполнитель, Заказчик
	Signer   string
	INN      string
	At       time.Time // in the book's zone
	Method   string    // how it was signed
	SHA256   string    // of the file that was signed
	Evidence string    // SHA-256 of the evidence; "" = none
}

// Block sets the stamp.
func (s Stamp) Block() Block {
	lines := []string{
		"ДОКУМЕНТ ПОДПИСАН ПРОСТОЙ ЭЛЕКТРОННОЙ ПОДПИСЬЮ",
		s.Side + ": " + s.Signer + ", ИНН " + s.INN,
		"Дата и время: " + s.At.Format("02.01.2006 15:04:05 -07:00"),
		"Способ: " + s.Method,
		"Подписан файл с SHA-256 " + s.SHA256,
	}
	if s.Evidence != "" {
		lines = append(lines, "Свидетельство о подписании, SHA-256 "+s.Evidence)
	}
	return Box(lines...)
}
