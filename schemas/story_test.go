package schemas

import (
	"fmt"
	"testing"
	"time"
)

var firstOctober = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)

func nginx(version string) Service {
	return Service{Category: "Server", Name: "nginx", Versions: []string{version}}
}

func httpForm(digest, version, status, text string) BannerSet {
	return BannerSet{"http", []Form{{
		Digest: digest, Product: new("nginx"), Version: new(version),
		Facts: map[string]string{"http.status": status}, Text: &text,
	}}}
}

func exampleCertificate(sha1, issuer, serial string, notBefore time.Time) *Certificate {
	notAfter := notBefore.AddDate(0, 0, 90)
	return &Certificate{
		SHA1: sha1, Subject: "CN=www.example.com", Issuer: issuer, SerialNumber: serial,
		NotBefore: &notBefore, NotAfter: &notAfter, Names: []string{"www.example.com"}, NamesCount: 1,
		NamesDigest: "70d5bb2b50d1b8a1a6a3bb19c0a1d90e", Validity: ValidityValid,
	}
}

// tellStory tells one event of every type about one host. The examples are made
// of it.
func tellStory(w *teller) {
	web, ssh := PortKey{"tcp", 8443}, PortKey{"tcp", 22}
	name := w.host + " tcp/8443 "

	// An opening, and all that can change while a port is open.
	p := Port{
		Status: StatusOpen, Services: []Service{nginx("1.20.1")},
		Banners:     []BannerSet{httpForm("5b1f0c9d3e7a4b62a1908f7e6d5c4b3a", "1.20.1", "401", "HTTP/1.1 401\nserver: nginx/1.20.1\nwww-authenticate: Basic")},
		Certificate: exampleCertificate("fb96551505f1edb24dd3b36fcffdb765833b8118", "CN=Example CA", "1137389559885717770175191329273386705719099773", firstOctober),
	}
	w.tell(PortOpened, web, &p, nil, p, struct{}{}, name+"opened: nginx 1.20.1, certificate www.example.com", ReasonNewPort)
	w.expose()

	service := func(typ Type, list []Service, before, after, details any, message string, reason Reason) {
		p.Services = list
		w.tell(typ, web, &p, before, after, details, name+message, reason)
	}
	grafana := Service{Category: "Application", Name: "Grafana", Versions: []string{"9.1.0"}}
	service(ServiceVersionChanged, []Service{nginx("1.22.0")}, nginx("1.20.1"), nginx("1.22.0"),
		VersionDetails{new("1.20.1"), new("1.22.0"), Up}, "nginx 1.20.1 became 1.22.0", ReasonVersionUp)
	service(ServiceAdded, []Service{grafana, nginx("1.22.0")}, nil, grafana, struct{}{}, "runs Grafana 9.1.0", ReasonServiceSeen)
	service(ServiceRemoved, []Service{nginx("1.22.0")}, grafana, nil, struct{}{}, "no longer runs Grafana", ReasonServiceGone)

	was := p.Banners[0]
	is := httpForm("9e107d9d372bb6826bd81d3542a419d6", "1.22.0", "200", "HTTP/1.1 200\nserver: nginx/1.22.0")
	p.Banners = []BannerSet{is}
	w.tell(BannerChanged, web, &p, was, is, BannerDetails{Facts: []FactChange{
		{"http.header.www-authenticate", "security", new("Basic"), nil},
		{"http.server.version", "identity", new("1.20.1"), new("1.22.0")},
		{"http.status", "security", new("401"), new("200")},
	}}, name+"http answers 200 instead of 401", ReasonNewForm, ReasonSecurityFact)
	sshSet := BannerSet{"ssh", []Form{{
		Digest: "e4d909c290d0fb1ca068ffaddf22cbd0", Product: new("OpenSSH"), Version: new("9.6p1"),
		Facts: map[string]string{"ssh.software": "OpenSSH_9.6p1"}, Text: new("SSH-2.0-OpenSSH_9.6p1"),
	}}}
	p.Banners = []BannerSet{is, sshSet}
	w.tell(BannerAdded, web, &p, nil, sshSet, BannerDetails{}, name+"answers ssh: OpenSSH 9.6p1", ReasonNewProtocol)

	certificate := func(typ Type, to *Certificate, details any, message string, reason Reason) *Event {
		from := p.Certificate
		p.Certificate = to
		return w.tell(typ, web, &p, from, to, details, name+message, reason)
	}
	certificate(CertificateRenewed, exampleCertificate("2fd4e1c67a2d28fced849ee1bb76e7391b93eb12", "CN=Example CA", "4711", firstOctober.AddDate(0, 2, 0)),
		CertificateDetails{nil, new(33), nil}, "certificate www.example.com renewed", ReasonSameIdentity)
	certificate(CertificateReplaced, exampleCertificate("de9f2c7fd25e1b3afad3e85a0bd17d9b100db4b3", "CN=Another CA", "1", firstOctober.AddDate(0, 2, 0)),
		CertificateDetails{[]string{"issuer"}, new(93), []string{"self_signed"}}, "certificate www.example.com replaced: another issuer", ReasonIdentityChanged)
	certificate(CertificateRemoved, nil, struct{}{}, "presents no certificate any more", ReasonTLSRemoved)
	certificate(CertificateAdded, exampleCertificate("da39a3ee5e6b4b0d3255bfef95601890afd80709", "CN=Example CA", "4712", firstOctober.AddDate(0, 2, 0)),
		struct{}{}, "presents certificate www.example.com", ReasonTLSAdded)

	// Its timers, and certificates that take turns.
	timed := *p.Certificate
	timer := func(typ Type, to Validity, days int, message string, reason Reason) {
		c := timed
		c.Validity = to
		e := certificate(typ, &c, TimerDetails{days}, message, reason)
		e.Evidence = &Evidence{Basis: Elapsed, Agreeing: 1}
	}
	timer(CertificateNotYetValid, ValidityNotYetValid, 3, "certificate www.example.com is not valid yet, but in 3 days", ReasonNotYetValid)
	timer(CertificateExpiring, ValidityExpiring14, 14, "certificate www.example.com expires in 14 days", ReasonExpiresIn14Days)
	timer(CertificateExpired, ValidityExpired, 0, "certificate www.example.com has expired", ReasonExpired)
	older := exampleCertificate("4b84b15bff6ee5796152495a230e45e3d7e947d9", "CN=Example CA", "4700", firstOctober.AddDate(0, -2, 0))
	certificate(CertificateRolledBack, older, CertificateDetails{nil, new(-12), nil}, "certificate www.example.com rolled back", ReasonOlderCertificate)
	set := SetDetails{[]string{older.SHA1, timed.SHA1}, 2, nil}
	certificate(CertificateAlternating, &timed, set, "certificates take turns: 2 of them", ReasonMemberReturned)
	certificate(CertificateSettled, older, set, "certificate www.example.com alone remains", ReasonSettled).Evidence.Basis = Rescan
	many := SetDetails{Count: 9}
	for i := range 9 {
		many.Members = append(many.Members, fmt.Sprintf("%040x", i))
	}
	certificate(CertificateUnstable, exampleCertificate(many.Members[8], "CN=Example CA", "9", firstOctober), many, "9 certificates in 30 days", ReasonManyCertificates)

	// A port by its status words.
	name = w.host + " tcp/22 "
	s := Port{Status: StatusClosed}
	w.tell(PortDiscovered, ssh, &s, nil, StatusValue{StatusClosed}, struct{}{}, name+"listed, closed", ReasonNewPort)
	closed := s
	s = Port{Status: StatusOpen, Services: []Service{{Name: "OpenSSH"}}, Banners: []BannerSet{sshSet}}
	w.tell(PortReopened, ssh, &s, closed, s, ReopenedDetails{nil, nil}, name+"open: OpenSSH 9.6p1", ReasonNeverToldOpen)
	status := func(typ Type, word, message string) {
		before := s
		s.Status = word
		w.tell(typ, ssh, &s, before, StatusValue{word}, StatusDetails{From: before.Status, To: word}, name+message, ReasonSourceStatement)
	}
	status(PortFiltered, StatusFiltered, "filtered, was open")
	status(PortClosed, StatusClosed, "closed, was filtered")
	status(PortStatusChanged, "unknownFutureValue", "unknownFutureValue, was closed")

	flap := func(typ Type, was, is []string, details FlapDetails, message string, reason Reason) {
		p.Flapping = is
		w.tell(typ, web, &p, FlappingValue{was}, FlappingValue{is}, details, w.host+" tcp/8443 "+message, reason)
	}
	flap(FlapStarted, nil, []string{FacetServices}, FlapDetails{4, 10}, "services flap: 4 changes in 10 scans", ReasonAlternating)
	flap(FlapEnded, []string{FacetServices}, nil, FlapDetails{0, 5}, "services flap no more", ReasonSteady)
	groups := []Group{{Protocol: "tcp", Fingerprint: "0cc175b9c0f1b6a831c399e269772661", Ranges: [][2]int{{1, 21}, {23, 1023}}, Count: 1022}}
	w.group(groups, w.host+" 1022 ports answer alike: tcp 1-21, 23-1023")
	groups = []Group{{Protocol: "tcp", Fingerprint: "0cc175b9c0f1b6a831c399e269772661", Ranges: [][2]int{{1, 21}, {23, 2047}}, Count: 2046}}
	w.group(groups, w.host+" 2046 ports answer alike: tcp 1-21, 23-2047")
	w.group(nil, w.host+" no longer has many ports that answer alike")

	// The end of the first one, and with it of the host's exposure.
	before := p
	p.Status = StatusVanished
	e := w.tell(PortVanished, web, &p, before, StatusValue{StatusVanished}, StatusDetails{From: StatusOpen, To: StatusVanished},
		w.host+" tcp/8443 vanished: no longer listed", ReasonAbsentTwice)
	e.Evidence.Basis, e.Evidence.Agreeing = Rescan, 2
	w.expose()
}

// lifecycleStory is one event of every lifecycle type.
func lifecycleStory(t testing.TB) []*Lifecycle {
	host := "203.0.113.7"
	at := time.Date(2026, 11, 23, 15, 2, 11, 120_000_000, time.UTC)
	since := Millis(at.Add(-5 * time.Minute))
	evidence := &LifecycleEvidence{Snapshot: "7b0c8d1be3c64a0c8f3f8b0e8a1d2c3b", Requests: []string{"8f1c4a6e-3b60-4c55-9a0e-0d6a6b1f2c3d"}, Proof: "single"}
	var out []*Lifecycle
	add := func(typ Type, details any, reasons ...Reason) *Lifecycle {
		raw, err := Raw(details)
		if err != nil {
			t.Fatal(err)
		}
		l := &Lifecycle{Type: typ, Reasons: reasons, Time: LifecycleTime{at}, Details: raw, Severity: SeverityOf(typ, nil, reasons)}
		if !typ.ofProcess() && !typ.ofShard() {
			l.Host, l.Epoch, l.Revision, l.AfterSeq, l.Evidence = &host, 1795451662, 1, 42, evidence
		}
		out = append(out, l)
		return l
	}
	add(BaselineCompleted, BaselineDetails{Answer: BaselineComplete, Ports: BaselinePorts{Open: 3, Closed: 2, Filtered: 1}, Services: 4, Banners: 3, Certificates: 1,
		Validity: BaselineValidity{Expiring: 1}}, ReasonFirst).AfterSeq = 0
	add(SnapshotIncomplete, IncompleteDetails{Proof: "unproven", Pages: 3, Count: new(251), Distinct: 250, Repeated: 1}).Evidence =
		&LifecycleEvidence{Snapshot: evidence.Snapshot, Requests: evidence.Requests, Proof: "unproven"}
	add(RecordMalformed, MalformedDetails{new("lastScanDateTime"), new("tcp/443"), "b6d81b360a5672d80c27430f39153e2c", 22}).Port = &PortRef{Protocol: "tcp", Number: 443}
	port := &PortRef{Protocol: "tcp", Number: 443}
	add(PortStale, StaleDetails{Millis(at.AddDate(0, 0, -30))}).Port = port
	add(PortRefreshed, StaleDetails{Millis(at.AddDate(0, 0, -34))}).Port = port
	add(HostUnknown, UnknownDetails{2, Millis(at.Add(-72 * time.Hour))})
	add(HostKnown, UnknownDetails{3, Millis(at.Add(-80 * time.Hour))})
	add(HostUnreachable, UnreachableDetails{5, since, "unavailable"}).Evidence = nil
	add(HostRecovered, UnreachableDetails{7, since, "unavailable"})
	add(HostBlind, BlindDetails{Millis(at.AddDate(0, 0, -30))}, ReasonNotRescanned).Evidence = nil
	add(HostSighted, BlindDetails{Millis(at.AddDate(0, 0, -30))}, ReasonNotRescanned)
	add(ChangeSuppressed, SuppressedDetails{Rule: "returning", Count: 3, Facet: FacetBanners})
	add(PolicyChanged, PolicyDetails{"1", "2", 3, 4}).Evidence = nil
	loss := MassLossDetails{Shard: 3, Since: since, Held: 60, Told: 12, Open: 230, Limits: MassLossLimits{50, 20}}
	add(MassLossHeld, loss).Shard = 3
	loss.Confirmed, loss.Lapsed = 58, 2
	add(MassLossConfirmed, loss).Shard = 3
	loss.Confirmed, loss.Lapsed = 0, 60
	add(MassLossLapsed, loss).Shard = 3
	add(ScopeChanged, ScopeDetails{2, 1, 51})
	add(SourceDegraded, DegradedDetails{"throttled", since, new(429), new(int64(120)), 37}, ReasonThrottled)
	add(SourceRecovered, RecoveredDetails{"throttled", 311})
	add(WatchSuspended, SuspendedDetails{since}, ReasonOutboxFull)
	add(WatchResumed, ResumedDetails{95})
	add(StateRestored, RestoredDetails{3, 812, "another_owner", since}).Shard = 3
	add(StateReset, ResetDetails{3, since, Millis(at), "engine_topic_empty"}).Shard = 3
	add(ShardCheckpoint, CheckpointDetails{3, 18211, "0f3c9a5e0c4b4f0e9d1b2a3c4d5e6f70", "5b1f0c9d3e7a4b62a1908f7e6d5c4b3a"}).Shard = 3
	add(Heartbeat, struct{}{})
	for _, l := range out {
		if err := l.Seal(testSource); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
