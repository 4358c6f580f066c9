package banner_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/portdelta/portdelta/diff/banner"
)

// scene is a banner of a real product with typed holes for what is volatile in
// it, and its mutations. Files of scenes lie in testdata/scenes:
//
//	== name, scan protocol
//	the banner, with holes as {{hex:32}}
//	--
//	old => new     one thing of the banner replaced: another answer
//	- line         a line taken away: another answer
//	+ line         a line added behind the first: another answer
//	= old => new   replaced, and still the same answer
type scene struct {
	name, scan, text string
	mutations        []mutation
}

type mutation struct {
	line     string // as it stands in the file
	old, new string
	same     bool
}

func loadScenes(tb testing.TB) []scene {
	tb.Helper()
	files, err := filepath.Glob("testdata/scenes/*.txt")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no scenes: %v", err)
	}
	var out []scene
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		for block := range strings.SplitSeq("\n"+string(data), "\n== ") {
			title, rest, ok := strings.Cut(block, "\n")
			if !ok {
				continue
			}
			name, scan, _ := strings.Cut(title, ", ")
			text, changes, ok := strings.Cut(rest, "\n--\n")
			if !ok {
				tb.Fatalf("%s: %s has no mutations", file, name)
			}
			s := scene{name: name, scan: scan, text: text + "\n"}
			for line := range strings.SplitSeq(changes, "\n") {
				if line = strings.TrimSpace(line); line != "" {
					s.mutations = append(s.mutations, s.mutation(tb, line))
				}
			}
			out = append(out, s)
		}
	}
	return out
}

func (s scene) mutation(tb testing.TB, line string) mutation {
	m := mutation{line: line}
	rest, same := strings.CutPrefix(line, "= ")
	m.same = same
	first, _, _ := strings.Cut(s.text, "\n")
	switch old, to, ok := strings.Cut(rest, " => "); {
	case strings.HasPrefix(rest, "- "):
		m.old = rest[2:] + "\n"
	case strings.HasPrefix(rest, "+ "):
		m.old, m.new = first+"\n", first+"\n"+rest[2:]+"\n"
	case ok:
		m.old, m.new = old, to
	default:
		m.old = strings.TrimSuffix(rest, " =>")
	}
	if !strings.Contains(s.text, m.old) {
		tb.Fatalf("%s: %q is not in the banner", s.name, m.old)
	}
	return m
}

var hole = regexp.MustCompile(`\{\{([A-Za-z0-9]+)(?::([^}]*))?\}\}`)

// fill draws every hole anew.
func fill(text string, r *rand.Rand) string {
	const hex, letters = "0123456789abcdef", "abcdefghijklmnopqrstuvwxyz"
	word := func(alphabet, n string) string {
		var size int
		fmt.Sscan(n, &size)
		b := make([]byte, size)
		for i := range b {
			b[i] = alphabet[r.IntN(len(alphabet))]
		}
		return string(b)
	}
	when := time.Unix(1_600_000_000+r.Int64N(200_000_000), r.Int64N(1e9)).UTC()
	return hole.ReplaceAllStringFunc(text, func(h string) string {
		m := hole.FindStringSubmatch(h)
		switch kind, arg := m[1], m[2]; kind {
		case "date":
			return when.Format("Mon, 02 Jan 2006 15:04:05 GMT")
		case "date850":
			return when.Format("Monday, 02-Jan-06 15:04:05 GMT")
		case "cookiedate":
			return when.Format("Mon, 02-Jan-2006 15:04:05 GMT")
		case "asctime":
			return when.Format(time.ANSIC)
		case "unixdate":
			return when.Format(time.UnixDate)
		case "mailtime":
			return when.Format("Mon, 2 Jan 2006 15:04:05 -0700")
		case "iso":
			return when.Format("2006-01-02T15:04:05.000Z07:00")
		case "day":
			return when.Format("2006-01-02")
		case "stamp":
			return when.Format("2006-01-02 15:04:05")
		case "clock":
			return when.Format("15:04:05")
		case "minute":
			return when.Format("15:04")
		case "epoch":
			return fmt.Sprint(when.Unix())
		case "epochms":
			return fmt.Sprint(when.UnixMilli())
		case "format":
			return when.Format(arg)
		case "byte":
			var c byte
			fmt.Sscanf(arg, "%x", &c)
			return string([]byte{c})
		case "hex":
			return word(hex, arg)
		case "HEX":
			return strings.ToUpper(word(hex, arg))
		case "upper":
			return strings.ToUpper(word(letters, arg))
		case "lower":
			return word(letters, arg)
		case "alnum":
			return word(letters+"0123456789", arg)
		case "b64":
			return word(letters+strings.ToUpper(letters)+"0123456789+/", arg)
		case "b64u":
			return word(letters+strings.ToUpper(letters)+"0123456789-_", arg)
		case "Alnum":
			return word(letters+strings.ToUpper(letters)+"0123456789", arg)
		case "digits":
			return word("123456789", arg)
		case "int":
			var limit int
			fmt.Sscan(arg, &limit)
			return fmt.Sprint(1 + r.IntN(limit))
		case "float":
			return fmt.Sprintf("%.6f", r.Float64())
		case "uuid":
			return strings.Join([]string{word(hex, "8"), word(hex, "4"), "4" + word(hex, "3"), "a" + word(hex, "3"), word(hex, "12")}, "-")
		case "ip":
			return fmt.Sprintf("%d.%d.%d.%d", 1+r.IntN(222), r.IntN(256), r.IntN(256), 1+r.IntN(254))
		case "pick":
			words := strings.Split(arg, "|")
			return words[r.IntN(len(words))]
		default:
			panic("no hole " + h)
		}
	})
}

// TestScenes: what is volatile in a banner of a real product may be drawn anew as
// often as one likes, and written with other line ends or written out; each single
// mutation is another answer.
func TestScenes(t *testing.T) {
	total := 0
	for _, s := range loadScenes(t) {
		t.Run(s.name, func(t *testing.T) {
			first := draw(s.text, 0)
			a := banner.Normalize(first, s.scan, 0)
			checkForm(t, first, a)
			for seed := range uint64(24) {
				text := draw(s.text, seed)
				text = writings[seed%uint64(len(writings))](text)
				if b := banner.Normalize(text, s.scan, 0); a.Digest != b.Digest {
					t.Fatalf("noise made a change:\n%s", lineDiff(a.Text, b.Text))
				}
				total++
			}
			for _, m := range s.mutations {
				b := banner.Normalize(draw(strings.Replace(s.text, m.old, m.new, 1), 99), s.scan, 0)
				if banner.SameButCut(a, b) != m.same {
					t.Errorf("%s: want same %v\n%s", m.line, m.same, lineDiff(a.Text, b.Text))
				}
				if !m.same && len(banner.Compare(a, b)) == 0 {
					t.Errorf("%s: no fact tells of it\n%s", m.line, lineDiff(a.Text, b.Text))
				}
				total++
			}
		})
	}
	t.Logf("%d pairs", total)
}

// writings are the ways in which a source may hand over the same bytes.
var writings = []func(string) string{
	func(s string) string { return s },
	func(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") },
	func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), "\r\n", `\r\n`) },
	func(s string) string { return strings.ToValidUTF8(s, "\uFFFD") },
	func(s string) string { // a character of each byte
		if !utf8.ValidString(s) {
			return s // nobody can tell one from the other
		}
		b := make([]rune, 0, len(s))
		for i := range len(s) {
			b = append(b, rune(s[i]))
		}
		return string(b)
	},
	func(s string) string { // as Python writes bytes
		var b strings.Builder
		for i := range len(s) {
			switch c := s[i]; {
			case c == '\r':
				b.WriteString(`\r`)
			case c == '\n':
				b.WriteString(`\n`)
			case c == '\\':
				b.WriteString(`\\`)
			case c >= 0x80 || c < ' ':
				fmt.Fprintf(&b, `\x%02x`, c)
			default:
				b.WriteByte(c)
			}
		}
		return b.String()
	},
}

func draw(text string, seed uint64) string {
	return strings.ReplaceAll(fill(text, rand.New(rand.NewPCG(seed, 7))), "\n", "\r\n")
}

// lineDiff shows the lines that stand in one text alone.
func lineDiff(a, b string) string {
	var out strings.Builder
	for _, side := range []struct{ sign, text, other string }{{"-", a, b}, {"+", b, a}} {
		for line := range strings.SplitSeq(side.text, "\n") {
			if !strings.Contains("\n"+side.other+"\n", "\n"+line+"\n") {
				fmt.Fprintf(&out, "%s %s\n", side.sign, line)
			}
		}
	}
	if out.Len() == 0 {
		return "  " + strings.ReplaceAll(a, "\n", "\n  ")
	}
	return out.String()
}
