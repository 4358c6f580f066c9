package schemas

import (
	"strings"
	"time"
)

// Port is a whole port as told: the value of Before and After in the events that
// move a port as one.
type Port struct {
	Status      string          `json:"status"`
	Services    List[Service]   `json:"services"` // by lower-cased (category, name)
	Banners     List[BannerSet] `json:"banners"`  // by protocol
	Certificate *Certificate    `json:"certificate"`
	Flapping    List[string]    `json:"flapping"` // facets, in the order of a step
}

// StatusValue is the After of the events that move the status alone.
type StatusValue struct {
	Status string `json:"status"`
}

// The status words with a meaning of their own; any other is the source's own
// word, in its spelling.
const (
	StatusOpen     = "open"
	StatusClosed   = "closed"
	StatusFiltered = "filtered"
	// StatusVanished: no longer listed by the source, on independent evidence.
	StatusVanished = "vanished"
)

// Service is one component of a port and the versions it is seen in.
type Service struct {
	Category string       `json:"category"` // "" is null
	Name     string       `json:"name"`     // in the spelling first told
	Versions List[string] `json:"versions"` // sorted by bytes; empty: unknown
}

// MarshalJSON writes an absent category as null.
func (s Service) MarshalJSON() ([]byte, error) {
	return marshal(struct {
		Category *string      `json:"category"`
		Name     string       `json:"name"`
		Versions List[string] `json:"versions"`
	}{OrNull(s.Category), s.Name, s.Versions})
}

// key is what services of a port are told apart and ordered by.
func (s Service) key() string { return strings.ToLower(s.Category) + "\x00" + strings.ToLower(s.Name) }

// BannerSet is what a port answers in one protocol.
type BannerSet struct {
	Protocol string     `json:"protocol"` // as detected, lower case
	Forms    List[Form] `json:"forms"`    // by digest
}

// Form is one canonical answer: what is left of a banner without what changes
// by itself. Only the newest form of a set has Facts and Text.
type Form struct {
	Digest  string            `json:"digest"`
	Product *string           `json:"product"`
	Version *string           `json:"version"`
	Facts   map[string]string `json:"facts"` // nil (null) for older forms
	Text    *string           `json:"text"`  // nil for older forms
	Cut     bool              `json:"cut"`   // Text or Facts were cut to their bound
	Escaped bool              `json:"escaped"`
}

// Certificate is what a port presents. SHA1 is its identity. Of the alternative
// names the first 20, sorted, are listed; count and digest cover all.
type Certificate struct {
	SHA1         string       `json:"sha1"`
	Subject      string       `json:"subject"`      // RFC 4514; "" is null
	Issuer       string       `json:"issuer"`       // RFC 4514; "" is null
	SerialNumber string       `json:"serialNumber"` // decimal; "" is null
	NotBefore    *time.Time   `json:"notBefore"`
	NotAfter     *time.Time   `json:"notAfter"`
	Names        List[string] `json:"names"`
	NamesCount   int          `json:"namesCount"`
	NamesDigest  string       `json:"namesDigest"`
	Validity     Validity     `json:"validity"`
}

// MarshalJSON writes absent text as null and times in UTC.
func (c Certificate) MarshalJSON() ([]byte, error) {
	return marshal(struct {
		SHA1         string       `json:"sha1"`
		Subject      *string      `json:"subject"`
		Issuer       *string      `json:"issuer"`
		SerialNumber *string      `json:"serialNumber"`
		NotBefore    *time.Time   `json:"notBefore"`
		NotAfter     *time.Time   `json:"notAfter"`
		Names        List[string] `json:"names"`
		NamesCount   int          `json:"namesCount"`
		NamesDigest  string       `json:"namesDigest"`
		Validity     Validity     `json:"validity"`
	}{c.SHA1, OrNull(c.Subject), OrNull(c.Issuer), OrNull(c.SerialNumber), utc(c.NotBefore), utc(c.NotAfter),
		c.Names, c.NamesCount, c.NamesDigest, c.Validity})
}

// Validity is the told timer of a certificate: what timer events have told of it,
// not what its dates say. One told after the baseline starts with ValidityValid.
type Validity string

const (
	ValidityValid       Validity = "valid"
	ValidityNotYetValid Validity = "not_yet_valid"
	ValidityExpiring30  Validity = "expiring_30"
	ValidityExpiring14  Validity = "expiring_14"
	ValidityExpiring7   Validity = "expiring_7"
	ValidityExpiring1   Validity = "expiring_1"
	ValidityExpired     Validity = "expired"
)

// FlappingValue is the facets of a port that are told to flap.
type FlappingValue struct {
	Flapping List[string] `json:"flapping"`
}

// GroupsValue is the groups of ports that a host tells as one each.
type GroupsValue struct {
	Groups List[Group] `json:"groups"`
}

// ExposedValue says whether a host has an open port.
type ExposedValue struct {
	Exposed bool `json:"exposed"`
}
