package api

import "net/http"

// ServeProduct serves a Connect path as the product's API asks for it: there a company's
// key is let in, and may then name whatever it likes.
func (s *Server) ServeProduct(w http.ResponseWriter, r *http.Request) {
	s.mux.ServeHTTP(w, r.WithContext(withCall(r.Context(), &call{product: true, requestID: newID()})))
}
