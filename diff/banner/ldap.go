package banner

import (
	"strconv"
	"strings"
)

// ldapKeys are the attributes of a root DSE that say what runs, what it holds and
// how to log in. Clocks, sequence numbers and what is modified by use are left out.
var ldapKeys = keeps(
	"vendorname vendorversion dnshostname ldapservicename servername dsservicename domainfunctionality forestfunctionality domaincontrollerfunctionality "+
		"supportedldapversion supportedcapabilities objectclass structuralobjectclass isglobalcatalogready serverversion product version",
	"supportedsaslmechanisms supportedauthpasswordschemes result error supportedtlsciphers",
	"namingcontexts defaultnamingcontext schemanamingcontext configurationnamingcontext rootdomainnamingcontext supportedcontrol supportedextension "+
		"supportedldappolicies supportedfeatures subschemasubentry altserver monitorcontext configcontext changelog dn netscapemdsuffix")

// parseLDAP reads answers to a search of the root DSE, or to a bind (RFC 4511),
// or the attributes as a source lists them. The message's number goes.
func parseLDAP(d *document, src source) {
	b, lossy := src.octets(64 << 10)
	if !isLDAP(b) || lossy {
		var pairs []pair
		if lossy && len(b) > 0 && b[0] == 0x30 {
			pairs = lossyLDAP(b)
		} else {
			pairs = splitLines(src.text, d.cut, ":", "=")
		}
		for i := range pairs {
			// base64 in LDIF is written with a second colon
			pairs[i].value = strings.TrimLeft(pairs[i].value, ": ")
		}
		if !holdsAny(pairs, ldapKeys) && !d.cut {
			parseText(d, src.text)
			return
		}
		d.dump(pairs, ldapKeys)
		return
	}
	var pairs []pair
	r := reader{b: b}
	for messages := 0; len(r.b) > 0 && messages < maxMessages; messages++ {
		e, whole := r.element()
		if r.short || e.tag != 0x30 {
			break
		}
		parts, _ := elements(e.body)
		if len(parts) >= 2 {
			pairs = append(pairs, ldapMessage(parts[1], whole)...)
		}
	}
	d.dump(pairs, ldapKeys)
}

func isLDAP(b []byte) bool {
	r := reader{b: b}
	e, _ := r.element()
	if r.short || e.tag != 0x30 {
		return false
	}
	inner := reader{b: e.body}
	id, _ := inner.element()
	if inner.short || id.tag != 2 || len(inner.b) == 0 {
		return false
	}
	switch inner.b[0] {
	case 0x61, 0x64, 0x65, 0x78:
		return true
	}
	return false
}

// ldapMessage reads a response: entry 0x64, or the result of a bind, a search or
// an extended request. Of an entry that was cut the last value may lack its end.
func ldapMessage(op element, whole bool) (out []pair) {
	parts, _ := elements(op.body)
	if op.tag != 0x64 {
		if len(parts) >= 3 {
			out = append(out, pair{"result", strconv.Itoa(int(op.tag)&0x1F) + " " + strconv.Itoa(parts[0].number())})
			if message := safe(parts[2].body); message != "" {
				out = append(out, pair{"error", maskClient(message)})
			}
		}
		return out
	}
	if len(parts) < 2 {
		return nil
	}
	attributes, _ := elements(parts[1].body)
	for i, a := range attributes {
		fields, _ := elements(a.body)
		if len(fields) < 2 {
			continue
		}
		values, _ := elements(fields[1].body)
		for k, v := range values {
			if !whole && i == len(attributes)-1 && k == len(values)-1 {
				break
			}
			out = append(out, pair{asciiLower(safe(fields[0].body)), safe(v.body)})
		}
	}
	return out
}
