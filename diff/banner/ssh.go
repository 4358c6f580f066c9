package banner

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/portdelta/portdelta/diff/banner/fingerprint"
)

// parseSSH keeps the identification line (RFC 4253 section 4.2) and what stands
// behind it of the key exchange: the algorithms on offer, from KEXINIT's bytes or
// as a source lists them, and the server's keys where a source prints them.
func parseSSH(d *document, src source) {
	if !strings.HasPrefix(src.text, "SSH-") {
		d.bareKeyExchange(src)
		return
	}
	line, rest, whole := strings.Cut(src.text, "\n")
	line = strings.Trim(line, " ")
	d.line(line)
	ident, comment, _ := strings.Cut(line, " ")
	if parts := strings.SplitN(ident, "-", 3); len(parts) == 3 {
		d.fact("protocol", Security, parts[1])
		d.fact("software", Identity, parts[2])
		if comment = fold(comment); comment != "" {
			d.fact("comment", Identity, comment)
		}
		d.product, d.version = splitSoftware(parts[2])
		d.clue(fingerprint.SSHSoftware, strings.TrimRight(parts[2]+" "+comment, " "))
	}
	if !whole {
		return
	}
	b, lossy := src.octets(16 << 10)
	if i := bytes.IndexByte(b, '\n'); i >= 0 && i+1 < len(b) && (b[i+1] < ' ' || b[i+1] > '~') && b[i+1] != '\n' && b[i+1] != '\t' && b[i+1] != '\r' {
		if lists := keyExchange(b[i+1:], lossy); len(lists) > 0 {
			d.algorithms(lists)
		}
		return
	}
	d.sshListing(rest)
}

// bareKeyExchange reads what came without an identification: KEXINIT alone, a
// listing, or words.
func (d *document) bareKeyExchange(src source) {
	b, lossy := src.octets(16 << 10)
	if lists := keyExchange(b, lossy); len(lists) > 0 {
		d.algorithms(lists)
		return
	}
	d.sshListing(src.text)
}

// exchangeLists are the ten lists of KEXINIT in their order (RFC 4253 section
// 7.1), as parts of paths; the second of two directions joins the first.
var exchangeLists = [10]string{"kex", "keyalgorithm", "cipher", "cipher", "mac", "mac", "compression", "compression", "language", "language"}

// keyExchange finds the ten name-lists behind the 16 random bytes of the cookie,
// as many as came whole. Where bytes were lost the cookie may have shrunk, so the
// first place is taken from which all reads as lists.
func keyExchange(b []byte, lossy bool) [][]string {
	const header = 4 + 1 + 1 + 16 // packet length, padding length, message 20, cookie
	if !lossy {
		if len(b) < header || b[5] != 20 {
			return nil
		}
		lists, _ := nameLists(b[header:], false)
		return lists
	}
	for at := 6; at < min(len(b), header+1); at++ {
		if lists, fine := nameLists(b[at:], true); fine && len(lists) > 0 && len(lists[0]) > 0 {
			return lists
		}
	}
	return nil
}

// nameLists reads up to ten name-lists; fine is that nothing but a cut ended them.
func nameLists(b []byte, lossy bool) (lists [][]string, fine bool) {
	r := reader{b: b}
	for range exchangeLists {
		if len(r.b) < 4 {
			return lists, true
		}
		n := r.uint32()
		if n < 0 || n > 8<<10 {
			return lists, false
		}
		if lossy && n&0xFF == 0xFF {
			// The length's last byte is not known: names end where NUL begins the next.
			if n = bytes.IndexByte(r.b, 0); n < 0 {
				return lists, true
			}
		}
		if n > len(r.b) {
			return lists, visible(r.b)
		}
		list := r.take(n)
		if !visible(list) {
			return lists, false
		}
		var names []string
		if n > 0 {
			names = strings.Split(string(list), ",")
		}
		lists = append(lists, names)
	}
	return lists, true
}

func visible(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// algorithms adds the lists: a line each, as ordered as they came, and a fact a
// name, since a list is longer than a fact may be. hassh is HASSHServer, the MD5
// by which collections of SSH servers name such an offer; it is no protection.
func (d *document) algorithms(lists [][]string) {
	type offer struct{ toServer, toClient bool }
	offers := map[string]offer{}
	for i, names := range lists {
		kind := exchangeLists[i]
		d.line(kind + ": " + strings.Join(names, ","))
		for _, name := range names {
			if name == "" || len(name) > maxProduct {
				continue // in the line alone
			}
			o := offers[kind+"."+name]
			if i < 2 || i%2 == 0 {
				o.toServer = true
			}
			if i < 2 || i%2 == 1 {
				o.toClient = true
			}
			offers[kind+"."+name] = o
		}
	}
	var weak []string
	for path, o := range offers {
		_, name, _ := strings.Cut(path, ".")
		if weakAlgorithm(name) {
			weak = append(weak, name)
		}
		switch {
		case strings.HasPrefix(path, "language."):
		case o.toServer && o.toClient || len(lists) < 8:
			d.named("", path, Security, "")
		case o.toServer:
			d.named("", path, Security, "to server")
		default:
			d.named("", path, Security, "to client")
		}
	}
	if len(weak) > 0 {
		slices.Sort(weak)
		d.fact("weak", Security, strings.Join(slices.Compact(weak), ", "))
	}
	if len(lists) < len(exchangeLists) {
		return
	}
	d.cut = false
	sum := md5.Sum([]byte(strings.Join(lists[0], ",") + ";" + strings.Join(lists[3], ",") + ";" + strings.Join(lists[5], ",") + ";" + strings.Join(lists[7], ",")))
	d.fact("hassh", Security, hex.EncodeToString(sum[:]))
}

// weakAlgorithm says whether RFC 8758, RFC 9142 or the practice of the day has
// given a name up: SHA-1 for keys exchanged and signed, MD5, CBC, RC4, DSA.
func weakAlgorithm(name string) bool {
	for _, exact := range []string{"none", "ssh-rsa", "ssh-dss", "hmac-sha1", "hmac-sha1-96", "3des-cbc"} {
		if name == exact {
			return exact != "none" // no compression is no weakness
		}
	}
	for _, part := range []string{"group1-sha1", "group14-sha1", "group-exchange-sha1", "rsa1024-sha1", "arcfour", "-cbc", "hmac-md5", "hmac-ripemd160"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// listings are the headings under which sources list what KEXINIT offers.
var listings = map[string]string{
	"kex algorithms": "kex", "key exchange algorithms": "kex", "kex_algorithms": "kex", "server host key algorithms": "keyalgorithm",
	"server_host_key_algorithms": "keyalgorithm", "host key algorithms": "keyalgorithm", "encryption algorithms": "cipher",
	"encryption_algorithms": "cipher", "mac algorithms": "mac", "mac_algorithms": "mac", "compression algorithms": "compression",
	"compression_algorithms": "compression",
}

// sshListing reads lines a source has added: headings with a name a line below
// them or a list behind them, and the key with its type and fingerprint.
func (d *document) sshListing(text string) {
	var lines, weak []string
	kind := ""
	for line := range completeLines(text, d.cut) {
		line = fold(line)
		name, value, labelled := strings.Cut(line, ":")
		name = asciiLower(name)
		value = fold(value)
		switch {
		case line == "":
			continue
		case labelled && listings[strings.TrimRight(name, " ")] != "":
			kind = listings[strings.TrimRight(name, " ")]
			for _, a := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }) {
				if a[0] == '(' {
					continue // a source's count of them
				}
				weak = d.listed(&lines, kind, a, weak)
			}
		case d.hostKey(&lines, line, name, value, labelled):
			kind = ""
		case kind != "" && strings.IndexByte(line, ' ') < 0 && !labelled:
			weak = d.listed(&lines, kind, line, weak)
		default:
			kind = ""
			line = mask(line)
			lines = append(lines, line)
		}
	}
	if len(weak) > 0 {
		slices.Sort(weak)
		d.fact("weak", Security, strings.Join(slices.Compact(weak), ", "))
	}
	slices.Sort(lines)
	d.lines = append(d.lines, slices.Compact(lines)...)
	d.open()
}

func (d *document) listed(lines *[]string, kind, name string, weak []string) []string {
	*lines = append(*lines, kind+": "+name)
	d.named("", kind+"."+name, Security, "")
	if weakAlgorithm(name) {
		weak = append(weak, name)
	}
	return weak
}

// hostKey keeps what identifies the server's key, never masked: another key is
// another server, or somebody between.
func (d *document) hostKey(lines *[]string, line, name, value string, labelled bool) bool {
	switch {
	case labelled && (name == "key type" || name == "fingerprint" || name == "key" || name == "host key" || name == "hostkey" ||
		strings.HasSuffix(name, "fingerprint")) && value != "":
		d.named("hostkey.", name, Security, value)
	case strings.Contains(line, "SHA256:"), strings.Contains(line, "MD5:"), strings.HasPrefix(line, "ssh-") && strings.Contains(line, " AAAA"),
		strings.HasPrefix(line, "ecdsa-") && strings.Contains(line, " AAAA"):
		d.fact("hostkey.fingerprint", Security, line)
	default:
		return false
	}
	*lines = append(*lines, line)
	return true
}

// completeLines yields the lines of a text; of one that was cut not the last,
// which may lack its end.
func completeLines(text string, cut bool) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for text != "" {
			line, rest, whole := strings.Cut(text, "\n")
			if !whole && cut || !yield(line) {
				return
			}
			text = rest
		}
	}
}
