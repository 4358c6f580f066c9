package graphjson

import (
	"net/url"
	"strings"

	"github.com/portdelta/portdelta/internal/limits"
)

// RecordHost is the id of the host that a record names, "" where it names none.
// A list asked for by host needs it not; a file of records does.
func RecordHost(raw []byte) (id string) {
	d := newDocument(raw)
	for name := range d.members("") {
		if name != "host" {
			continue
		}
		for name := range d.members("host") {
			if name == "id" {
				id = d.text("host.id", limits.FieldBytes)
			}
		}
	}
	return id
}

// ContextHost is the host that an @odata.context names, "" where it names none:
// .../$metadata#security/threatIntelligence/hosts('203.0.113.7')/ports. A quote
// within a key is doubled (OData 4.01 URL conventions, section 4.3.1).
func ContextHost(context string) string {
	_, fragment, _ := strings.Cut(context, "#")
	_, key, ok := strings.Cut(fragment, "hosts('")
	if !ok {
		return ""
	}
	key, _, ok = strings.Cut(key, "')")
	if !ok {
		return ""
	}
	key = strings.ReplaceAll(key, "''", "'")
	if plain, err := url.PathUnescape(key); err == nil {
		return plain
	}
	return key
}
