package store

import "context"

// AggregateCursor is the place of an aggregate in a list.
type AggregateCursor struct {
	CreatedUS int64
	Shard     int
	ID        string
}

// AggregatePage asks for a page of a flow's aggregates, newest first.
type AggregatePage struct {
	Book, Flow string
	Owner      string   // "" is every owner
	States     []string // at least one
	Before     *AggregateCursor
	Limit      int
}

// Aggregates reads a page, merged over the shards and the states.
func (db *DB) Aggregates(ctx context.Context, page AggregatePage) ([]AggregateRow, []Seen, error) {
	return nil, nil, errUnwritten
}

// CountAggregates counts a flow's aggregates by state; owner "" is every owner.
func (db *DB) CountAggregates(ctx context.Context, book, flow, owner string) (map[string]int64, []Seen, error) {
	return nil, nil, errUnwritten
}

// FindAggregates reads those that exist, on whatever shard.
func (db *DB) FindAggregates(ctx context.Context, keys []AggregateKey) ([]AggregateRow, []Seen, error) {
	return nil, nil, errUnwritten
}

// AggregateEntries lists the entries of an aggregate, in order.
func (db *DB) AggregateEntries(ctx context.Context, key AggregateKey) ([]RecordID, error) {
	return nil, errUnwritten
}
