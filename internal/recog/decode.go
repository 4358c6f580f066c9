package recog

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// file is one database.
type file struct {
	matches string
	prints  []*print
	// examples[i] are those of prints[i]; only the tests of this package keep them.
	examples [][]example
}

type xmlFingerprint struct {
	Pattern   string     `xml:"pattern,attr"`
	Flags     string     `xml:"flags,attr"`
	Certainty string     `xml:"certainty,attr"`
	Params    []xmlParam `xml:"param"`
	Examples  []example  `xml:"example"`
}

type xmlParam struct {
	Pos   string `xml:"pos,attr"`
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

// example is a text that the fingerprint must match, and what it must say then.
type example struct {
	Attrs []xml.Attr `xml:",any,attr"`
	Text  string     `xml:",chardata"`
}

// decode reads a database fingerprint by fingerprint. encoding/xml expands no
// entities but the five of XML, so a small file cannot grow.
func decode(name string, data []byte) (file, []Fault) {
	return decodeWith(name, data, false)
}

func decodeWith(name string, data []byte, keepExamples bool) (file, []Fault) {
	f := file{matches: strings.TrimSuffix(name, ".xml")}
	var faults []Fault
	d := xml.NewDecoder(bytes.NewReader(data))
	root := false
	for {
		token, err := d.Token()
		line, _ := d.InputPos()
		if errors.Is(err, io.EOF) {
			if !root {
				faults = append(faults, Fault{name, line, errors.New("no <fingerprints> in the file")})
			}
			return f, faults
		}
		if err != nil {
			return f, append(faults, Fault{name, line, err})
		}
		start, ok := token.(xml.StartElement)
		switch {
		case !ok:
		case start.Name.Local == "fingerprints":
			root = true
			for _, a := range start.Attr {
				if a.Name.Local == "matches" {
					f.matches = a.Value
				}
			}
		case start.Name.Local == "fingerprint":
			var x xmlFingerprint
			if err := d.DecodeElement(&x, &start); err != nil {
				return f, append(faults, Fault{name, line, err})
			}
			p, err := newPrint(name, line, x)
			if err != nil {
				faults = append(faults, Fault{name, line, err})
				continue
			}
			f.prints = append(f.prints, p)
			if keepExamples {
				f.examples = append(f.examples, x.Examples)
			}
		}
	}
}

func splitFlags(words string) []string {
	return strings.FieldsFunc(words, func(r rune) bool { return r == ',' || r == '|' || r == ' ' })
}
