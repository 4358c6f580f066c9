package diff

import (
	"fmt"
	"testing"

	"github.com/portdelta/portdelta/internal/hostport"
)

// fleetPort is a usual port: two banners of its history, a service, a certificate.
func fleetPort(number uint16, scan float64) hostport.Port {
	return port(number, scan, service("nginx", "1.18.0", -99, scan, true), cert("aa", "CN=www.example.com"),
		answer(page("nginx/1.18.0", monday, "Set-Cookie: sid=1; Secure; HttpOnly\r\nX-Frame-Options: DENY\r\n"), -9, scan-6),
		answer(page("nginx/1.18.0", tuesday, "Set-Cookie: sid=2; Secure; HttpOnly\r\nX-Frame-Options: DENY\r\n"), -3, scan))
}

// BenchmarkStep compares a host of 10 ports with what is held of it; the figures
// are for one port.
func BenchmarkStep(b *testing.B) {
	for _, share := range []int{0, 5} {
		b.Run(fmt.Sprintf("changed=%d%%", share), func(b *testing.B) {
			const ports = 10
			look := func(scan float64, upgraded int) *hostport.Snapshot {
				s := snapshot(scan + 1)
				for i := range ports {
					p := fleetPort(uint16(8000+i), scan)
					if i < upgraded {
						p.Services[0].Version, p.Services[0].FirstSeen = "1.20.1", at(scan)
					}
					s.Ports = append(s.Ports, p)
				}
				return s
			}
			base := Step(State{}, look(-1, 0), DefaultPolicy(), at(0)).State
			same, changed := look(24, 0), look(24, 1)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				next := same
				// Every second host of 10 ports has one that changed: 5 %.
				if n++; share > 0 && n%2 == 0 {
					next = changed
				}
				if res := Step(base, next, DefaultPolicy(), next.At); len(res.Asks) > 0 || share == 0 && len(res.Changes) > 0 {
					b.Fatal("unexpected result")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*ports), "ns/port")
		})
	}
}
