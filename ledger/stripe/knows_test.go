package stripe

import "testing"

// TestKnowsIsForgottenWithTheAccount: an account is known exactly while Idle would
// say no because of it.
func TestKnowsIsForgottenWithTheAccount(t *testing.T) {
	t.Parallel()
	s := New(0)
	if s.Knows("a") || !s.Idle() {
		t.Fatal("a new shard knows an account")
	}
	s.local("a")
	if !s.Knows("a") || s.Knows("b") || s.Idle() {
		t.Error("an account with something to remember is not known, or another is")
	}
	s.tidy("a")
	s.homes["b"] = &Home{Account: "b", Phase: Idle}
	if s.Knows("a") || !s.Knows("b") || s.Idle() {
		t.Error("the home of an account is not known, or a forgotten account is")
	}
}
