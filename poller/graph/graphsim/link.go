package graphsim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
)

// link is what a nextLink carries: where in the list it stands, and how the
// chain of pages went so far. Clients follow it as it is.
type link struct {
	Host   int    `json:"h"`
	Offset int    `json:"o"`
	Began  uint64 `json:"b"` // World.clock when the first page was made
	Order  uint64 `json:"d"` // the order of the list, one a chain
	Size   int    `json:"s"`
	Part   bool   `json:"p,omitempty"` // the chain did not begin with the first port
	Faulty bool   `json:"f,omitempty"` // some page before was not honest
	Hidden int    `json:"x,omitempty"` // 1 + index of the port that is hidden; 0: none
	Loop   int    `json:"l,omitempty"` // loopSelf, loopPing or loopPong; 0: the chain ends
}

// linkCodec signs links, so that only those the server made are followed.
type linkCodec struct{ key []byte }

func newLinkCodec(seed uint64) linkCodec {
	return linkCodec{binary.BigEndian.AppendUint64([]byte("nextLink"), seed)}
}

const linkSum = 8 // bytes of the signature kept: a simulator's links need no more

func (c linkCodec) sum(text []byte) []byte {
	h := hmac.New(sha256.New, c.key)
	h.Write(text)
	return h.Sum(nil)[:linkSum]
}

func (c linkCodec) encode(l link) string {
	text := encode(l)
	return base64.RawURLEncoding.EncodeToString(append(c.sum(text), text...))
}

var errLink = errors.New("the skip token is not one of this server's")

func (c linkCodec) decode(s string) (link, error) {
	var l link
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) < linkSum || !hmac.Equal(raw[:linkSum], c.sum(raw[linkSum:])) {
		return l, errLink
	}
	if err := json.Unmarshal(raw[linkSum:], &l); err != nil {
		return l, errLink
	}
	return l, nil
}
