package sandbox

// Document is a charge of a person's tax with what its payment order says.
type Document struct {
	Index   string `json:"index"` // УИН
	Amount  string `json:"amount"`
	DueDate string `json:"due_date"` // YYYY-MM-DD
}

type documentsRequest struct {
	INNs []string `xml:"urn://x-artefacts-gnivc-ru/ais3/SMZ/SmzPartnersIntegrationService/types/1.0 InnList"`
}

type documentsResponse struct {
	People []documentsOf `xml:"PaymentDocumentsList"`
}

type documentsOf struct {
	INN       string     `xml:"Inn"`
	Documents []document `xml:"DocumentList"`
}

type document struct {
	Type     string `xml:"Type"`
	Index    string `xml:"DocumentIndex"`
	FullName string `xml:"FullName"`
	INN      string `xml:"Inn"`
	Amount   string `xml:"Amount"`
	Payee    string `xml:"Recipient"`
	PayeeINN string `xml:"RecipientInn"`
	PayeeKPP string `xml:"RecipientKpp"`
	Account  string `xml:"RecipientAccountNumber"`
	Bank     string `xml:"RecipientBankName"`
	BIC      string `xml:"RecipientBankBik"`
	Corr     string `xml:"RecipientBankAccountNumber"`
	KBK      string `xml:"Kbk"`
	OKTMO    string `xml:"Oktmo"`
	Code101  string `xml:"Code101"`
	Code106  string `xml:"Code106"`
	Code107  string `xml:"Code107"`
	Code110  string `xml:"Code110,omitempty"`
	DueDate  string `xml:"DueDate"`
}

// documents answers GetPaymentDocuments of one person: to the treasury, by the KBK of the tax.
func (s *Server) documents(inn string) smz {
	p, known := s.people.find(inn)
	if refused := deny(p, known, "TAX_PAYMENT"); refused != nil {
		return *refused
	}
	of := documentsOf{INN: inn}
	for _, d := range p.Documents {
		of.Documents = append(of.Documents, document{
			Type: "TAX", Index: d.Index, FullName: p.LastName + " " + p.FirstName, INN: inn, Amount: d.Amount,
			Payee: "Казначейство России (ФНС России)", PayeeINN: "7727406020", PayeeKPP: "770801001", Account: "03100643000000018500",
			Bank: "УФК по Тульской области, г Тула", BIC: "017003983", Corr: "40102810445370000059", KBK: "18210506000011000110", OKTMO: "45379000",
			Code101: "13", Code106: "0", Code107: "0", DueDate: d.DueDate,
		})
	}
	return smz{"GetPaymentDocumentsResponse", documentsResponse{[]documentsOf{of}}}
}
