package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// ParseDuration reads Go's syntax (time.ParseDuration) with days before it: 90d,
// 1d12h, 1.5h. A day is 24 hours.
func ParseDuration(s string) (time.Duration, error) {
	wrong := errors.New("must be a duration such as 90d, 24h or 1m30s")
	head, rest, found := strings.Cut(s, "d")
	if !found {
		d, err := time.ParseDuration(s)
		if err != nil {
			return 0, wrong
		}
		return d, nil
	}
	days, err := strconv.ParseUint(head, 10, 32)
	if err != nil {
		return 0, wrong
	}
	if days > uint64(math.MaxInt64/day) {
		return 0, fmt.Errorf("must be shorter than %d years", int64(math.MaxInt64/day)/365)
	}
	d := time.Duration(days) * day
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	if err != nil || more < 0 || d+more < d || rest[0] == '+' || rest[0] == '-' {
		return 0, wrong
	}
	return d + more, nil
}

// FormatDuration writes d so that ParseDuration reads it again, without the
// zeros that time.Duration writes: 24h, 2160h, 1m30s.
func FormatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
