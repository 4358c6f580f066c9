package compare

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/portdelta/portdelta/internal/hostport"
	"github.com/portdelta/portdelta/internal/spool"
	"github.com/portdelta/portdelta/schemas"
	"github.com/portdelta/portdelta/schemas/schematest"
)

// files compares two texts, checks every event, and returns them in short.
func files(t testing.TB, old, now string) ([]string, Summary, []*schemas.Event) {
	t.Helper()
	dir := t.TempDir()
	told, all := []string{}, []*schemas.Event{}
	sum, err := Files(t.Context(), File{"old", strings.NewReader(old)}, File{"new", strings.NewReader(now)}, Options{Temp: dir, Host: "192.0.2.99",
		Tell: func(of *Told) error {
			events, err := of.Events()
			if err != nil {
				t.Fatal(err)
			}
			for i, e := range events {
				if e.Seq != uint64(i+1) {
					t.Errorf("%s: seq %d at place %d", e.Host, e.Seq, i)
				}
				rec, err := e.Record(source, 1)
				if err != nil {
					t.Fatal(err)
				}
				schematest.Validate(t, rec)
				what, _ := strings.CutPrefix(e.Message, e.Host+" ")
				line := e.Host + " " + string(e.Type) + ": " + what
				if e.Confidence == schemas.Tentative {
					line += " (tentative)"
				}
				told, all = append(told, line), append(all, e)
			}
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return told, sum, all
}

const day1, day2 = "2026-11-23T09:00:00Z", "2026-11-24T09:00:00Z"

// record is a port as Graph gives it.
func record(number int, status, scan, version string) string {
	return fmt.Sprintf(`{"id":"id%d","port":%[1]d,"protocol":"tcp","status":%q,"lastScanDateTime":%q,"services":[{"isRecent":true,"lastSeenDateTime":%[3]q,"component":{"category":"Server","name":"nginx","version":%q}}]}`,
		number, status, scan, version)
}

func line(host, at string, records ...string) string {
	return fmt.Sprintf(`{"v":1,"host":%q,"at":%q,"result":"ports","proof":"single","coverage":null,"requests":["r1"],"ports":[%s],"answers":[]}`+"\n",
		host, at, strings.Join(records, ","))
}

func answer(host string, records ...string) string {
	return fmt.Sprintf(`{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#security/threatIntelligence/hosts('%s')/ports","value":[%s]}`+"\n",
		host, strings.Join(records, ","))
}

// scan is a scan of tcp ports 1 to 1000.
func scan(at int, hosts ...string) string {
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<nmaprun scanner="nmap" args="nmap -sV --script ssl-cert -oX - x" start="%d" version="7.93"><scaninfo type="syn" protocol="tcp" numservices="1000" services="1-1000"/>
%s
<runstats><finished time="%[1]d" exit="success"/></runstats></nmaprun>`, at, strings.Join(hosts, "\n"))
}

func scanned(addr, name string, ports ...string) string {
	return fmt.Sprintf(`<host endtime="1795597655"><status state="up"/><address addr="%s" addrtype="ipv4"/><hostnames><hostname name="%s" type="PTR"/></hostnames><ports>%s</ports></host>`,
		addr, name, strings.Join(ports, "\n"))
}

func scannedPort(number int, state, inside string) string {
	return fmt.Sprintf(`<port protocol="tcp" portid="%d"><state state="%s" reason="x"/>%s</port>`, number, state, inside)
}

func service(name, product, version, more string) string {
	return fmt.Sprintf(`<service name="%s" product="%s" version="%s" %s method="probed" conf="10"/>`, name, product, version, more)
}

// The same two worlds in each format.
var worlds = []struct{ format, old, now string }{
	{"lines",
		line("192.0.2.7", day1, record(80, "open", day1, "1.9"), record(443, "open", day1, "1.9")) + line("192.0.2.10", day1, record(22, "open", day1, "")),
		line("192.0.2.7", day2, record(80, "open", day2, "1.10"), record(443, "closed", day2, "1.9")) + line("192.0.2.10", day2, record(22, "open", day2, ""))},
	{"graph",
		answer("192.0.2.7", record(80, "open", day1, "1.9"), record(443, "open", day1, "1.9")) + answer("192.0.2.10", record(22, "open", day1, "")),
		answer("192.0.2.7", record(80, "open", day2, "1.10"), record(443, "closed", day2, "1.9")) + answer("192.0.2.10", record(22, "open", day2, ""))},
	{"nmap",
		scan(1795600000, scanned("192.0.2.7", "a", scannedPort(80, "open", service("http", "nginx", "1.9", "")), scannedPort(443, "open", service("http", "nginx", "1.9", ""))),
			scanned("192.0.2.10", "b", scannedPort(22, "open", ""))),
		scan(1795686400, scanned("192.0.2.7", "a", scannedPort(80, "open", service("http", "nginx", "1.10", "")), scannedPort(443, "closed", service("http", "nginx", "1.9", ""))),
			scanned("192.0.2.10", "b", scannedPort(22, "open", "")))},
}

var worldsDiffer = []string{"192.0.2.7 service.version_changed: tcp/80 nginx version 1.9 to 1.10", "192.0.2.7 port.closed: tcp/443 closed, was open"}

func packed(t testing.TB, text string) []string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return []string{text, b.String(), string(enc.EncodeAll([]byte(text), nil))}
}

// A file does not differ from itself, and two say the same whatever their format
// and compression.
func TestFormats(t *testing.T) {
	for _, w := range worlds {
		for i, old := range packed(t, w.old) {
			now := packed(t, w.now)[2-i]
			if got, _, _ := files(t, old, old); len(got) > 0 {
				t.Errorf("%s differs from itself: %v", w.format, got)
			}
			got, sum, _ := files(t, old, now)
			if d := cmp.Diff(worldsDiffer, got); d != "" {
				t.Errorf("%s: %s", w.format, d)
			}
			if sum.Hosts != 2 || !sum.Different() || len(sum.NotLooked) > 0 {
				t.Errorf("%s: %+v", w.format, sum)
			}
		}
	}
}

// The order of hosts, and of looks at one of them, does not matter.
func TestOrder(t *testing.T) {
	turned := func(text string) string {
		lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
		lines[len(lines)-1] += "\n"
		slices.Reverse(lines)
		return strings.Join(lines, "")
	}
	old, now := worlds[0].old+line("192.0.2.7", day2, record(80, "open", day2, "1.9"), record(443, "open", day2, "1.9")), worlds[0].now
	_, _, want := files(t, old, now)
	_, _, got := files(t, turned(old), turned(now))
	if d := cmp.Diff(want, got); d != "" || len(want) != 2 {
		t.Error(len(want), d)
	}
}

// The head of the events: epoch is the time of the first file, detected of the second.
func TestTimes(t *testing.T) {
	at := func(s string) time.Time {
		when, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for i, w := range []struct{ old, now string }{{day1, day2}, {day1, day2}, {"2026-11-25T09:07:35Z", "2026-11-25T09:07:35Z"}} {
		_, _, events := files(t, worlds[i].old, worlds[i].now)
		if e := events[0]; e.Epoch != at(w.old).Unix() || !e.Time.Detected.Equal(at(w.now)) {
			t.Errorf("%s: epoch %d, detected %s", worlds[i].format, e.Epoch, e.Time.Detected)
		}
	}
}

// Three kinds of silence about a host, and news of one.
func TestHosts(t *testing.T) {
	old := line("192.0.2.1", day1, record(80, "open", day1, "")) + line("192.0.2.2", day1, record(80, "open", day1, ""))
	for _, tt := range []struct {
		name, now string
		want      []string
		check     func(Summary) bool
	}{
		{"not looked at", line("192.0.2.2", day2, record(80, "open", day2, "")), []string{},
			func(s Summary) bool { return slices.Equal(s.NotLooked, []string{"192.0.2.1"}) && !s.Different() }},
		{"unknown", line("192.0.2.2", day2, record(80, "open", day2, "")) + strings.Replace(line("192.0.2.1", day2), `"ports",`, `"unknown",`, 1), []string{},
			func(s Summary) bool { return slices.Equal(s.Unknown, []string{"192.0.2.1"}) }},
		{"nothing listed", line("192.0.2.2", day2, record(80, "open", day2, "")) + line("192.0.2.1", day2),
			[]string{"192.0.2.1 port.vanished: tcp/80 vanished, was open (tentative)", "192.0.2.1 host.unexposed: no longer exposed: last open port is gone (tentative)"},
			func(s Summary) bool { return len(s.NotLooked) == 0 }},
		{"new", old + line("192.0.2.3", day2, record(80, "open", day2, "1.9"), record(81, "closed", day2, "")),
			[]string{"192.0.2.3 port.opened: tcp/80 opened: nginx 1.9", "192.0.2.3 port.discovered: tcp/81 discovered closed", "192.0.2.3 host.exposed: exposed: first open port"},
			func(s Summary) bool { return s.Hosts == 3 }},
		{"one port of a list", `{"value":` + record(80, "closed", day2, "") + `}`, []string{"192.0.2.99 port.discovered: tcp/80 discovered closed"},
			func(s Summary) bool { return len(s.NotLooked) == 2 }},
	} {
		got, sum, _ := files(t, old, tt.now)
		if d := cmp.Diff(tt.want, got); d != "" || !tt.check(sum) {
			t.Errorf("%s: %+v %s", tt.name, sum, d)
		}
	}
}

// What scans of nmap's are compared by, where others go wrong: A1 to A3 are faults of
// a known tool.
func TestScans(t *testing.T) {
	http := service("http", "nginx", "1.20.1", "")
	base := scan(1, scanned("192.0.2.1", "a", scannedPort(80, "open", http)))
	for _, tt := range []struct {
		name, old, now string
		want           []string
	}{
		{"A1: a service that moves into TLS", base, scan(2, scanned("192.0.2.1", "a", scannedPort(80, "open", service("http", "nginx", "1.20.1", `tunnel="ssl"`)))),
			[]string{"service.removed: tcp/80 service removed: nginx 1.20.1 (tentative)", "service.added: tcp/80 service added: nginx 1.20.1"}},
		{"A2: a script that prints the date", scan(1, scanned("192.0.2.1", "a", scannedPort(80, "open", http+`<script id="http-date" output="Mon"/>`))),
			scan(2, scanned("192.0.2.1", "a", scannedPort(80, "open", http+`<script id="http-date" output="Tue"/>`))), nil},
		{"A3: another name for the address", base, scan(2, scanned("192.0.2.1", "b.example", scannedPort(80, "open", http))), nil},
		{"down", base, scan(2, `<host><status state="down"/><address addr="192.0.2.1" addrtype="ipv4"/></host>`), nil},
		{"absent", base, scan(2), nil},
		{"nothing found", base, scan(2, scanned("192.0.2.1", "a")), []string{"port.vanished: tcp/80 vanished, was open (tentative)", "host.unexposed: no longer exposed: last open port is gone (tentative)"}},
		{"among the filtered ones", base, scan(2, scanned("192.0.2.1", "a", `<extraports state="filtered" count="1000"><extrareasons proto="tcp" count="1000" ports="1-1000"/></extraports>`)),
			[]string{"port.filtered: tcp/80 filtered, was open", "host.unexposed: no longer exposed: last open port is gone"}},
		{"not scanned", base, strings.Replace(scan(2, scanned("192.0.2.1", "a", scannedPort(443, "closed", ""))), `services="1-1000"`, `services="443"`, 1),
			[]string{"port.discovered: tcp/443 discovered closed"}},
		{"not finished", base, strings.Replace(scan(2, scanned("192.0.2.1", "a")), `<finished time="2" exit="success"/>`, ``, 1), nil},
		{"scanned without versions", base, scan(2, scanned("192.0.2.1", "a", scannedPort(80, "open", `<service name="http" method="table" conf="3"/>`))), nil},
		{"guesses of the system in another order", scan(1, strings.Replace(scanned("192.0.2.1", "a", scannedPort(80, "open", http)), "</host>", `<os><osmatch name="A"/><osmatch name="B"/></os></host>`, 1)),
			scan(2, strings.Replace(scanned("192.0.2.1", "a", scannedPort(80, "open", http)), "</host>", `<os><osmatch name="B"/><osmatch name="A"/></os></host>`, 1)), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, sum, _ := files(t, tt.old, tt.now)
			var want []string
			for _, w := range tt.want {
				want = append(want, "192.0.2.1 "+w)
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(want, got) {
				t.Errorf("%v, want %v", got, want)
			}
			if (tt.name == "down") != (len(sum.Down) == 1) || (tt.name == "absent") != (len(sum.NotLooked) == 1) || (tt.name == "not finished") != (len(sum.Unfinished) == 1) {
				t.Errorf("%+v", sum)
			}
		})
	}
}

// A recording can be compared: what in it is no snapshot is passed over.
func TestRecording(t *testing.T) {
	head := `{"v":1,"result":"recording"}` + "\n"
	if got, _, _ := files(t, head+worlds[0].old, head+worlds[0].now); !slices.Equal(got, worldsDiffer) {
		t.Error(got)
	}
}

// Two sources of different kinds can be compared as well.
func TestMixed(t *testing.T) {
	got, _, _ := files(t, line("192.0.2.1", day1, record(80, "open", day1, "")), scan(2, scanned("192.0.2.1", "a", scannedPort(80, "closed", ""))))
	if len(got) != 2 || !strings.Contains(got[0], "port.closed") {
		t.Error(got)
	}
}

// More hosts than memory is given, in a folder that is named.
func TestSpooled(t *testing.T) {
	var old, now strings.Builder
	for i := range 30_000 {
		host := fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)
		old.WriteString(line(host, day1, record(80, "open", day1, "1.9")))
		if i%1000 != 0 {
			now.WriteString(line(host, day2, record(80, map[bool]string{true: "closed", false: "open"}[i%1000 == 1], day2, "1.9")))
		}
	}
	if old.Len() < spool.RunBytes {
		t.Fatal("it all fits into memory")
	}
	_, sum, events := files(t, old.String(), now.String())
	if len(events) != 2*30 || len(sum.NotLooked) != 30 || sum.Hosts != 30_000-30 {
		t.Errorf("%d events, %d not looked at, %d hosts", len(events), len(sum.NotLooked), sum.Hosts)
	}
	if !slices.IsSortedFunc(events, func(a, b *schemas.Event) int {
		return bytes.Compare(keyOf(hostport.Host(a.Host)), keyOf(hostport.Host(b.Host)))
	}) {
		t.Error("hosts do not come in order")
	}
}

func TestFaults(t *testing.T) {
	good := worlds[0].old
	for _, tt := range []struct{ name, old, now, want string }{
		{"empty", "", good, "old: it is empty"},
		{"text", good, "hello", "new: value 1"},
		{"cut short", good, good[:len(good)-40], "new: value 2"},
		{"a scan cut short", worlds[2].old[:600], good, "old: the file ends within a host"},
		{"a scan that is none", worlds[2].old, strings.Replace(worlds[2].now, `version="1.10"`, `version="1.10`, 1), "new: host 192.0.2.7: not well-formed"},
	} {
		_, err := Files(context.Background(), File{"old", strings.NewReader(tt.old)}, File{"new", strings.NewReader(tt.now)}, Options{Temp: t.TempDir(), Tell: func(*Told) error { return nil }})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
}
