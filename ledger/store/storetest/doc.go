// Package storetest compares two databases row by row, in tests.
//
// The tables are those of the schema: a new one is compared without anybody thinking of
// it. What may differ between a database that a server wrote and one that was made of
// its events is named here, with the reason.
//
// It refuses to know: what the rows mean.
package storetest
