package recog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portdelta/portdelta/diff/banner/fingerprint"
)

// sameName holds pairs of names for one product: ours (NVD's, where it has one)
// and Recog's, where the two differ by convention alone.
var sameName = map[string]string{
	"Apache HTTP Server": "HTTPD", "IBM HTTP Server": "HTTPD", "Oracle Application Server": "Application Server", "Oracle HTTP Server": "HTTP Server",
	"Sun Java System Web Server": "Java System Web Server", "WebSphere Application Server": "WebSphere", "WebLogic Server": "WebLogic",
	"Kong Gateway": "Gateway", "GoAhead": "GoAhead Webserver", "Varnish": "Varnish Cache", "Cloudflare": "CloudFlare Load Balancer",
	"SimpleHTTPServer": "SimpleHTTP", "BaseHTTPServer": "BaseHTTP", "cPanel": "cPanel Service Daemon", "Kestrel": "Kestrel web server",
	"Integrated Lights-Out": "iLO", "Proxmox VE": "Virtual Environment", "DiskStation Manager": "DSM", "Google Web Server": "Google Web Services",
	"Akamai": "GHost", "CloudFront": "CloudFront Load Balancer", "Wowza Streaming Engine": "Streaming Engine", "Windows Media Services": "Windows Media Server",
	"Zimbra Collaboration Suite": "Collaboration", "Roundcube Webmail": "Webmail", "wodSSHServer": "WeOnlyDo SSH Server",
	"Sun SSH": "SSH", "Xlight FTP Server": "FTP Server", "Gene6 FTP Server": "FTP Server", "WS_FTP Server": "WS_FTP", "Serv-U": "Serv-U FTP Server",
	"IIS FTP": "IIS", "IIS SMTP": "IIS", "IIS NNTP": "IIS", "MailEnable": "Mail Server", "FreePBX": "PBX", "NcFTPd": "NcFTPd Server",
	"Netscape Enterprise Server": "Java System Web Server", "Webmin": "HTTP", "Istio": "Envoy", "Cisco SSH": "SSH", "LCOS": "SSH", "Xitami": "HTTP",
	"Kerio Connect": "ESMTP", "WinWebMail": "ESMTP", "RabbitMQ": "Management Server", "Kubernetes Dashboard": "Dashboard", "Oracle XML DB": "XML DB",
	"Exchange Server": "Exchange Server 5.5|Exchange 2000 Server|Exchange 2003 Server|Exchange 2007 Server", "Cyrus IMAP": "Cyrus POP",
	"Asterisk": "PBX", "ESXi": "VMware ESXi Server|VMware ESX Server", "NSD": "dnsd", "ZyNOS": "ZyNOS firmware", "ProxySG": "Appliance",
}

// plain takes from a name what conventions differ in: case, spaces and hyphens.
func plain(name string) string {
	name = strings.ToLower(name)
	return strings.NewReplacer(" ", "", "-", "", "_", "", ".", "", "/", "").Replace(name)
}

func sameProduct(ours, theirs string) bool {
	return plain(ours) == plain(theirs) || slices.Contains(strings.Split(sameName[ours], "|"), theirs)
}

// Our own table agrees with the examples of the products it claims: those of
// which it recognises the field.
func TestOwnTableAgreesWithRecog(t *testing.T) {
	claimed, agreed, silent, vendors, sameVendor := 0, 0, 0, 0, 0
	forEachExample(t, oracle(t), func(f file, i int, e example, text string) {
		field, known := fieldOf[f.matches]
		if !known {
			return
		}
		ours, ok := fingerprint.Find(field, text)
		if !ok {
			return
		}
		_, says := first(f.prints[i:i+1], text)
		// Of a device Recog names software, system and hardware, and ours is one of them.
		named, agrees := "", false
		for _, of := range []string{"service", "os", "hw"} {
			product, version := says[of+".product"], says[of+".version"]
			if product == "" {
				continue
			}
			named += fmt.Sprintf(" %s %q", product, version)
			if sameProduct(ours.Product, product) && ours.Version == version {
				agrees = true
				if v := plain(says[of+".vendor"]); v != "" {
					vendors++
					if o := plain(ours.Vendor); strings.Contains(v, o) || strings.Contains(o, v) {
						sameVendor++
					}
				}
			}
		}
		switch {
		case named == "":
			silent++
			return
		case agrees:
			agreed++
		default:
			t.Logf("%s: %q: ours %s %q by %s, theirs%s", field, text, ours.Product, ours.Version, ours.Rule, named)
		}
		claimed++
	})
	t.Logf("%d of %d examples agree, in %d of %d the vendor too; of %d more Recog names no product", agreed, claimed, sameVendor, vendors, silent)
	if sameVendor*100 < vendors*90 {
		t.Errorf("%d of %d vendors agree, fewer than 90 in 100", sameVendor, vendors)
	}
	if claimed < 1000 || agreed*100 < claimed*95 {
		t.Errorf("%d of %d examples agree, fewer than 95 in 100", agreed, claimed)
	}
}
