package sandbox

// Entity is one company as the register knows it.
type Entity struct {
	INN, OGRN, Name, Address string
	TerminationDate          string // YYYY-MM-DD, when it ended
	InvalidationDate         string // YYYY-MM-DD, when its registration became invalid
	Answers                  string // the INN that the answer names; "" is its own
}

type entityResponse struct {
	INN              string `xml:"Inn,omitempty"`
	OGRN             string `xml:"Ogrn,omitempty"`
	Name             string `xml:"Name,omitempty"`
	Address          string `xml:"Address,omitempty"`
	TerminationDate  string `xml:"TerminationDate,omitempty"`
	InvalidationDate string `xml:"InvalidationDate,omitempty"`
}

// entity answers GetLegalEntityInfo; nothing of an INN that nobody has.
func (s *Server) entity(inn string) smz {
	for _, e := range s.entities {
		if e.INN != inn {
			continue
		}
		if e.Answers != "" {
			inn = e.Answers
		}
		return smz{"GetLegalEntityInfoResponse", entityResponse{inn, e.OGRN, e.Name, e.Address, e.TerminationDate, e.InvalidationDate}}
	}
	return smz{"GetLegalEntityInfoResponse", entityResponse{}}
}
