package diff

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portdelta/portdelta/internal/hostport"
)

// pendings are what is pending, without its sentences: rule, where, how far, until.
func (tl *timeline) pendings() []string {
	out := []string{}
	for _, p := range PendingOf(&tl.state, tl.policy) {
		where := "host"
		if p.Key != nil {
			where = p.Key.String()
		}
		line := fmt.Sprintf("%s %s %q %d/%d", where, p.Rule, p.What, p.Count, p.Of)
		if !p.Since.IsZero() {
			line += fmt.Sprintf(" since %v", p.Since.Sub(t0).Hours())
		}
		if !p.Until.IsZero() {
			line += fmt.Sprintf(" until %v", p.Until.Sub(t0).Hours())
		}
		if p.Ends == "" {
			tl.t.Errorf("%s: nothing is said to end it", line)
		}
		out = append(out, line)
	}
	return out
}

// Every reason for which told lags is named while it holds, and gone when it ends.
func TestPending(t *testing.T) {
	const a, b = "SSH-2.0-OpenSSH_8.4p1\r\n", "SSH-2.0-OpenSSH_9.6p1\r\n"
	other := func(scan float64) hostport.Port { return port(9999, scan) }
	unknown := func(hour float64) *hostport.Snapshot {
		return &hostport.Snapshot{Host: "203.0.113.7", At: at(hour), Result: hostport.Unknown, Proof: hostport.Single}
	}
	for _, tc := range []struct {
		name string
		play func(*timeline)
		want []string
		end  func(*timeline)
	}{
		{"absence",
			func(tl *timeline) { tl.look(0, port(22, -1), other(-1)); tl.look(24, other(-1)) },
			[]string{`tcp/22 absent_once "vanished" 1/2 since 24 until 96`},
			func(tl *timeline) { tl.look(48, other(40)) }},
		{"absence whose read tells nothing",
			func(tl *timeline) {
				tl.answers = func(a hostport.Ask) hostport.Answer { return hostport.Answer{Ask: a, Verdict: hostport.Unsupported} }
				tl.look(0, port(22, -1), other(-1))
				tl.look(24, other(-1))
				tl.look(48, other(40))
			},
			[]string{`tcp/22 absent_once "vanished" 2/3 since 48 until 120`},
			func(tl *timeline) { tl.look(60, port(22, 50), other(40)) }},
		{"a loss without a readable time",
			func(tl *timeline) { tl.look(0, port(22, -1)); tl.look(24, port(22, 0, undated, status("closed"))) },
			[]string{`tcp/22 no_evidence "closed" 1/2 since 24 until 96`},
			func(tl *timeline) { tl.look(96, port(22, 0, undated, status("closed"))) }},
		{"a status that cannot be read",
			func(tl *timeline) { tl.look(0, other(-1)); tl.look(24, port(22, 20, status("")), other(-1)) },
			[]string{`tcp/22 status_unread "" 0/0 since 20`},
			func(tl *timeline) { tl.look(48, port(22, 40), other(-1)) }},
		{"a service lost",
			func(tl *timeline) {
				tl.look(0, port(80, -1, service("nginx", "1.18.0", -99, -1, true)))
				tl.look(24, port(80, 20))
			},
			[]string{`tcp/80 loss_pending "nginx" 1/2 since 24`},
			func(tl *timeline) { tl.look(48, port(80, 40)) }},
		{"a version that is not seen of late",
			func(tl *timeline) {
				tl.look(0, port(80, -1, service("nginx", "1.18.0", -99, -1, true), service("nginx", "1.20.0", -99, -1, true)))
				tl.look(24, port(80, 20, service("nginx", "1.18.0", -99, -1, false), service("nginx", "1.20.0", -99, 20, true)))
			},
			[]string{`tcp/80 settling "nginx 1.18.0" 1/10 since -1`},
			func(tl *timeline) {
				tl.look(48, port(80, 40, service("nginx", "1.18.0", -99, 40, true), service("nginx", "1.20.0", -99, 40, true)))
			}},
		{"a banner that is back",
			func(tl *timeline) {
				tl.look(0, port(22, -1, answer(a, -99, -1)))
				tl.look(24, port(22, 20, answer(a, -99, -1), answer(b, 10, 20)))
				tl.look(100, port(22, 99, answer(a, -99, 99), answer(b, 10, 20)))
			},
			[]string{`tcp/22 returning "ssh" 1/10`},
			func(tl *timeline) { tl.look(200, port(22, 199, answer(a, -99, 99), answer(b, 10, 199))) }},
		{"a certificate that could not be read",
			func(tl *timeline) {
				tl.answers = func(a hostport.Ask) hostport.Answer { return hostport.Answer{Ask: a, Verdict: hostport.Failed} }
				tl.look(0, port(443, -1, cert("aa", "CN=a")))
				tl.look(24, port(443, 20, stub("c-bb")))
			},
			[]string{`tcp/443 certificate_unread "c-bb" 0/0 since -1`},
			func(tl *timeline) { tl.look(48, port(443, 40, cert("bb", "CN=a"))) }},
		{"a certificate lost",
			func(tl *timeline) { tl.look(0, port(443, -1, cert("aa", "CN=a"))); tl.look(24, port(443, 20)) },
			[]string{`tcp/443 loss_pending "" 1/2 since 24`},
			func(tl *timeline) { tl.look(48, port(443, 40)) }},
		{"a host the source no longer knows",
			func(tl *timeline) { tl.look(0, other(-1)); tl.take(unknown(24)) },
			[]string{`host unknown_once "" 1/2 since 24 until 96`},
			func(tl *timeline) { tl.take(unknown(96)) }},
		{"no baseline",
			func(tl *timeline) { s := snapshot(0, other(-1)); s.Proof = hostport.Unproven; tl.take(s) },
			[]string{`host no_baseline "" 0/0 since 0`},
			func(tl *timeline) { tl.look(24, other(-1)) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tl := newTimeline(t)
			tc.play(tl)
			expect(t, "pending", tl.pendings(), tc.want...)
			tc.end(tl)
			expect(t, "at its end", tl.pendings())
		})
	}
}

// What was suppressed is counted with the host, by rule, whatever was noted of it.
func TestSuppressedIsRemembered(t *testing.T) {
	tl := newTimeline(t)
	tl.look(0, port(22, -1), port(80, -1))
	tl.look(1, port(22, -1))
	tl.look(2, port(22, -1, status("closed")))
	tl.look(3, port(22, -1))
	want := map[Rule]Suppression{
		RuleAbsent:        {Count: 3, Last: at(3), Facet: FacetStatus},
		RuleEqualEvidence: {Count: 1, Last: at(2), Facet: FacetStatus},
	}
	if d := cmp.Diff(want, tl.state.Suppressed, cmp.Comparer(time.Time.Equal)); d != "" {
		t.Error(d)
	}
}

func TestEveryRuleHasASentence(t *testing.T) {
	for _, r := range Rules() {
		if r.Sentence() == "" {
			t.Errorf("rule %s: say what it does in sentence.go", r)
		}
	}
}
