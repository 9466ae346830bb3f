package invitation

import (
	_ "embed"
	"time"

	"github.com/provodka/provodka/engine/flow"
	"github.com/provodka/provodka/engine/flow/secret"
	flowv1 "github.com/provodka/provodka/proto/gen/provodka/flow/v1"
)

//go:embed invitation.md
var document string

// Name is the flow's name.
const Name = "invitation"

// States.
const (
	Issued    = "issued"
	Phone     = "phone"
	Locked    = "locked"
	Agreement = "agreement"
	Person    = "person"
	Admitting = "admitting"
	Done      = "done"
	Revoked   = "revoked"
	Expired   = "expired"
	Barred    = "barred"
)

// Commands, with their bodies.
const (
	Invite   = "invite"   // InvitationIssue
	Resend   = "resend"   // no body
	Claim    = "claim"    // InvitationClaim
	Confirm  = "confirm"  // InvitationCode
	Wrong    = "wrong"    // InvitationCode
	Agree    = "agree"    // InvitationAgree
	Enter    = "enter"    // InvitationEnter
	Stranger = "stranger" // InvitationStranger
	Revoke   = "revoke"   // no body
)

// What else happens, and what is asked.
const (
	linkSent      = "link_sent"
	linkRefused   = "link_refused"
	linkUnknown   = "link_unknown"
	mailSent      = "mail_sent"
	mailRefused   = "mail_refused"
	mailUnknown   = "mail_unknown"
	claimLast     = "claim_last"
	codeSent      = "code_sent"
	codeRefused   = "code_refused"
	codeUnknown   = "code_unknown"
	wrongLast     = "wrong_last"
	strangerLast  = "stranger_last"
	unlock        = "unlock"
	expire        = "expire"
	admitted      = "admitted"
	admitRefused  = "admit_refused"
	admitUnknown  = "admit_unknown"
	admitLate     = "admit_late"
	forgotten     = "forgotten"
	forgetRefused = "forget_refused"
	forgetUnknown = "forget_unknown"
	answerLate    = "answer_late"

	linkSMS    = "link_sms"
	linkMail   = "link_mail"
	sendCode   = "send_code"
	admit      = "admit"
	admitAgain = "admit_again"
	forget     = "forget"
)

// Channels by which a link is sent; by none the company hands it over.
const (
	SMS  = "sms"
	Mail = "mail"
)

// PurposeCode is what the codes are derived of, and the text that brings them.
const PurposeCode = "invitation_code"

// PurposeLink is what the links of a channel are derived of, and the text that brings them.
func PurposeLink(channel string) string {
	if channel == SMS {
		return "executor_invitation_sms"
	}
	return "executor_invitation"
}

// PurposeToken is what the token of a confirmation is derived of.
const PurposeToken = "invitation_token"

// Texts that a person accepts.
const (
	TextPolicy   = "policy"
	TextExecutor = "executor"
)

// Codes are how many codes are issued before a rest, Strangers how many INN of other
// people may be tried.
const (
	Codes     = 5
	Strangers = 5
)

// MostLife is how long an invitation may live.
const MostLife = 90 * 24 * time.Hour

// pause is how long the next link or code has to wait.
const pause = time.Minute

// The rules of both secrets; a link lives as long as its invitation.
var (
	codes = secret.Rule{Field: "code", Life: 10 * time.Minute, Pause: pause, Tries: 5}
	links = secret.Rule{Field: "link", Life: MostLife, Pause: pause}
)

// linkOfUse is how long a link whose fate is unknown is sent again.
const linkOfUse = time.Hour

var words = flow.Words{
	States: []string{Issued, Phone, Locked, Agreement, Person, Admitting, Done, Revoked, Expired, Barred},
	Events: []string{
		Invite, Resend, Claim, Confirm, Wrong, Agree, Enter, Stranger, Revoke, linkSent, linkRefused, linkUnknown, mailSent, mailRefused, mailUnknown, claimLast, codeSent, codeRefused,
		codeUnknown, wrongLast, strangerLast, unlock, expire, admitted, admitRefused, admitUnknown, admitLate, forgotten, forgetRefused, forgetUnknown, answerLate,
	},
	Asks: []string{linkSMS, linkMail, sendCode, admit, admitAgain, forget},
}

// New gives the flow of invitation.md. A table that does not fit the program stops it.
func New() *flow.Flow {
	return flow.MustParse(Name, "engine/flow/invitation/invitation.md", document, decide, words)
}

// CodeLife is how long a code lives, Pause how long the next one has to wait.
const (
	CodeLife = 10 * time.Minute
	Pause    = pause
)

// TriesLeft is how many wrong entries the code that is out still takes.
func TriesLeft(d *flowv1.InvitationData) uint32 {
	if d.GetCode().GetAt() == "" || d.GetCode().GetWrong() >= codes.Tries {
		return 0
	}
	return codes.Tries - d.GetCode().GetWrong()
}
