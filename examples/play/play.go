package play

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Play is what the player needs to know besides the files: play.json.
type Play struct {
	Company   Company    `json:"company"`
	Own       []Account  `json:"own_accounts"`
	Executors []Executor `json:"executors"`
	Expected  Expected   `json:"expected"`
}

// Company is the customer of the play.
type Company struct {
	Name              string `json:"name"`
	INN               string `json:"inn"`
	Account           string `json:"account"`
	BIC               string `json:"bic"`
	Contract          string `json:"contract"`
	CommissionPercent string `json:"commission_percent"`
	DepositRequired   string `json:"deposit_required"`
}

// Account is a settlement account of ours.
type Account struct {
	Name    string `json:"name"` // in the books
	Account string `json:"account"`
	BIC     string `json:"bic"`
	Bank    string `json:"bank"`
	Corr    string `json:"corr_account"`
	Holder  string `json:"holder"`
	INN     string `json:"inn"`
}

// Executor is a person as he registers.
type Executor struct {
	Ref        string `json:"ref"`
	Kind       string `json:"kind"`
	INN        string `json:"inn"`
	Phone      string `json:"phone"`
	LastName   string `json:"last_name"`
	FirstName  string `json:"first_name"`
	SecondName string `json:"second_name"`
	BIC        string `json:"bic,omitempty"`
	Bank       string `json:"bank,omitempty"`
	Corr       string `json:"corr_account,omitempty"`
	Account    string `json:"account,omitempty"` // "" gave no requisites
}

// Expected is what must come out, in rubles.
type Expected struct {
	RegisterAccepted int            `json:"register_accepted"`
	RegisterRefused  int            `json:"register_refused"`
	Paid             int            `json:"paid"`
	Errors           map[string]int `json:"errors"` // tasks in error by code
	Drafts           map[string]int `json:"drafts"` // contracts that could not be accepted, by code
	Payouts          string         `json:"payouts"`
	TaxNPD           string         `json:"tax_npd"`
	TaxNDFL          string         `json:"tax_ndfl"`
	Contributions    string         `json:"contributions"` // on civil contracts, on top
	Commission       string         `json:"commission"`
	Wallet           string         `json:"wallet"`
	Deposit          string         `json:"deposit"`
	Suspense         string         `json:"suspense"`
	Settlement       string         `json:"settlement"` // what is on our settlement account
	BankFee          string         `json:"bank_fee"`
	Second           string         `json:"second_account"`
}

// The files of a play.
const (
	Description = "play.json"
	Statement   = "statement.txt"
	Register    = "register.csv"
	BankScript  = "bank.json"
	People      = "people.json"
)

// Load reads the description in a play's directory. Unknown fields are refused.
func Load(dir string) (Play, error) {
	var p Play
	f, err := os.Open(filepath.Join(dir, Description))
	if err != nil {
		return p, err
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, fmt.Errorf("%s: %w", filepath.Join(dir, Description), err)
	}
	return p, nil
}
