// Package lean reads and writes the messages of which every request holds thousands, posts
// of the API, of the command log and of the journal, without the library's reflection and
// without an allocation for each of their parts.
//
//	bytes --> lean: plain posts, nothing unusual --> the message, in a few blocks
//	             \-> anything else: "not me" -------> the protobuf library
//
// It answers either exactly what the library would (lean_test.go draws messages and
// damages them), or that it cannot read the bytes: a field that it does not know, a
// part that comes twice, a text that is no UTF-8. So a new field of a message makes it
// slow, never wrong. What it writes is byte for byte what the library does when it is
// deterministic, or it writes nothing (TestNoFieldIsForgotten).
//
// The texts of a message share one piece of memory: whoever keeps one of them beyond
// the request must copy it, or keeps all. Books, kinds, days and codes of assets are
// texts of their own.
//
// It refuses to know: what the messages mean.
//
// Decided, with the reasons:
//
//   - Posts, their answers, commands and records are read and written by hand (proto/lean) or by
//     the library, never differently: with the next row 79 → 7 allocations a transfer; a new field
//     makes it slow, not wrong.
package lean
