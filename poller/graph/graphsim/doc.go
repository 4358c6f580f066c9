// Package graphsim is a simulator of the hostPort part of Microsoft Graph's
// threat intelligence API: a seeded World of hosts whose ports change over time,
// and a Server that answers for it over HTTP, strictly, or badly on request.
//
// It promises:
//   - Two worlds of one seed and size make the same changes in the same order;
//     only the times differ. Speed scales how often things happen, never which.
//   - A change is always carried by a scan: the record's lastScanDateTime rises
//     with it. Nothing else about a host moves but observation and volatile
//     banner bytes (noise).
//   - A port of a watched host changes again only after three complete and
//     honest looks at it, each with a newer scan; so a watcher that loses one of
//     them still sees every change by itself.
//   - A fault spoils answers, never the world.
//   - The ground truth names every change and every answer, one JSON line each.
//
// It does not promise what Graph does not document: page sizes, the order of a
// list and the words of error messages are its own. $batch and $select do not
// exist here; a request for them is refused as a service without them would.
//
// World and Server may be used concurrently.
package graphsim
