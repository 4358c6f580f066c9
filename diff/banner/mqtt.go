package banner

import (
	"fmt"
	"strings"
)

// mqttKeys are topics below $SYS, by their last word, that say what runs;
// mosquitto's timestamp is that of its build.
var mqttKeys = keeps("version timestamp sysdescr changeset edition", "code reason", "protocol property")

// parseMQTT reads CONNACK (MQTT 5.0 section 3.2) and what is published below
// $SYS behind it, or the words of a source about them. All other topics are
// traffic.
func parseMQTT(d *document, src source) {
	b, lossy := src.octets(32 << 10)
	if len(b) < 4 || b[0] != 0x20 || b[1] >= 0x80 || lossy && b[1] == 0xFF {
		d.mqttText(src.text)
		return
	}
	var pairs []pair
	r := reader{b: b}
	for packets := 0; len(r.b) > 0 && packets < maxMessages; packets++ {
		head := r.byte()
		n, shift := 0, 0
		for range 4 {
			c := r.byte()
			n |= int(c&0x7F) << shift
			if shift += 7; c < 0x80 {
				break
			}
		}
		body := reader{b: r.take(n)}
		if r.short {
			break
		}
		switch head >> 4 {
		case 2:
			body.byte() // whether a session was kept
			pairs = append(pairs, pair{"code", fmt.Sprint(body.byte())})
			pairs = append(pairs, mqttProperties(&body)...)
		case 3:
			topic := safe(body.take(body.uint16()))
			if head&6 != 0 {
				body.take(2) // packet identifier
			}
			pairs = append(pairs, mqttTopic(topic, safe(body.b))...)
		}
	}
	first := d.dump(pairs, mqttKeys)
	d.mqttProduct(first["version"])
}

// mqttProperties reads what MQTT 5.0 says of the server behind the code; the
// client's assigned identifier and words for it go.
func mqttProperties(body *reader) (out []pair) {
	if len(body.b) == 0 {
		return nil
	}
	r := reader{b: body.take(min(int(body.byte()), len(body.b)))}
	for len(r.b) > 0 {
		id := r.byte()
		var value string
		switch id {
		case 0x24, 0x25, 0x28, 0x29, 0x2A:
			value = fmt.Sprint(r.byte())
		case 0x13, 0x21, 0x22:
			value = fmt.Sprint(r.uint16())
		case 0x11, 0x27:
			value = fmt.Sprintf("%x", r.take(4))
		case 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F:
			r.take(r.uint16())
			continue
		case 0x26:
			r.take(r.uint16())
			r.take(r.uint16())
			continue
		default:
			return out
		}
		if r.short {
			return out
		}
		out = append(out, pair{"property", fmt.Sprintf("%d=%s", id, value)})
	}
	return out
}

// mqttTopic gives a topic below $SYS the key of its last word.
func mqttTopic(topic, value string) []pair {
	if !strings.HasPrefix(topic, "$SYS/") {
		return nil
	}
	return []pair{{asciiLower(topic[strings.LastIndexByte(topic, '/')+1:]), value}}
}

func (d *document) mqttProduct(version string) {
	// "mosquitto version 2.0.11"
	if name, v, ok := strings.Cut(version, " version "); ok {
		d.product, d.version = name, versionAt(v)
	} else {
		d.version = versionAt(version)
	}
}

// mqttText reads a listing: a connection code, then topics with their values.
func (d *document) mqttText(text string) {
	var pairs []pair
	topics := false
	for line := range completeLines(text, d.cut) {
		line = fold(line)
		if strings.HasPrefix(line, "$SYS/") {
			topics = true
			at := strings.IndexAny(line, ":= ")
			if at < 0 {
				continue
			}
			pairs = append(pairs, mqttTopic(line[:at], strings.TrimLeft(line[at:], ":= "))...)
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if word := asciiLower(key); ok && strings.HasSuffix(word, "code") {
			pairs = append(pairs, pair{"code", fold(value)})
		} else if word == "topics" {
			topics = true
		} else if line != "" && !topics {
			pairs = append(pairs, pair{"reason", mask(line)})
		}
	}
	first := d.dump(pairs, mqttKeys)
	d.mqttProduct(first["version"])
}
