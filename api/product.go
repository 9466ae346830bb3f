package api

import (
	"net/http"

	"github.com/provodka/provodka/api/product"
	"github.com/provodka/provodka/ledger/fault"
)

// productAPI serves the API of the product's document.
func (s *Server) productAPI() (*product.Handler, error) {
	caller := func(req *http.Request) (product.Caller, *fault.Refusal) {
		who, refusal := s.gate.Company(req)
		return product.Caller{Book: who.book, Company: who.owner, Personal: who.has(RolePersonal)}, refusal
	}
	return product.New(product.Config{Next: s.mux, Caller: caller, Refused: s.gate.Refused})
}
