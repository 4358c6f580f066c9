package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// oneOf takes the words given and no other. Words that a later version knows are
// refused like any other, with the list of those that this one takes.
func oneOf(words ...string) func(string) error {
	return func(value string) error {
		for _, word := range words {
			if value == word {
				return nil
			}
		}
		err := fmt.Errorf("%s is not taken, this version takes %s", quote(value), listed(words, "or"))
		if near := nearest(value, words); near != "" && len(words) > 1 {
			err = fmt.Errorf("%w: did you mean %s?", err, near)
		}
		return err
	}
}

// tenant is one segment of an event's source, a URI reference (CloudEvents 1.0,
// source): the unreserved characters of RFC 3986 section 2.3, so that nothing
// ever needs escaping there or in an id.
func tenant(value string) error {
	const most = 64
	if value == "" || len(value) > most || strings.ContainsFunc(value, func(r rune) bool {
		return !wordRune(r) && r != '~'
	}) {
		return fmt.Errorf("must be 1 to %d letters, digits or any of . _ - ~", most)
	}
	return nil
}

// topicPrefix keeps to the letters of a topic's name. Kafka takes 249 characters
// (org.apache.kafka.common.internals.Topic); what we append is shorter than 49.
func topicPrefix(value string) error {
	const most = 200
	if value == "" || len(value) > most || strings.ContainsFunc(value, func(r rune) bool { return !wordRune(r) }) {
		return fmt.Errorf("must be 1 to %d letters, digits or any of . _ -", most)
	}
	if strings.Trim(value, ".") == "" {
		return errors.New("must not consist of dots")
	}
	return nil
}

// wordRune says whether r is an ASCII letter, a digit or one of . _ -.
func wordRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-'
}

// noneOr takes "" as well: the key is left out.
func noneOr(check func(string) error) func(string) error {
	return func(value string) error {
		if value == "" {
			return nil
		}
		return check(value)
	}
}

// filePath takes every name the system could take.
func filePath(value string) error {
	if value == "" {
		return errors.New("must not be empty")
	}
	if strings.ContainsRune(value, 0) {
		return errors.New("must not hold a NUL")
	}
	return nil
}

// baseURL refuses what would be lost or leaked when paths are appended. The
// value stands in none of its errors: a URL can hold a password.
func baseURL(value string) error {
	u, err := url.Parse(value)
	switch {
	case err != nil:
		return errors.New("is no URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return errors.New("must begin with https:// (or http:// on a loopback address)")
	case u.Hostname() == "" || u.Opaque != "":
		return errors.New("names no host")
	case u.User != nil:
		return errors.New("must not hold a user or password")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(value, "#"):
		return errors.New("must end with its path, without query or fragment")
	}
	return nil
}

// loopback says whether a base URL stays on this machine: a loopback address,
// or localhost (RFC 6761 section 6.3).
func loopback(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	if strings.EqualFold(u.Hostname(), "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return err == nil && addr.Unmap().IsLoopback()
}

// dialAddress is host:port of a broker.
func dialAddress(value string) error { return address(value, false) }

// listenAddress is host:port to listen on: without a host on every address,
// with port 0 on a free one.
func listenAddress(value string) error { return address(value, true) }

func address(value string, listen bool) error {
	host, port, err := net.SplitHostPort(value)
	if err != nil {
		return fmt.Errorf("%s is not host:port (an IPv6 address stands in brackets)", quote(value))
	}
	if strings.ContainsFunc(host, func(r rune) bool { return !wordRune(r) && r != ':' && r != '%' }) {
		return fmt.Errorf("%s holds a character that no host has", quote(value))
	}
	n, err := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil:
		return fmt.Errorf("%s must end with a port from 0 to 65535", quote(value))
	case !listen && host == "":
		return fmt.Errorf("%s names no host", quote(value))
	case !listen && n == 0:
		return fmt.Errorf("%s has port 0, which nothing can be reached on", quote(value))
	}
	return nil
}
