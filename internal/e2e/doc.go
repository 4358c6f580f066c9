// Package e2e holds the end-to-end tests: the built binary, the simulator's
// ground truth and a real Apache Kafka, read by a client that is not the one
// portdelta writes with. It has no code of its own outside of tests.
//
// The tests promise that what readers find on the topics is what happened: every
// change that the simulator tells as real has exactly its events (design section
// 5), nothing else has any, and the promises about order, ids, state and bytes
// (P5 to P8) hold, also through kill -9, without Kafka, and through every
// misbehaviour of the source. oracle_test.go says how that is decided.
//
// They do not look into the process: commands, topics, metrics, exit codes and
// the log's one line about the telemetry address are all they go by.
//
// A failure prints its seed; -e2e.seed repeats the world and the moments that
// were drawn, though not what the machine's timing made of them. -e2e.changes=1000
// with -timeout 1h makes a soak of them. With -short they are skipped.
package e2e
