// Command nmapscan writes two nmap scans of one made-up network, old.xml and
// new.xml, of which the second has changed: what bench/diff.sh compares with.
//
// It promises files of the shape that "nmap -sV -oX" writes, the same bytes for
// the same flags, and that exactly the share of ports asked for differs: in its
// version, its state, or in being there at all. It is no test of reading nmap's
// files: those come from nmap.
package main

import (
	"bufio"
	"cmp"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

var (
	hosts   = flag.Int("hosts", 2000, "hosts in each scan")
	ports   = flag.Int("ports", 20, "ports listed of each host")
	changed = flag.Float64("changed", 0.05, "share of the ports that differ")
	seed    = flag.Uint64("seed", 1, "what is drawn")
	dir     = flag.String("dir", ".", "folder to write old.xml and new.xml to")
)

// scanned is the last of the ports that were asked.
const scanned = 10_000

// service is one kind of port as nmap's version scan describes it.
type service struct {
	name, product, version, extra, cpe string
	port                               int
}

var services = []service{
	{"ftp", "vsftpd", "3.0.%d", "", "a:vsftpd:vsftpd", 21},
	{"ssh", "OpenSSH", "9.%dp1", "protocol 2.0", "a:openbsd:openssh", 22},
	{"smtp", "Postfix smtpd", "3.%d", "", "a:postfix:postfix", 25},
	{"http", "nginx", "1.2%d.0", "", "a:igor_sysoev:nginx", 80},
	{"pop3", "Dovecot pop3d", "2.%d", "", "a:dovecot:dovecot", 110},
	{"imap", "Dovecot imapd", "2.%d", "", "a:dovecot:dovecot", 143},
	{"http", "Apache httpd", "2.4.5%d", "(Debian)", "a:apache:http_server", 443},
	{"mysql", "MySQL", "8.0.3%d", "", "a:mysql:mysql", 3306},
	{"postgresql", "PostgreSQL DB", "1%d.1", "", "a:postgresql:postgresql", 5432},
	{"redis", "Redis key-value store", "7.%d.1", "", "a:redislabs:redis", 6379},
}

func main() {
	flag.Parse()
	if err := write("old.xml", 1795600000, 0); err != nil {
		log.Fatal(err)
	}
	if err := write("new.xml", 1795686400, *changed); err != nil {
		log.Fatal(err)
	}
}

// write draws the same network each time, and beside it what has changed since.
func write(name string, start int, changed float64) error {
	f, err := os.Create(filepath.Join(*dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	world, change := rand.New(rand.NewPCG(*seed, 1)), rand.New(rand.NewPCG(*seed, 2))
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<!-- Nmap 7.93 scan initiated as: nmap -sV -p 1-10000 -oX %[1]s 10.0.0.0/8 -->
<nmaprun scanner="nmap" args="nmap -sV -p 1-10000 -oX %[1]s 10.0.0.0/8" start="%[2]d" version="7.93" xmloutputversion="1.05">
<scaninfo type="syn" protocol="tcp" numservices="10000" services="1-10000"/>
<verbose level="0"/>
<debugging level="0"/>
`, name, start)
	for i := range *hosts {
		host(w, i, start+i/100, world, change, changed)
	}
	fmt.Fprintf(w, `<runstats><finished time="%d" summary="Nmap done" elapsed="100.00" exit="success"/><hosts up="%[2]d" down="0" total="%[2]d"/>
</runstats>
</nmaprun>
`, start+*hosts/100, *hosts)
	return cmp.Or(w.Flush(), f.Close())
}

// network is the ports of every host, in the order in which nmap lists them.
func network() []service {
	var out []service
	for i := range *ports {
		s := services[i%len(services)]
		s.port += i / len(services) * 1000
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b service) int { return cmp.Compare(a.port, b.port) })
	return out
}

func host(w *bufio.Writer, i, at int, world, change *rand.Rand, changed float64) {
	var listed strings.Builder
	var hidden []string // the ranges between those listed
	next, count := 1, scanned
	for _, s := range network() {
		minor, state := world.IntN(9), "open"
		if world.IntN(5) == 0 {
			state = "closed"
		}
		if change.Float64() < changed {
			switch change.IntN(3) {
			case 0:
				minor, state = minor+1, "open"
			case 1:
				state = map[string]string{"open": "closed", "closed": "open"}[state]
			case 2:
				continue // among those not shown
			}
		}
		if next < s.port {
			hidden = append(hidden, fmt.Sprintf("%d-%d", next, s.port-1))
		}
		next, count = s.port+1, count-1
		s.write(&listed, state, minor)
	}
	hidden = append(hidden, fmt.Sprintf("%d-%d", next, scanned))
	fmt.Fprintf(w, `<host starttime="%d" endtime="%d"><status state="up" reason="echo-reply" reason_ttl="52"/>
<address addr="10.%d.%d.%d" addrtype="ipv4"/>
<hostnames>
<hostname name="host%d.example.net" type="PTR"/>
</hostnames>
<ports><extraports state="filtered" count="%d">
<extrareasons reason="no-response" count="%[7]d" proto="tcp" ports="%s"/>
</extraports>
%s</ports>
<times srtt="11000" rttvar="900" to="100000"/>
</host>
`, at, at+30, i>>16, i>>8&255, i&255, i, count, strings.Join(hidden, ","), listed.String())
}

func (s service) write(w *strings.Builder, state string, minor int) {
	fmt.Fprintf(w, `<port protocol="tcp" portid="%d"><state state="%s" reason="syn-ack" reason_ttl="52"/>`, s.port, state)
	if state == "closed" {
		fmt.Fprintf(w, "<service name=\"%s\" method=\"table\" conf=\"3\"/></port>\n", s.name)
		return
	}
	version := fmt.Sprintf(s.version, minor)
	extra := ""
	if s.extra != "" {
		extra = fmt.Sprintf(` extrainfo="%s"`, s.extra)
	}
	fmt.Fprintf(w, "<service name=\"%s\" product=\"%s\" version=\"%s\"%s method=\"probed\" conf=\"10\"><cpe>cpe:/%s:%[3]s</cpe></service></port>\n",
		s.name, s.product, version, extra, s.cpe)
}
