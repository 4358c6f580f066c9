package nmapxml

import (
	"strings"

	"github.com/portdelta/portdelta/internal/hostport"
)

// portHead is what of a port decides which one it is, and whether it is open.
type portHead struct {
	key  hostport.PortKey
	open bool
}

// memo remembers port elements that were walked to their end. In a scan of many
// hosts most are of a few texts.
type memo struct {
	heads map[string]portHead
	bytes int
}

// memoBytes bounds the texts remembered; a memo that is full begins anew.
const memoBytes = 4 << 20

func (m *memo) head(text []byte) (portHead, error) {
	if head, ok := m.heads[string(text)]; ok {
		return head, nil
	}
	head, err := parseHead(text)
	if err != nil {
		return head, err
	}
	if m.bytes += len(text); m.heads == nil || m.bytes > memoBytes {
		m.heads, m.bytes = map[string]portHead{}, len(text)
	}
	m.heads[string(text)] = head
	return head, nil
}

func parseHead(text []byte) (head portHead, err error) {
	c := cursor{rest: text}
	for {
		k, err := c.next()
		if err != nil || k == end {
			return head, err
		}
		if k != startTag {
			continue
		}
		switch depth := c.depth(); {
		case depth == 1:
			if head.key, err = c.portKey(); err != nil {
				return head, err
			}
		case depth == 2 && c.is("state"):
			head.open = string(c.raw("state")) == string(hostport.Open)
		}
	}
}

// portKey reads the key of the port whose start tag was last met. A port that does
// not say which it is would be missed in silence: it is an error.
func (c *cursor) portKey() (hostport.PortKey, error) {
	protocol := c.raw("protocol")
	number, ok := parseRanges(string(c.raw("portid")))
	if !ok || len(number) != 1 || number[0].First != number[0].Last || len(protocol) == 0 || nameLen(protocol) != len(protocol) {
		return hostport.PortKey{}, errXML
	}
	return hostport.PortKey{Protocol: strings.ToLower(string(protocol)), Number: number[0].First}, nil
}
