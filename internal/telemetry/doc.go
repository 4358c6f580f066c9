// Package telemetry is how the process tells of itself: the log, the metrics
// registry, and the HTTP endpoint with /metrics, /healthz and /readyz.
//
// It promises that nothing it does can hold the process up: connections and
// requests are bounded in size, time and number. It does not clean what it is
// given, nor limit how often a fault that lasts is logged: text from outside is
// kept out of logs, labels and reasons by those who call it (design, hostile
// text), but a label it makes itself, portdelta_errors_total's class, is taken
// from a closed list alone.
package telemetry
