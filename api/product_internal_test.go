package api

import (
	"net/http"

	"github.com/provodka/provodka/api/gate"
)

// ServeProduct serves a Connect path as the product's API asks for it: there a company's
// key is let in, and may then name whatever it likes.
func (s *Server) ServeProduct(w http.ResponseWriter, r *http.Request) {
	path, asked := r.URL.Path, r.Clone(r.Context())
	asked.URL.Path = gate.ProductPath
	s.gate.Serve(w, asked, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = path
		s.mux.ServeHTTP(w, r)
	}))
}
