package schemas

import (
	"encoding/json"
	"fmt"
	"time"
)

// Millis is an instant of our own clock in details: RFC 3339 in UTC with exactly
// three digits of a second, as `detected`.
type Millis time.Time

// MarshalJSON fails for a year outside 0 to 9999.
func (m Millis) MarshalJSON() ([]byte, error) {
	text, err := stamp(time.Time(m))
	if err != nil {
		return nil, err
	}
	return marshal(text)
}

// UnmarshalJSON reads any RFC 3339 time.
func (m *Millis) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, (*time.Time)(m))
}

// stamp is RFC 3339 in UTC with exactly three digits of a second: the form of
// `detected` and ce_time. Kafka timestamps hold no more.
func stamp(t time.Time) (string, error) {
	t = t.UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		return "", fmt.Errorf("year %d has no RFC 3339 form", y)
	}
	return t.Format("2006-01-02T15:04:05.000Z07:00"), nil
}

// utc is the same instant in the form in which evidence times are written:
// encoding/json adds the fraction as it is given.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
