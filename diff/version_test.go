package diff

import (
	"strings"
	"testing"

	goversion "github.com/hashicorp/go-version"
	"pgregory.net/rapid"
)

// versions are pairs as banners and packages have them, from and to.
var versions = []struct {
	from, to string
	want     Direction
}{
	// Numbers.
	{"1.9", "1.10", Up}, {"1.18.0", "1.20.1", Up}, {"2.4.52", "2.4.9", Down}, {"10.0.19041", "10.0.22000", Up},
	{"99999999999999999999", "100000000000000000000", Up}, {"01.2", "1.02", Sideways}, {"2020.81", "2022.83", Up},
	{"0.53.1", "2011.54", Up}, {"8.0.9", "8.0.36", Up}, {"3.10", "3.9", Down}, {"7.0.100", "7.0.99", Down},
	{"1.0", "1.0.0", Sideways}, {"1", "1.0.0", Sideways}, {"1.0", "1.0.1", Up}, {"1.2.3.4", "1.2.3", Down}, {"5.7", "5.7.0.1", Up},
	{"16.6.8", "16.12.1", Up}, {"v1.2.3", "1.2.4", Up}, {"V1.2.3", "v1.2.3", Sideways}, {"version 2.1", "2.2", Up}, {"1_2_3", "1.2.4", Up},
	{"R5_3_0", "R6_0_1", Up}, {"3_6_2_446", "3_6_3_1", Up}, {"0.0", "0.1", Up},
	// Nothing to compare.
	{"1.0", "1.0", Sideways}, {"", "1", Sideways}, {"1", "", Sideways}, {"unknown", "1.0", Sideways}, {"hidden", "secret", Sideways}, {"-", "1.2", Sideways},
	{"9.4.43", "20210629", Sideways}, {"20210629", "20220101", Up}, {"20210629", "9.4", Sideways},
	// Pre-releases.
	{"5.0-rc1", "5.0", Up}, {"5.0", "5.0-rc1", Down}, {"1.0.0-beta", "1.0.0", Up}, {"5.0-rc1", "5.0-rc2", Up}, {"5.0-rc2", "5.0-rc10", Up},
	{"1.0-alpha", "1.0-beta", Up}, {"1.0-beta2", "1.0-rc1", Up}, {"1.0-dev", "1.0-alpha", Up}, {"1.0.0-alpha.1", "1.0.0-alpha.2", Up},
	{"1.3.1rc2", "1.3.1", Up}, {"1.3.1rc2", "1.3.0", Down}, {"4.0.0b5", "4.0.0", Up}, {"3.0a1", "3.0b1", Up}, {"9.18.0a1", "9.18.0", Up},
	{"0.9.41 beta", "0.9.41", Up}, {"0.9.54 beta", "0.9.60 beta", Up}, {"10.0.0-M1", "10.0.0", Up}, {"10.0.0-M9", "10.0.0-M10", Up},
	{"11.0.0-M26", "11.0.0-RC1", Up}, {"26.1.0.CR1", "26.1.0.Final", Up}, {"26.1.0.Beta1", "26.1.0.CR1", Up}, {"26.0.1.Final", "26.1.0.Final", Up},
	{"2.0-SNAPSHOT", "2.0", Up}, {"2.0-rc1", "2.0-SNAPSHOT", Up}, {"5.3.0-dev", "5.3.0", Up}, {"1.0.RELEASE", "1.0", Sideways}, {"5.3.9.RELEASE", "5.3.10", Up},
	{"1.0rc1", "1.0.0", Up}, {"1.0-rc1", "1.0.0-rc.1", Sideways}, {"6.0-preview1", "6.0-rc1", Up}, {"4.2.6p2-RC4", "4.2.6p2", Up},
	// Letters and patches.
	{"1.0.2", "1.0.2a", Up}, {"1.1.1k", "1.1.1w", Up}, {"1.1.1w", "3.0.0", Up}, {"1.0.2u", "1.0.2za", Up}, {"1.0.2za", "1.0.2zh", Up}, {"1.0.2z", "1.0.2za", Up},
	{"8.2p1", "8.9p1", Up}, {"9.6p1", "9.6p2", Up}, {"9.6", "9.6p1", Up}, {"9.6p1", "9.7", Up}, {"9.9p2", "10.0p1", Up}, {"7.4p1", "7.4p1-hpn14v5", Up},
	{"1.3.5", "1.3.5a", Up}, {"1.3.5b", "1.3.5e", Up}, {"1.3.5e", "1.3.6", Up}, {"5.0.51a", "5.0.51b", Up}, {"9.11.4-P1", "9.11.4-P2", Up}, {"9.11.4", "9.11.4-P2", Up},
	{"9.6-ESV-R10", "9.6-ESV-R11-P2", Up}, {"4.2.8p9", "4.2.8p15", Up}, {"2.2.2", "2.2.2_p1", Up}, {"2.4.37p1", "2.4.37", Down}, {"1.8.0_252", "1.8.0_275", Up},
	{"8.5.3FP6", "8.5.3FP6 HF1944", Up}, {"9.0.1FP8", "9.0.1FP10", Up}, {"5.0.82", "5.0.82sp1", Up}, {"8.1 SP3", "8.1 SP4", Up}, {"9.2.5", "9.2.5 patch 3", Up},
	{"9.4.43.v20210629", "9.4.44.v20210927", Up}, {"9.4.43.v20210629", "9.4.43.v20210630", Up}, {"10.0.7", "10.0.7.v20220101", Up},
	// Revisions of packagers.
	{"2.4.6-90.el7", "2.4.6-93.el7", Up}, {"2.4.6-93.el7", "2.4.6-90.el7.centos", Down}, {"2.4.6-90.el7", "2.4.6-90.el7_9.1", Up}, {"2.4.6-90", "2.4.6.1-1", Up},
	{"2.4.6-90.el7", "2.4.37-43.el8", Up}, {"2.4.6", "2.4.6-90.el7", Up}, {"1.0-1", "1-2", Up}, {"1.0-2", "1.0.0-2", Sideways},
	{"8.2p1 Ubuntu-4ubuntu0.10", "8.2p1 Ubuntu-4ubuntu0.13", Up}, {"8.2p1-4ubuntu0.13", "8.2p1-4ubuntu0.9", Down}, {"8.0.36-0ubuntu0.20.04.1", "8.0.36-0ubuntu0.22.04.1", Up},
	{"8.4p1-5", "8.4p1-5+deb11u1", Up}, {"8.4p1-5+deb11u1", "8.4p1-5+deb11u3", Up}, {"9.2p1-2+deb12u3", "8.4p1-5+deb11u9", Down}, {"1.18.0-6ubuntu14", "1.18.0-6ubuntu14.4", Up},
	{"10.3.39-MariaDB", "10.3.40-MariaDB", Up}, {"10.11.6-MariaDB-0+deb12u1", "10.11.11-MariaDB-0+deb12u1", Up}, {"5.6.19-1", "5.6.20-1", Up}, {"3.18-r0", "3.18-r1", Up},
	{"1.0+dfsg-1", "1.0+dfsg-2", Up}, {"1.0", "1.0+dfsg", Up}, {"1.2.3+build5", "1.2.3+build6", Up}, {"14.2 (Ubuntu 14.2-1.pgdg20.04+1)", "14.5 (Ubuntu 14.5-1.pgdg20.04+1)", Up},
	{"1.0~rc1", "1.0", Up}, {"1.0~git2020", "1.0", Up}, {"1.0", "1.0~beta1-1", Down}, {"2.0~1", "2.0", Up}, {"2.0~~", "2.0~", Up}, {"1.0~rc1-1", "1.0~rc2-1", Up},
	{"1:2.0", "2:1.0", Up}, {"3.0", "1:2.0", Up}, {"1:9.18.1-1", "1:9.18.12-1", Up}, {"0:1.2", "1.2", Sideways},
	// Words without an order.
	{"1.0-ubuntu1", "1.0-debian1", Sideways}, {"15.0(2)SE11", "15.0(2)EX5", Sideways}, {"15.0(2)SE11", "15.0(2)SE12", Up}, {"15.0(2)SE11", "15.2(4)E10", Up},
	{"5.0(3)N2(2.1s)", "5.0(3)N2(2.1t)", Up}, {"12.3R6.6", "12.3R12", Up}, {"20.4R3-S1", "20.4R3-S10", Up}, {"12c", "11g", Down}, {"V85_M2", "R5_3_0", Sideways},
	{"1.2.3-5-g1a2b3c4", "1.2.3-7-gdeadb33", Up}, {"1.2.3-g1a2b3c4", "1.2.3-g9f86d08", Sideways}, {"1.2.3-9f86d08", "1.2.3-1a2b3c4", Sideways},
}

func TestVersions(t *testing.T) {
	opposite := map[Direction]Direction{Up: Down, Down: Up, Sideways: Sideways}
	for _, tc := range versions {
		if got := direction(tc.from, tc.to); got != tc.want {
			t.Errorf("%q to %q is %s, want %s", tc.from, tc.to, got, tc.want)
		}
		if got := direction(tc.to, tc.from); got != opposite[tc.want] {
			t.Errorf("%q to %q is %s, want %s", tc.to, tc.from, got, opposite[tc.want])
		}
	}
	if len(versions) < 100 {
		t.Errorf("%d pairs", len(versions))
	}
}

// What must be sorted has an order, also where two versions cannot be compared.
func TestVersionsAreOrdered(t *testing.T) {
	var all []string
	for _, tc := range versions {
		all = append(all, tc.from, tc.to)
	}
	parts := rapid.SampledFrom([]string{"0", "1", "2", "10", "01", ".", "-", "~", "+", "_", ":", " ", "a", "b", "p", "rc", "final", "v", "m", "ubuntu", "1a2b3c4", "é"})
	some := rapid.OneOf(rapid.SampledFrom(all), rapid.Map(rapid.SliceOfN(parts, 0, 8), func(s []string) string { return strings.Join(s, "") }))
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := some.Draw(t, "a"), some.Draw(t, "b"), some.Draw(t, "c")
		if compareVersions(a, a) != 0 || compareVersions(a, b) != -compareVersions(b, a) {
			t.Fatalf("%q and %q have no order", a, b)
		}
		if compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0 && compareVersions(a, c) > 0 {
			t.Fatalf("%q, %q, %q go in a circle", a, b, c)
		}
	})
}

// Plain numbers and Semantic Versions are ordered as hashicorp/go-version does.
func TestVersionsAsSemantic(t *testing.T) {
	numbers := rapid.Map(rapid.SliceOfN(rapid.IntRange(0, 30), 1, 4), func(n []int) string {
		var parts []string
		for _, i := range n {
			parts = append(parts, string(rune('0'+i/10))+string(rune('0'+i%10)))
		}
		return strings.Join(parts, ".")
	})
	tail := rapid.SampledFrom([]string{"", "", "-alpha", "-alpha.1", "-beta.2", "-beta.11", "-rc.1", "-rc.10"})
	rapid.Check(t, func(t *rapid.T) {
		a, b := numbers.Draw(t, "a")+tail.Draw(t, "a's"), numbers.Draw(t, "b")+tail.Draw(t, "b's")
		x, err := goversion.NewVersion(a)
		if err != nil {
			t.Fatal(err)
		}
		y, err := goversion.NewVersion(b)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := compareVersions(a, b), x.Compare(y); got != want {
			t.Fatalf("%q to %q is %d, hashicorp/go-version says %d", a, b, got, want)
		}
	})
}
