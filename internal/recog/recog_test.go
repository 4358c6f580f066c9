package recog

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/portdelta/portdelta/diff/banner"
	"github.com/portdelta/portdelta/diff/banner/fingerprint"
	"github.com/portdelta/portdelta/internal/limits"
)

func folder(files ...string) fstest.MapFS {
	out := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		out[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return out
}

const gadgets = `<fingerprints matches="http_header.server" protocol="http">
<fingerprint pattern="^Gadget/(\d[\d.]*)?(?: \((\S+)\))?$" flags="REG_ICASE">
 <example service.version="2">Gadget/2</example>
 <param pos="0" name="service.vendor" value="Acme"/>
 <param pos="0" name="service.product" value="Gadget"/>
 <param pos="1" name="service.version"/>
 <param pos="2" name="_tmp.board"/>
 <param pos="0" name="service.cpe23" value="cpe:/a:acme:gadget:{service.version}"/>
 <param pos="0" name="os.product" value="{_tmp.board} firmware"/>
 <param pos="0" name="os.cpe23" value="cpe:/o:acme:{_tmp.board}_firmware:-"/>
</fingerprint>
<fingerprint pattern="^Gad"><param pos="0" name="service.product" value="never reached for Gadget"/></fingerprint>
<fingerprint pattern="^Lamp (\S+)$" certainty="0.4">
 <param pos="0" name="hw.vendor" value="Acme"/>
 <param pos="1" name="hw.product"/>
</fingerprint>
<fingerprint pattern="^Quiet$"><param pos="0" name="service.vendor" value="Acme"/></fingerprint>
</fingerprints>`

func TestIdentify(t *testing.T) {
	db, faults, err := Load(folder("a.xml", gadgets, "icons.xml", `<fingerprints matches="favicon.md5"><fingerprint pattern="x"/></fingerprints>`))
	if err != nil || len(faults) > 0 || db.Len() != 4 {
		t.Fatal(db, faults, err)
	}
	for text, want := range map[string]fingerprint.Match{
		"gadget/2.1 (B:7)": {Vendor: "Acme", Product: "Gadget", Version: "2.1", OS: "B:7 firmware", Certainty: 0.85, Rule: "recog/a.xml:2",
			CPE: "cpe:2.3:a:acme:gadget:2.1:*:*:*:*:*:*:*", OSCPE: `cpe:2.3:o:acme:b\:7_firmware:-:*:*:*:*:*:*:*`},
		"Gadget/":  {Vendor: "Acme", Product: "Gadget", Certainty: 0.85, Rule: "recog/a.xml:2", CPE: "cpe:2.3:a:acme:gadget:-:*:*:*:*:*:*:*"},
		"Lamp XL1": {Vendor: "Acme", Product: "XL1", Certainty: 0.4, Rule: "recog/a.xml:13"},
		"Quiet":    {},
		"other":    {},
	} {
		got, ok := db.Identify(fingerprint.HTTPServer, text)
		if ok != (want.Product != "") || ok && got != want {
			t.Errorf("%q: got %+v, %v", text, got, ok)
		}
	}
	if _, ok := db.Identify(fingerprint.SSHSoftware, "Gadget/2"); ok {
		t.Error("a field was recognised by the rules of another")
	}
	// What our own table does not know becomes the form's product; the digest stays.
	const head = "HTTP/1.1 200 OK\r\nServer: Gadget/2.1\r\n\r\n"
	plain, with := banner.Normalize(head, "", 0), banner.NormalizeWith(head, "", 0, db.Identify)
	if with.Product != "Gadget" || with.Version != "2.1" || with.Digest != plain.Digest || len(with.Facts) != len(plain.Facts)+2 {
		t.Errorf("with the folder: %+v", with)
	}
}

// P12: a bad fingerprint costs itself, and its file and line are named.
func TestFaults(t *testing.T) {
	bad := strings.Replace(gadgets, `pattern="^Gad"`, `pattern="^Gad("`, 1)
	bad = strings.Replace(bad, `certainty="0.4"`, `certainty="NaN"`, 1)
	db, faults, err := Load(folder("a.xml", bad, "b.xml", "<fingerprints>\n<fingerprint pattern='x'>\n</fingerprints>", "c.xml", "",
		"d.xml", "<!DOCTYPE x [<!ENTITY a 'aa'>]><fingerprints><fingerprint pattern='&a;'/></fingerprints>",
		"e.xml", `<fingerprints matches="ssh.banner"><fingerprint pattern="(x)"><param pos="2" name="service.product"/></fingerprint></fingerprints>`))
	if err != nil || db.Len() != 2 {
		t.Fatal(db, err)
	}
	want := []string{"a.xml:12: pattern: ", "a.xml:13: certainty ", "b.xml:2: ", "c.xml:1: no <fingerprints>", "d.xml:1: ", `e.xml:1: param "service.product": pos "2"`}
	for i, f := range faults {
		if i >= len(want) || !strings.HasPrefix(f.Error(), want[i]) {
			t.Errorf("fault %d: %v", i, f)
		}
	}
	if len(faults) != len(want) {
		t.Errorf("%d faults, not %d", len(faults), len(want))
	}
}

// P11: folders and files have bounds, and so has the list of faults.
func TestBounds(t *testing.T) {
	if _, _, err := Load(folder("readme.txt", "x")); err == nil || !strings.Contains(err.Error(), "xml folder") {
		t.Errorf("a folder without databases: %v", err)
	}
	many := strings.Repeat(`<fingerprint pattern="("/>`, 2*limits.RecogFaults.Max)
	db, faults, err := Load(folder("a.xml", gadgets, "b.xml", "<fingerprints>"+many+"</fingerprints>",
		"c.xml", "<fingerprints>"+strings.Repeat(" ", limits.RecogFileBytes.Max)+"</fingerprints>"))
	if err != nil || db.Len() != 4 || len(faults) != limits.RecogFaults.Max {
		t.Errorf("%v, %d faults, %v", db, len(faults), err)
	}
	long := `<fingerprints matches="ssh.banner"><fingerprint pattern="` + strings.Repeat("x", limits.RuleBytes.Max+1) + `"/></fingerprints>`
	if _, faults, err := Load(folder("a.xml", long)); err == nil || len(faults) != 1 {
		t.Errorf("a long pattern: %v, %v", faults, err)
	}
}

func TestVersionIsOfTheFiles(t *testing.T) {
	load := func(text string) string {
		db, _, err := Load(folder("a.xml", text))
		if err != nil {
			t.Fatal(err)
		}
		return db.Version()
	}
	first, again := load(gadgets), load(gadgets)
	if first != again || first == load(gadgets+"\n") {
		t.Error("the version does not follow the files")
	}
}

// What a start pays for a whole Recog folder; the target is under a second.
func BenchmarkLoad(b *testing.B) {
	dir := oracle(b)
	for b.Loop() {
		if _, faults, err := Load(os.DirFS(dir)); err != nil || len(faults) > 0 {
			b.Fatal(faults, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(gadgets), "Gadget/1 (x)")
	f.Add([]byte(`<fingerprints><fingerprint pattern="a{1000}{1000}"/></fingerprints>`), "")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		db, _, err := Load(fstest.MapFS{"a.xml": {Data: data}})
		if err != nil {
			return
		}
		for field := range db.fields {
			db.Identify(field, text)
		}
	})
}
