// Package schemas is the wire contract: the types of every record portdelta
// publishes, their JSON, their ids, their CloudEvents headers, and the rules by
// which a reader turns them back into the state of a host. A Go consumer
// imports this package; any other reads the JSON Schemas in json/ and
// docs/events.md.
//
// It promises that encoding is a pure function of the value (P7): keys stand in
// the order of the struct fields, absent is null and never "", a list is never
// null, times are RFC 3339 in UTC, and text travels as it is, without HTML
// escaping. It promises that ParseEvent undoes Event.Encode byte for byte.
//
// It does not promise that text is harmless: banners, certificates and names
// were written by whoever runs the host. Escape them before they reach a
// terminal, a page or a query.
//
// Nothing here keeps state between calls but HostFold, which belongs to one
// goroutine; everything else may be called concurrently.
package schemas
