package product

import (
	"encoding/json"

	subscriptionv1 "github.com/provodka/provodka/proto/gen/provodka/subscription/v1"
)

// Status is the body of the event executor.selfemployed_status.
func Status(inn, phone, firstName, lastName, status string) ([]byte, error) {
	return json.Marshal(struct {
		INN       string `json:"inn"`
		Phone     string `json:"phone"`
		FirstName string `json:"first_name"`
		LastName  string `json:"last_name"`
		Status    string `json:"selfemployed_status"`
	}{inn, phone, firstName, lastName, status})
}

// Joined is the body of the event executor.joined.
func Joined(executorID, invitationID, inn, phone, firstName, lastName, status string) ([]byte, error) {
	return json.Marshal(struct {
		Executor   string `json:"executor_id"`
		Invitation string `json:"invitation_id"`
		INN        string `json:"inn"`
		Phone      string `json:"phone"`
		FirstName  string `json:"first_name"`
		LastName   string `json:"last_name"`
		Status     string `json:"selfemployed_status"`
	}{executorID, invitationID, inn, phone, firstName, lastName, status})
}

// subscriptionAnswer is a subscription as the document writes it, and how it stands.
type subscriptionAnswer struct {
	ID           string   `json:"id"`
	URI          string   `json:"uri"`
	HTTPMethod   string   `json:"http_method"`
	SubscribedOn []string `json:"subscribed_on"`
	State        string   `json:"state"`
	Position     string   `json:"position"`
	Failures     uint32   `json:"failures"`
	Error        string   `json:"error"`
	CreatedAt    moment   `json:"created_at"`
	Secret       *string  `json:"secret"`
}

func showSubscription(s *subscriptionv1.Subscription) subscriptionAnswer {
	return subscriptionAnswer{
		ID: s.GetId(), URI: s.GetUri(), HTTPMethod: s.GetHttpMethod(), SubscribedOn: append([]string{}, s.GetSubscribedOn()...), State: s.GetState(),
		Position: s.GetPosition(), Failures: s.GetFailures(), Error: s.GetError(), CreatedAt: moment{s.GetCreatedAt()},
	}
}

func newSubscription(body []byte) (any, error) {
	m := new(subscriptionv1.CreateSubscriptionResponse)
	if err := decode(body, m); err != nil {
		return nil, err
	}
	a := showSubscription(m.GetSubscription())
	secret := m.GetSecret()
	a.Secret = &secret
	return a, nil
}

func replayedSubscription(body []byte) (any, error) {
	m := new(subscriptionv1.ReplaySubscriptionResponse)
	if err := decode(body, m); err != nil {
		return nil, err
	}
	return showSubscription(m.GetSubscription()), nil
}

func subscriptionList(body []byte) (any, error) {
	m := new(subscriptionv1.ListSubscriptionsResponse)
	if err := decode(body, m); err != nil {
		return nil, err
	}
	out := struct {
		Subscriptions []subscriptionAnswer `json:"subscriptions"`
	}{[]subscriptionAnswer{}}
	for _, s := range m.GetSubscriptions() {
		out.Subscriptions = append(out.Subscriptions, showSubscription(s))
	}
	return out, nil
}

// deliveryList shows what became of postbacks.
func deliveryList(body []byte) (any, error) {
	m := new(subscriptionv1.ListDeliveriesResponse)
	if err := decode(body, m); err != nil {
		return nil, err
	}
	type delivery struct {
		Position  string `json:"position"`
		Event     string `json:"event"`
		Attempt   uint32 `json:"attempt"`
		SentAt    moment `json:"sent_at"`
		Status    uint32 `json:"status"`
		LatencyMS uint32 `json:"latency_ms"`
		Error     string `json:"error"`
		NextAt    moment `json:"next_at"`
	}
	out := struct {
		Deliveries []delivery `json:"deliveries"`
		NextPage   string     `json:"next_page"`
	}{[]delivery{}, m.GetNextPageToken()}
	for _, d := range m.GetDeliveries() {
		out.Deliveries = append(out.Deliveries, delivery{
			d.GetPosition(), d.GetEvent(), d.GetAttempt(), moment{d.GetSentAt()}, d.GetStatus(), d.GetLatencyMs(), d.GetError(), moment{d.GetNextAt()},
		})
	}
	return out, nil
}
