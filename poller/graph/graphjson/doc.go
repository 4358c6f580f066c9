// Package graphjson reads the JSON of Microsoft Graph's hostPort API: pages of a
// list, single ports, certificates and errors.
//
// It promises that a value of the wrong type or form costs that field alone and a
// record without a key that record (P12), each noted by digest and length, and
// that what it keeps is bounded (P11). A text that is not JSON, or no list, is an
// error, never a shorter list (P1). No error quotes the text. Where the text is
// from, a response or a file, it does not know, and it judges nothing.
package graphjson
