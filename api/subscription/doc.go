// Package subscription serves SubscriptionService: which events a company is told of, and how
// that went.
//
//	CreateSubscription ─▶ row at the company's home shard ─▶ postback.Deliverer ─▶ the company's server
//	                                                             └ body: a task or a person, in the product's words
//
// Laws kept: a key makes one subscription; its secret is derived and shown to whoever makes it;
// only events that can be told of can be subscribed to; nobody is told of a person who was
// erased.
//
// It refuses to know: when something is sent again, and to which address it may go
// (api/postback).
//
// Decided, with the reasons:
//
//   - An event that nobody can be told of cannot be subscribed to: a silent subscription is a
//     promise that is not kept.
package subscription
