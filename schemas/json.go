package schemas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"
	"unicode/utf8"
)

var errNotUTF8 = errors.New("text is not UTF-8")

// List is a list that encodes as [] where it is empty or nil, never as null.
type List[T any] []T

// MarshalJSON never writes null.
func (l List[T]) MarshalJSON() ([]byte, error) {
	if len(l) == 0 {
		return []byte("[]"), nil
	}
	return marshal([]T(l))
}

// OrNull turns text that may be absent into what encodes as null: absent is
// null, never "".
func OrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Raw encodes a value for Before, After or Details, as every record is encoded.
// A nil pointer gives null. It fails on text that is not UTF-8, which
// encoding/json would replace in silence (P10).
func Raw(v any) (json.RawMessage, error) {
	if !validText(reflect.ValueOf(v)) {
		return nil, errNotUTF8
	}
	return marshal(v)
}

// rawWithin is Raw for a whole record, which may have so many bytes at most (P11).
func rawWithin(v any, limit int) ([]byte, error) {
	data, err := Raw(v)
	if err == nil && len(data) > limit {
		err = fmt.Errorf("%d bytes, more than %d", len(data), limit)
	}
	return data, err
}

// marshal is encoding/json without HTML escaping and without the final newline.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// compact returns raw as it stands in an encoded event; nil is null.
func compact(raw json.RawMessage) ([]byte, error) {
	if raw == nil {
		return []byte("null"), nil
	}
	var b bytes.Buffer
	err := json.Compact(&b, raw)
	return b.Bytes(), err
}

// orEmpty is the details object of an event that has none.
func orEmpty(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("{}")
	}
	return raw
}

// sameJSON compares by what would be published.
func sameJSON(a, b any) bool {
	x, errX := marshal(a)
	y, errY := marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// validText says whether every string and raw JSON within v is UTF-8.
func validText(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return utf8.ValidString(v.String())
	case reflect.Pointer, reflect.Interface:
		return v.IsNil() || validText(v.Elem())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return utf8.Valid(v.Bytes())
		}
		for i := range v.Len() {
			if !validText(v.Index(i)) {
				return false
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if !validText(it.Key()) || !validText(it.Value()) {
				return false
			}
		}
	case reflect.Struct:
		if v.Type().ConvertibleTo(reflect.TypeFor[time.Time]()) {
			return true
		}
		for i := range v.NumField() {
			if !validText(v.Field(i)) {
				return false
			}
		}
	}
	return true
}
