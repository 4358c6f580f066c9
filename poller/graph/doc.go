// Package graph looks at hosts through the hostPort API of Microsoft Graph
// security: it turns one host into a snapshot with its proof, or into an error.
//
// It promises that a transport or parse failure of any page is an error and
// never a shorter list (P1), that a bad field costs that field and a bad record
// that record (P12), that every request, retries included, takes one token of
// the caller's budget, that one throttled request holds back all of a client's
// workers, and that nothing it reads is unbounded (P11). It never follows a
// redirect or a link to another origin, and sends a token only over TLS or to a
// loopback address.
//
// It does not decide when to look, remembers no host, and does not judge what a
// snapshot means: a 404 is a snapshot of result unknown, an absent port is just
// absent. Ids are opaque; none is ever decoded.
//
// How a Look runs: look.go walks the pages and weighs the proof, request.go
// sends one request with its retries, wire.go is what every single HTTP request
// passes (gate, budget, request id, bounds), and graphjson reads an answer.
package graph
