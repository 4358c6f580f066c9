package banner

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
)

// ntlmNames are the target's names in an NTLM challenge ([MS-NLMP] 2.2.2.1): who
// answers. The timestamp, id 7, and the server's challenge change every time.
var ntlmNames = map[uint16]string{1: "computer", 2: "domain", 3: "dns_computer", 4: "dns_domain", 5: "dns_tree"}

// ntlmTarget is one thing an NTLM challenge says of who sent it.
type ntlmTarget struct{ name, value string }

// ntlmToken reads the challenge in the token of an NTLM or Negotiate scheme; nil
// if it holds none.
func ntlmToken(token string) []ntlmTarget {
	if len(token) < 40 || len(token) > maxField {
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		b, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(token, "="))
	}
	if err != nil {
		return nil
	}
	return ntlmChallenge(b)
}

// ntlmChallenge reads a CHALLENGE_MESSAGE ([MS-NLMP] 2.2.1.2), also one that is
// wrapped by another protocol. Lengths and offsets are the sender's and may lie.
func ntlmChallenge(b []byte) []ntlmTarget {
	i := bytes.Index(b, []byte("NTLMSSP\x00\x02\x00\x00\x00"))
	if i < 0 {
		return nil
	}
	b = b[i:]
	if len(b) < 48 {
		return nil
	}
	var out []ntlmTarget
	if len(b) >= 56 && b[20+3]&0x02 != 0 { // NTLMSSP_NEGOTIATE_VERSION
		out = append(out, ntlmTarget{"version", fmt.Sprintf("%d.%d.%d", b[48], b[49], binary.LittleEndian.Uint16(b[50:]))})
	}
	length, offset := int(binary.LittleEndian.Uint16(b[40:])), int(binary.LittleEndian.Uint32(b[44:]))
	if offset > len(b) {
		return out
	}
	info := b[offset:min(offset+length, len(b))]
	for len(info) >= 4 {
		id, n := binary.LittleEndian.Uint16(info), int(binary.LittleEndian.Uint16(info[2:]))
		info = info[4:]
		if id == 0 || n > len(info) {
			break
		}
		if name := ntlmNames[id]; name != "" && len(out) < 2*len(ntlmNames) {
			units := make([]uint16, n/2)
			for k := range units {
				units[k] = binary.LittleEndian.Uint16(info[2*k:])
			}
			text, _ := escape(string(utf16.Decode(units)))
			out = append(out, ntlmTarget{name, strings.ReplaceAll(clip(text, maxFact), "\n", " ")})
		}
		info = info[n:]
	}
	return out
}
