// Command kafka runs another command beside a real Apache Kafka broker of its own:
//
//	go run ./deploy/kafka go test ./adapters/kafka
//
//	fetch once (maven) ──▶ format ──▶ start on loopback ──▶ COMMAND with PROVODKA_TEST_KAFKA ──▶ stop
//
// The broker is a single node in KRaft mode with its data in a temporary directory; it
// needs Java 17 or newer, and maven the first time. It ends with this process, however
// that ends, and the exit code is the command's.
//
// It is for tests. It refuses to know how a production cluster is set up.
package main
