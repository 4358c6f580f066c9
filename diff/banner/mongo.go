package banner

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
)

// mongoKeys are the fields of hello, isMaster and buildInfo that say what runs,
// in which role and who may use it. Clocks, connection ids, elections and the
// topology's version are left out.
var mongoKeys = keeps(
	"version gitversion maxwireversion minwireversion modules allocator javascriptengine sysinfo bits debug openssl.running openssl.compiled "+
		"psmdbversion prodversion storageengines buildenvironment.distmod buildenvironment.distarch buildenvironment.target_arch buildenvironment.target_os",
	"ismaster iswritableprimary secondary arbiteronly readonly hidden passive saslsupportedmechs ok errmsg code codename compression",
	"host process storageengine.name databases.name setname hosts passives arbiters me primary msg maxbsonobjectsize maxmessagesizebytes maxwritebatchsize logicalsessiontimeoutminutes hostname service")

// parseMongo reads a reply of MongoDB: BSON in OP_REPLY or OP_MSG (MongoDB
// documentation, "Wire Protocol"), or the JSON a source has made of it.
func parseMongo(d *document, src source) {
	b, lossy := src.octets(16 << 10)
	var pairs []pair
	if isMongo(b) && !lossy {
		r := reader{b: b[16:]}
		if binary.LittleEndian.Uint32(b[12:]) == opReply {
			r.take(4 + 8 + 4 + 4)
		} else {
			r.take(4 + 1)
		}
		var whole bool
		pairs, whole = bsonPairs(&r)
		d.cut = d.cut && !whole
	} else if lossy && bytes.IndexByte(b[:min(len(b), 16)], 0) >= 0 {
		pairs = lossyBSON(b, mongoKeys)
	} else {
		pairs = looseJSON(src.text, d.cut)
	}
	if !holdsAny(pairs, mongoKeys) && !d.cut {
		parseText(d, src.text)
		return
	}
	first := d.dump(pairs, mongoKeys)
	d.product, d.version = "MongoDB", first["version"]
}

const opReply, opMsg = 1, 2013

func isMongo(b []byte) bool {
	if len(b) < 16 || b[13] > 7 || b[14] != 0 || b[15] != 0 || b[3] != 0 {
		return false
	}
	op := binary.LittleEndian.Uint32(b[12:])
	return op == opReply && b[2] == 0 || op == opMsg
}

// Bounds of what is read of a document: nesting and elements.
const (
	maxNesting  = 8
	maxElements = 512
)

// bsonPairs flattens a BSON document (bsonspec.org) into paths and scalar values;
// whole says that it came to its end. Elements of an array share their array's path.
func bsonPairs(r *reader) (out []pair, whole bool) {
	type level struct {
		path  string
		array bool
	}
	levels := []level{{}}
	r.take(4) // lengths are not needed: documents end with NUL
	for elements := 0; elements < maxElements && !r.short; elements++ {
		kind := r.byte()
		if r.short {
			break
		}
		if kind == 0 {
			if levels = levels[:len(levels)-1]; len(levels) == 0 {
				return out, true
			}
			continue
		}
		name := r.untilNUL()
		top := levels[len(levels)-1]
		path := top.path
		if !top.array {
			path = strings.TrimPrefix(path+"."+asciiLower(clip(safe(name), maxProduct)), ".")
		}
		switch kind {
		case 3, 4:
			r.take(4)
			if len(levels) == maxNesting {
				return out, false
			}
			levels = append(levels, level{path, kind == 4})
			continue
		}
		if value, ok := bsonValue(r, kind); ok && !r.short {
			out = append(out, pair{path, value})
		} else if !ok {
			return out, false
		}
	}
	return out, false
}

// bsonValue reads one scalar; ok is false for a kind that ends the reading.
func bsonValue(r *reader, kind byte) (value string, ok bool) {
	little := func(n int) uint64 {
		var v uint64
		for i, c := range r.take(n) {
			v |= uint64(c) << (8 * i)
		}
		return v
	}
	switch kind {
	case 1: // double: what servers say are small whole numbers, 1.0 for ok
		bits := little(8)
		return trimFloat(bits), true
	case 2, 13, 14:
		n := int(int32(little(4)))
		return safe([]byte(strings.TrimRight(string(r.take(n)), "\x00"))), true
	case 5:
		n := int(int32(little(4)))
		r.byte()
		r.take(n)
		return "(binary)", true
	case 7:
		r.take(12)
		return "(id)", true
	case 8:
		return strconv.FormatBool(r.byte() != 0), true
	case 6, 10:
		return "null", true
	case 16:
		return strconv.Itoa(int(int32(little(4)))), true
	case 9, 17, 18:
		return strconv.FormatInt(int64(little(8)), 10), true
	}
	return "", false
}
