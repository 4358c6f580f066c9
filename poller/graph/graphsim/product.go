package graphsim

import (
	"strconv"
	"strings"

	"github.com/portdelta/portdelta/internal/hostport"
)

// A product is what may listen on a port: its component as the service lists
// it, the versions it goes through, and the banner it shows.
type product struct {
	category, name string
	// versions are real releases in rising order; version continues them.
	// Empty: the component has no known version and is never upgraded.
	versions []string
	// scanProtocol as the source labels it, which says little: the documented
	// FTP greeting came under "telnet". Empty: the port shows no banner.
	scanProtocol string
	// forms is how many banners that differ in more than volatile bytes and
	// version the product has. A port goes through them in order and never
	// back, for a form that returns is no plain change (design section 4).
	forms  int
	banner func(scene) string
	// noisy banners hold bytes that differ in each scan.
	noisy bool
	// addons says that further components may come and go on the port.
	addons bool
}

const unbounded = 1 << 20

// version is the i-th version: a listed one, then further patch releases of the
// last, so that versions rise without end and none returns.
func (p *product) version(i int) string {
	if len(p.versions) == 0 {
		return ""
	}
	last := len(p.versions) - 1
	if i <= last {
		return p.versions[i]
	}
	text := p.versions[last]
	head := strings.TrimRight(text, "0123456789")
	patch, err := strconv.Atoi(text[len(head):])
	if err != nil {
		return text + "." + strconv.Itoa(i-last) // a version that ends in letters
	}
	return head + strconv.Itoa(patch+i-last)
}

var (
	nginx    = web("nginx", "nginx/%s", "1.14.2", "1.16.1", "1.18.0", "1.20.1", "1.22.1", "1.24.0", "1.26.2")
	apache   = web("Apache", "Apache/%s (Ubuntu)", "2.4.29", "2.4.41", "2.4.52", "2.4.57", "2.4.58", "2.4.62")
	lighttpd = web("lighttpd", "lighttpd/%s", "1.4.53", "1.4.55", "1.4.59", "1.4.63", "1.4.69", "1.4.76")
	jetty    = web("Jetty", "Jetty(%s)", "9.4.11.v20180605", "9.4.27.v20200227", "9.4.43.v20210629", "9.4.53.v20231009")
	resty    = web("OpenResty", "openresty/%s", "1.15.8.3", "1.17.8.2", "1.19.9.1", "1.21.4.1", "1.25.3.1")

	openSSH = &product{category: "Remote Access", name: "OpenSSH", scanProtocol: "ssh", banner: openSSHBanner, forms: 40,
		versions: []string{"7.4p1", "7.6p1", "7.9p1", "8.2p1", "8.4p1", "8.9p1", "9.2p1", "9.6p1"}}
	dropbear = &product{category: "Remote Access", name: "Dropbear", scanProtocol: "ssh", banner: dropbearBanner, forms: 1,
		versions: []string{"2018.76", "2019.78", "2020.81", "2022.83", "2024.85"}}

	exim = &product{category: "Email", name: "Exim", scanProtocol: "smtp", banner: eximBanner, forms: len(mailNames), noisy: true,
		versions: []string{"4.89", "4.90.1", "4.92.3", "4.94.2", "4.95", "4.96.2", "4.97.1"}}
	sendmail = &product{category: "Email", name: "Sendmail", scanProtocol: "smtp", banner: sendmailBanner, forms: len(mailNames), noisy: true,
		versions: []string{"8.14.7", "8.15.1", "8.15.2", "8.16.1", "8.17.1", "8.18.1"}}
	vsftpd = &product{category: "File Transfer", name: "vsFTPd", scanProtocol: "telnet", banner: vsftpdBanner, forms: len(siteNames),
		versions: []string{"2.3.5", "3.0.2", "3.0.3", "3.0.5"}}
	proftpd = &product{category: "File Transfer", name: "ProFTPD", scanProtocol: "telnet", banner: proftpdBanner, forms: len(siteNames),
		versions: []string{"1.3.5", "1.3.6", "1.3.7", "1.3.8"}}
	cyrus = &product{category: "Email", name: "Cyrus IMAP", scanProtocol: "imap", banner: cyrusBanner, forms: len(imapWords),
		versions: []string{"2.4.17", "2.5.10", "3.0.8", "3.2.6", "3.4.3", "3.6.1"}}
	// Dovecot hides its version: an upgrade shows in the component alone.
	dovecotIMAP = &product{category: "Email", name: "Dovecot", scanProtocol: "imap", banner: dovecotIMAPBanner, forms: len(imapWords),
		versions: []string{"2.2.33", "2.3.7", "2.3.13", "2.3.16", "2.3.19", "2.3.21"}}
	dovecotPOP = &product{category: "Email", name: "Dovecot", scanProtocol: "pop3", banner: dovecotPOPBanner, forms: 1,
		versions: []string{"2.2.33", "2.3.7", "2.3.13", "2.3.16", "2.3.19", "2.3.21"}}
	mysql = &product{category: "Database", name: "MySQL", scanProtocol: "mysql", banner: mysqlBanner, forms: 1,
		versions: []string{"5.7.33", "5.7.42", "8.0.28", "8.0.32", "8.0.36", "8.4.0"}}
	redis = &product{category: "Database", name: "Redis", scanProtocol: "redis", banner: redisBanner, forms: 2,
		versions: []string{"5.0.7", "6.0.16", "6.2.6", "7.0.5", "7.2.4"}}
	postgres = &product{category: "Database", name: "PostgreSQL", versions: []string{"10.23", "11.18", "12.14", "13.10", "14.7", "15.3"}}
	bind     = &product{category: "DNS", name: "ISC BIND", versions: []string{"9.11.3", "9.16.1", "9.16.23", "9.18.12", "9.18.24"}}
	snmp     = &product{category: "Network Management", name: "Net-SNMP", versions: []string{"5.7.3", "5.8", "5.9", "5.9.1", "5.9.3"}}
	rdp      = &product{category: "Remote Access", name: "Remote Desktop Protocol"}
)

// addons come and go beside a web server without showing in its banner.
var addons = []component{
	{category: "Framework", name: "PHP", version: "8.1.2"},
	{category: "JavaScript Library", name: "jQuery", version: "3.6.0"},
	{category: "CMS", name: "WordPress", version: "6.4.3"},
	{category: "Framework", name: "Laravel", version: "10.48.4"},
}

type tlsUse int

const (
	noTLS    tlsUse = iota
	mayTLS          // some have a certificate, and it may come and go
	needsTLS        // has one from the start
)

// A slot is a port number and what is usually found there. weight is how often
// a host has it, in parts of all slots.
type slot struct {
	key      hostport.PortKey
	products []*product
	tls      tlsUse
	weight   int
}

func tcp(n uint16) hostport.PortKey { return hostport.PortKey{Protocol: "tcp", Number: n} }
func udp(n uint16) hostport.PortKey { return hostport.PortKey{Protocol: "udp", Number: n} }

var slots = []slot{
	{tcp(80), []*product{nginx, apache, lighttpd, resty}, noTLS, 14},
	{tcp(443), []*product{nginx, apache, resty}, needsTLS, 14},
	{tcp(22), []*product{openSSH, openSSH, dropbear}, noTLS, 12},
	{tcp(8080), []*product{jetty, nginx, apache}, mayTLS, 6},
	{tcp(8443), []*product{jetty, nginx}, needsTLS, 5},
	{tcp(25), []*product{exim, sendmail}, mayTLS, 5},
	{tcp(21), []*product{vsftpd, proftpd}, noTLS, 5},
	{tcp(143), []*product{dovecotIMAP, cyrus}, mayTLS, 3},
	{tcp(993), []*product{dovecotIMAP, cyrus}, needsTLS, 3},
	{tcp(110), []*product{dovecotPOP}, noTLS, 2},
	{tcp(995), []*product{dovecotPOP}, needsTLS, 2},
	{tcp(587), []*product{exim}, mayTLS, 3},
	{tcp(465), []*product{exim, sendmail}, needsTLS, 2},
	{tcp(53), []*product{bind}, noTLS, 4},
	{udp(53), []*product{bind}, noTLS, 5},
	{udp(161), []*product{snmp}, noTLS, 2},
	{tcp(3306), []*product{mysql}, noTLS, 3},
	{tcp(5432), []*product{postgres}, noTLS, 2},
	{tcp(6379), []*product{redis}, noTLS, 2},
	{tcp(3389), []*product{rdp}, needsTLS, 3},
	{tcp(2222), []*product{openSSH, dropbear}, noTLS, 2},
	{tcp(8000), []*product{nginx, lighttpd}, noTLS, 2},
	{tcp(8888), []*product{jetty, apache}, mayTLS, 2},
	{tcp(9443), []*product{jetty, resty}, needsTLS, 2},
}

// extraSlot serves a host that has more ports than there are usual ones.
func extraSlot(i int) slot {
	return slot{key: tcp(uint16(10_000 + i)), products: []*product{nginx, jetty, apache, lighttpd}, tls: mayTLS}
}
