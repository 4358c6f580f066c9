package fingerprint

// sipServers recognise Server and User-Agent of SIP.
var sipServers = []rule{
	{`(?i)^Asterisk(?: PBX)?(?: (?:certified/)?` + ver + `)?`, "Digium", "Asterisk", "a:digium:asterisk", ""},
	{`(?i)^FPBX-(?P<version>(?P<release>\d[\d.]*)\([\w.]+\))`, "Sangoma", "FreePBX", "a:sangoma:freepbx", ""},
	{`(?i)^FreeSWITCH(?:-mod_sofia/| )?` + ver + `?`, "FreeSWITCH", "FreeSWITCH", "a:freeswitch:freeswitch", ""},
	{`(?i)^OpenSER \((?P<version>\d[\d.]*\w*)`, "OpenSER", "OpenSER", "a:openser:openser", ""},
	{`(?i)^OpenSIPS \((?P<version>\d[\d.]*\w*)`, "OpenSIPS", "OpenSIPS", "a:opensips:opensips", ""},
	{`(?i)kamailio \((?P<version>\d[\d.]*\w*)`, "Kamailio", "Kamailio", "a:kamailio:kamailio", ""},
	{`^3CXPhoneSystem ` + ver, "3CX", "3CX Phone System", "a:3cx:3cx", ""},
	{`^Cisco-SIPGateway/IOS-(?P<version>\d+(?:\.\d[\w.()]*)?)`, "Cisco", "IOS", "o:cisco:ios", ""},
	{`^Cisco-CUCM` + ver, "Cisco", "Unified Communications Manager", "a:cisco:unified_communications_manager", ""},
	{`^FRITZ!OS`, "AVM", "FRITZ!OS", "o:avm:fritz\\!_os", ""},
}

// rtspServers recognise Server of RTSP.
var rtspServers = []rule{
	{`^GStreamer RTSP [Ss]erver`, "GStreamer", "GStreamer RTSP Server", "a:gstreamer:gst-rtsp-server", ""},
	{`^Rtsp Server/` + ver, "Hikvision", "RTSP Server", "", ""},
	{`^Wowza Streaming Engine ` + ver, "Wowza", "Wowza Streaming Engine", "a:wowza:streaming_engine", ""},
	{`^Helix (?:Mobile |Universal )?Server`, "RealNetworks", "Helix Server", "a:realnetworks:helix_server", ""},
	{`^DSS/` + ver, "Apple", "Darwin Streaming Server", "a:apple:darwin_streaming_server", ""},
	{`^QTSS/` + ver, "Apple", "QuickTime Streaming Server", "a:apple:quicktime_streaming_server", ""},
	{`^WMServer/` + ver, "Microsoft", "Windows Media Services", "a:microsoft:windows_media_services", "Windows"},
}

// dnsServers recognise the answer to version.bind.
var dnsServers = []rule{
	{`^(?:BIND )?(?P<version>(?P<release>[489]\.\d+(?:\.\d+)*)\.?(?:-ESV(?:-R\d+)?)?(?:-(?:rpz|rl)[\w+.]*)?(?:-?(?P<update>(?:P|W|S|rc|b|a)\d[\d.]*|REL))?(?:-W\d+)?)`, "ISC", "BIND", "a:isc:bind", ""},
	{`(?i)^dnsmasq-(?P<version>\d[\d.]*(?:-\d+|rc\d+|test\d+)?)`, "Thekelleys", "Dnsmasq", "a:thekelleys:dnsmasq", ""},
	{`(?i)^unbound ` + ver, "NLnet Labs", "Unbound", "a:nlnetlabs:unbound", ""},
	{`(?i)^NSD ` + ver, "NLnet Labs", "NSD", "a:nlnetlabs:nsd", ""},
	{`PowerDNS Recursor ` + ver, "PowerDNS", "Recursor", "a:powerdns:recursor", ""},
	{`PowerDNS Authoritative Server ` + ver, "PowerDNS", "Authoritative Server", "a:powerdns:authoritative", ""},
	{`^Knot DNS ` + ver, "CZ.NIC", "Knot DNS", "a:nic:knot_dns", ""},
	{`^Microsoft DNS ` + ver, "Microsoft", "DNS", "a:microsoft:dns_server", "Windows"},
	{`^CoreDNS-` + ver, "CoreDNS", "CoreDNS", "a:coredns.io:coredns", ""},
}

// ntpServers recognise the answer to a readvar.
var ntpServers = []rule{
	{`version="ntpd (?:ntpd )?(?P<version>(?P<release>\d[\d.]*\d[a-z]?)(?P<update>p\d+(?:-RC\d+)?)?[^\s"]*)`, "NTP", "NTP", "a:ntp:ntp", ""},
}

// snmpDescriptions recognise a sysDescr.
var snmpDescriptions = []rule{
	{`^Cisco NX-OS\(tm\).*?Version (?P<version>\d[\w.()]*)`, "Cisco", "NX-OS", "o:cisco:nx-os", ""},
	{`^Cisco IOS Software.*?(?:IOS-?XE|XE Software).*?Version (?P<version>\d[\w.()]*)`, "Cisco", "IOS XE", "o:cisco:ios_xe", ""},
	{`^Cisco (?:IOS Software|Internetwork Operating System Software).*?Version (?P<version>\d[\w.()]*)`, "Cisco", "IOS", "o:cisco:ios", ""},
	{`^Juniper Networks.*?kernel JUNOS ` + ver, "Juniper", "Junos OS", "o:juniper:junos", ""},
	{`^RouterOS `, "MikroTik", "RouterOS", "o:mikrotik:routeros", ""},
	{`^FortiGate`, "Fortinet", "FortiOS", "o:fortinet:fortios", ""},
	{`^Palo Alto Networks PA-\d+`, "Palo Alto Networks", "PAN-OS", "o:paloaltonetworks:pan-os", ""},
	{`^VMware ESXi? ` + ver, "VMware", "ESXi", "o:vmware:esxi", ""},
}

// telnetTexts recognise what is shown before a login.
var telnetTexts = []rule{
	{`MikroTik v` + ver, "MikroTik", "RouterOS", "o:mikrotik:routeros", ""},
	{`User Access Verification`, "Cisco", "IOS", "o:cisco:ios", ""},
	{`BusyBox v` + ver, "BusyBox", "BusyBox", "a:busybox:busybox", ""},
}
