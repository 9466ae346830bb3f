// Package audittest makes small, right books for tests of what reads journals: the
// auditor, exports, commands.
//
//	Random(seed) ──▶ World: operations decided by the ledger's own rules ──▶ records
//	                   └─ Events(shard) as they are published, Store(db) as they are committed
//
// It refuses to know: the engine; whoever needs its timing needs the engine.
package audittest
