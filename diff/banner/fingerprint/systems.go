package fingerprint

import (
	"regexp"
	"strings"
)

// osRule recognises an operating system by the marks that packages and products
// of it carry.
type osRule struct {
	pattern string // on the text in lower case; may have the group version
	name    string
	cpe     string
}

// systems in the order they are tried: what is built on another system first.
var systems = []osRule{
	{`raspbian(?:-\d+\+deb(?P<version>\d+))?`, "Raspbian", "o:raspbian:raspbian"},
	{`ubuntu(?:[\d.]*\d\.(?P<version>[12]\d\.(?:04|10)))?`, "Ubuntu", "o:canonical:ubuntu_linux"},
	{`(?:debian\S*\+|\b)deb(?P<version>\d{1,2})(?:u\d+)?\b|debian`, "Debian", "o:debian:debian_linux"},
	{`\bcentos\b`, "CentOS", "o:centos:centos"},
	{`\brocky(?: linux)?\b`, "Rocky Linux", "o:rocky:linux"},
	{`\balmalinux\b`, "AlmaLinux", "o:almalinux:almalinux"},
	{`oracle linux`, "Oracle Linux", "o:oracle:linux"},
	{`(?:\bred ?hat\S*)?[.-]el(?P<version>\d{1,2}(?:_\d{1,2})?)\b|\bred[ -]?hat\b|\brhel\b`, "Red Hat Enterprise Linux", "o:redhat:enterprise_linux"},
	{`\bfedora\b|\.fc(?P<version>\d{1,2})\b`, "Fedora", "o:fedoraproject:fedora"},
	{`\bamzn(?P<version>\d+)?|amazon linux`, "Amazon Linux", "o:amazon:linux_2"},
	{`\bsles\b|suse linux enterprise`, "SUSE Linux Enterprise Server", "o:suse:linux_enterprise_server"},
	{`\b(?:open)?suse\b`, "SUSE Linux", "o:suse:suse_linux"},
	{`\bmandriva\b|mandrake`, "Mandriva Linux", "o:mandriva:linux"},
	{`\bgentoo\b`, "Gentoo", "o:gentoo:linux"},
	{`\balpine\b`, "Alpine Linux", "o:alpinelinux:alpine_linux"},
	{`\bfreebsd\b`, "FreeBSD", "o:freebsd:freebsd"},
	{`\bopenbsd\b`, "OpenBSD", "o:openbsd:openbsd"},
	{`\bnetbsd\b|netbsd_secure_shell`, "NetBSD", "o:netbsd:netbsd"},
	{`\bwin(?:32|64|nt|dows)(?:_x64)?\b|for_windows`, "Windows", "o:microsoft:windows"},
	{`\bmac ?os ?x?\b|\bdarwin\b`, "macOS", "o:apple:macos"},
	{`\bsunos\b|\bsolaris\b`, "Solaris", "o:oracle:solaris"},
	{`\bhp-?ux\b`, "HP-UX", "o:hp:hp-ux"},
	{`\baix\b`, "AIX", "o:ibm:aix"},
	{`\bopenvms\b|\bvms\b`, "OpenVMS", "o:hp:openvms"},
	{`\bnetware\b`, "NetWare", "o:novell:netware"},
	{`\bcisco ios\b`, "Cisco IOS", "o:cisco:ios"},
	{`\blinux\b`, "Linux", "o:linux:linux_kernel"},
}

type compiledOS struct {
	*osRule
	prefilter Prefilter
	re        *regexp.Regexp
	version   int
}

var compiledSystems = func() []compiledOS {
	out := make([]compiledOS, 0, len(systems))
	for i := range systems {
		s := &systems[i]
		re := regexp.MustCompile(s.pattern)
		prefilter, _ := NewPrefilter(s.pattern) // MustCompile took it
		out = append(out, compiledOS{s, prefilter, re, re.SubexpIndex("version")})
	}
	return out
}()

// system is the operating system that a text names, else the one implied.
func system(text, implied string) (name, cpe string) {
	lower := Lower(text)
	for i := range compiledSystems {
		s := &compiledSystems[i]
		if !s.prefilter.Passes(lower) {
			continue
		}
		at := s.re.FindStringSubmatchIndex(lower)
		if at == nil {
			continue
		}
		version := ""
		if n := s.version; n >= 0 && at[2*n] >= 0 {
			version = strings.ReplaceAll(lower[at[2*n]:at[2*n+1]], "_", ".")
		}
		return named(s.osRule, version)
	}
	for i := range systems {
		if systems[i].name == implied {
			return named(&systems[i], "")
		}
	}
	return "", ""
}

func named(s *osRule, version string) (name, cpe string) {
	return strings.TrimRight(s.name+" "+version, " "), cpeOf(s.cpe, version, "")
}
