package smtp

import (
	"bytes"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"

	"github.com/provodka/provodka/engine/port"
)

// compose writes a message as it goes over the line.
func compose(sender mail.Address, n port.Notice, at time.Time) ([]byte, error) {
	_, domain, _ := strings.Cut(sender.Address, "@")
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", sender.String()}, {"To", "<" + n.To + ">"}, {"Subject", mime.QEncoding.Encode("utf-8", n.Subject)},
		{"Date", at.Format(time.RFC1123Z)}, {"Message-ID", "<" + n.Attempt + "@" + domain + ">"}, {"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"}, {"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "quoted-printable"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], strings.ReplaceAll(h[1], "?= =?", "?=\r\n =?"))
	}
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	if _, err := w.Write([]byte(n.Text + "\n")); err != nil {
		return nil, err
	}
	return b.Bytes(), w.Close()
}
