// Package nmapxml reads the XML that nmap writes (-oX), one host at a time.
//
// It promises that memory does not grow with the file (P11), that a host is known
// by its address and not by its name, and that the scan's own words decide what its
// silence means: which ports it covered, in which group those are that it counts
// and does not list, whether it came to its end, and whether a host was down (P1).
// What does not fit together as XML is an error that quotes nothing of the file;
// entities but the five predefined ones and numbers are refused.
//
// Of what nmap writes, the following is not read: guesses of the operating system,
// guesses of a service by its port number, host names, times and distances, and the
// output of scripts but banner and ssl-cert, for it holds dates and counters.
//
// How it works: cut.go takes the hosts out of the file, so that encoding/xml sees
// what is left, which is short; scan.go reads that. cursor.go walks a host's text,
// host.go and port.go take from it what portdelta compares.
package nmapxml
