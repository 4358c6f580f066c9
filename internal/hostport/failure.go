package hostport

import (
	"fmt"
	"time"
)

// Class is why a look failed, in a few words: they are metric labels and the
// kinds of source.degraded, so the list is closed.
type Class string

const (
	Throttled     Class = "throttled"     // 429
	Unauthorized  Class = "unauthorized"  // 401, or no token to be had
	Forbidden     Class = "forbidden"     // 403
	Unavailable   Class = "unavailable"   // 5xx, no connection, time-out
	Misconfigured Class = "misconfigured" // another 4xx, a redirect, a foreign link
	Unreadable    Class = "malformed"     // an answer that could not be parsed or bounded
)

// LookError is a look that told nothing (P1). Its text holds no bytes of an
// answer's body but the bounded, escaped code and message of a Graph error.
type LookError struct {
	Class      Class
	Status     int           // HTTP status; 0 where no answer came
	RequestID  string        // the service's request id, for support
	RetryAfter time.Duration // 0 where the source did not say
	Err        error
}

func (e *LookError) Error() string {
	s := string(e.Class)
	if e.Status != 0 {
		s += fmt.Sprintf(" (status %d)", e.Status)
	}
	if e.RequestID != "" {
		s += " request " + e.RequestID
	}
	return s + ": " + e.Err.Error()
}

func (e *LookError) Unwrap() error { return e.Err }
