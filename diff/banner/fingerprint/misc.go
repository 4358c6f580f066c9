package fingerprint

var poweredBy = []rule{
	{`^PHP` + slash, "PHP", "PHP", "a:php:php", ""},
	{`^ASP\.NET$`, "Microsoft", "ASP.NET", "a:microsoft:asp.net", "Windows"},
	{`^Express$`, "OpenJS Foundation", "Express", "a:openjsf:express", ""},
	{`^Next\.js(?: ` + ver + `)?`, "Vercel", "Next.js", "a:vercel:next.js", ""},
	{`Phusion Passenger(?:\(R\))?(?: \(mod_rails/mod_rack\))?(?: Enterprise)?(?: ` + ver + `)?`, "Phusion", "Passenger", "a:phusion:passenger", ""},
	{`^Servlet/[\d.]+.*JBoss(?:-|Web-)` + ver, "Red Hat", "JBoss", "a:redhat:jboss_enterprise_application_platform", ""},
	{`^Servlet/[\d.]+ ?\(GlassFish Server Open Source Edition +` + ver, "Oracle", "GlassFish Server", "a:oracle:glassfish_server", ""},
	{`^Undertow` + slash, "Red Hat", "Undertow", "a:redhat:undertow", ""},
	{`^PleskLin$|^PleskWin$`, "Plesk", "Plesk", "a:plesk:plesk", ""},
	{`^W3 Total Cache` + slash, "BoldGrid", "W3 Total Cache", "a:boldgrid:w3_total_cache", ""},
	{`^JSF/` + ver, "Eclipse", "Mojarra", "a:eclipse:mojarra", ""},
	{`^Craft CMS`, "Craft CMS", "Craft CMS", "a:craftcms:craft_cms", ""},
	{`^Nuxt`, "Nuxt", "Nuxt", "a:nuxt:nuxt", ""},
	{`^Zope`, "Zope", "Zope", "a:zope:zope", ""},
}

var httpHeaders = []rule{
	{`^x-jenkins: ` + ver, "Jenkins", "Jenkins", "a:jenkins:jenkins", ""},
	{`^x-hudson: ` + ver, "Hudson", "Hudson", "a:eclipse:hudson", ""},
	{`^x-aspnet-version: ` + ver, "Microsoft", "ASP.NET", "a:microsoft:asp.net", "Windows"},
	{`^x-aspnetmvc-version: ` + ver, "Microsoft", "ASP.NET MVC", "a:microsoft:asp.net_model_view_controller", "Windows"},
	{`^x-influxdb-version: v?` + ver, "InfluxData", "InfluxDB", "a:influxdata:influxdb", ""},
	{`^x-elastic-product: Elasticsearch`, "Elastic", "Elasticsearch", "a:elastic:elasticsearch", ""},
	{`^kbn-name: `, "Elastic", "Kibana", "a:elastic:kibana", ""},
	{`^kbn-version: ` + ver, "Elastic", "Kibana", "a:elastic:kibana", ""},
	{`^docker-distribution-api-version: `, "Docker", "Registry", "a:docker:registry", ""},
	{`^x-generator: Drupal ` + ver, "Drupal", "Drupal", "a:drupal:drupal", ""},
	{`^liferay-portal: .*?` + ver, "Liferay", "Liferay Portal", "a:liferay:liferay_portal", ""},
	{`^microsoftsharepointteamservices: ` + ver, "Microsoft", "SharePoint Server", "a:microsoft:sharepoint_server", "Windows"},
	{`^x-gitlab-`, "GitLab", "GitLab", "a:gitlab:gitlab", ""},
	{`^x-owa-version: ` + ver, "Microsoft", "Exchange Server", "a:microsoft:exchange_server", "Windows"},
	{`^x-confluence-`, "Atlassian", "Confluence", "a:atlassian:confluence", ""},
	{`^x-clickhouse-server-display-name: `, "ClickHouse", "ClickHouse", "a:clickhouse:clickhouse", ""},
	{`^x-mod-pagespeed: ` + ver, "Google", "mod_pagespeed", "a:google:mod_pagespeed", ""},
	{`^x-varnish`, "Varnish", "Varnish", "a:varnish-software:varnish_cache", ""},
}

// httpCookies recognise the name of a cookie, as "NAME=".
var httpCookies = []rule{
	{`^BIGipServer`, "F5", "BIG-IP", "a:f5:big-ip", ""},
	{`^NSC_`, "Citrix", "NetScaler", "a:citrix:netscaler", ""},
	{`^webvpn(?:context|login|_portal|SharePoint|lang)?=`, "Cisco", "Adaptive Security Appliance", "a:cisco:adaptive_security_appliance_software", ""},
	{`^SVPNCOOKIE=`, "Fortinet", "FortiOS", "o:fortinet:fortios", ""},
	{`^SonicOS|^SessId_SonicWALL`, "SonicWall", "SonicOS", "o:sonicwall:sonicos", ""},
	{`^DSSIGNIN=|^DSSignInURL=|^DSID=`, "Pulse Secure", "Pulse Connect Secure", "a:pulsesecure:pulse_connect_secure", ""},
	{`^grafana_session=`, "Grafana", "Grafana", "a:grafana:grafana", ""},
	{`^_gitlab_session=`, "GitLab", "GitLab", "a:gitlab:gitlab", ""},
	{`^i_like_gitea=`, "Gitea", "Gitea", "a:gitea:gitea", ""},
	{`^i_like_gogs=`, "Gogs", "Gogs", "a:gogs:gogs", ""},
	{`^zbx_session`, "Zabbix", "Zabbix", "a:zabbix:zabbix", ""},
	{`^phpMyAdmin(?:_https)?=`, "phpMyAdmin", "phpMyAdmin", "a:phpmyadmin:phpmyadmin", ""},
	{`^pgadmin4_`, "PostgreSQL", "pgAdmin 4", "a:pgadmin:pgadmin_4", ""},
	{`^PVEAuthCookie=`, "Proxmox", "Proxmox VE", "a:proxmox:virtual_environment", ""},
	{`^ZM_TEST=`, "Zimbra", "Zimbra Collaboration Suite", "a:zimbra:collaboration", ""},
	{`^roundcube_sessid=`, "Roundcube", "Roundcube Webmail", "a:roundcube:webmail", ""},
	{`^JSESSIONID\.[0-9a-f]|^screenResolution=`, "Jenkins", "Jenkins", "a:jenkins:jenkins", ""},
}

// httpRealms recognise a challenge.
var httpRealms = []rule{
	{`(?i)realm="?(?:level_15|level 15|level_15_or_view)_?access`, "Cisco", "IOS", "o:cisco:ios", ""},
	{`realm="(?P<product>RT-[A-Z]{1,2}\d\w*)"`, "ASUS", "", "", ""},
	{`(?i)realm="NETGEAR (?P<product>[^"]+?) *"`, "NETGEAR", "", "", ""},
	{`(?i)realm="TP-LINK Wireless (?:N )?(?:Access Point|Range Extender|AP) (?P<product>[^"]+?) *"`, "TP-LINK", "", "", ""},
	{`(?i)realm="TP-LINK (?P<product>[^"]+?) *"`, "TP-LINK", "", "", ""},
	{`(?i)realm="(?:DD-WRT)`, "DD-WRT", "DD-WRT", "o:dd-wrt:dd-wrt", ""},
	{`realm="TomcatManager|realm="Tomcat Manager`, "Apache", "Tomcat", "a:apache:tomcat", ""},
	{`realm="Traefik"|realm="traefik"`, "Traefik", "Traefik", "a:traefik:traefik", ""},
	{`realm="WebLogic Server"`, "Oracle", "WebLogic Server", "a:oracle:weblogic_server", ""},
	{`realm="RouterOS|realm="RouterOS`, "MikroTik", "RouterOS", "o:mikrotik:routeros", ""},
	{`realm="XDB"`, "Oracle", "Oracle XML DB", "a:oracle:database_server", ""},
	{`realm="RabbitMQ`, "VMware", "RabbitMQ", "a:vmware:rabbitmq", ""},
	{`realm="security" charset="UTF-8"`, "Elastic", "Elasticsearch", "a:elastic:elasticsearch", ""},
}

// htmlTitles recognise a page's title.
var htmlTitles = []rule{
	{`^RouterOS(?: router configuration page)?`, "MikroTik", "RouterOS", "o:mikrotik:routeros", ""},
	{`^Apache Tomcat/` + ver, "Apache", "Tomcat", "a:apache:tomcat", ""},
	{`\[Jenkins\]`, "Jenkins", "Jenkins", "a:jenkins:jenkins", ""},
	{`^Grafana$`, "Grafana", "Grafana", "a:grafana:grafana", ""},
	{`^Kibana(?: \d+)?$`, "Elastic", "Kibana", "a:elastic:kibana", ""},
	{`GitLab$`, "GitLab", "GitLab", "a:gitlab:gitlab", ""},
	{`^SonarQube$`, "SonarSource", "SonarQube", "a:sonarsource:sonarqube", ""},
	{`^RabbitMQ Management$`, "VMware", "RabbitMQ", "a:vmware:rabbitmq", ""},
	{`^Portainer$`, "Portainer", "Portainer", "a:portainer:portainer", ""},
	{`^Kubernetes Dashboard$`, "Kubernetes", "Kubernetes Dashboard", "a:kubernetes:dashboard", ""},
	{`^Prometheus Time Series Collection`, "Prometheus", "Prometheus", "a:prometheus:prometheus", ""},
	{`^pfSense - Login`, "Netgate", "pfSense", "a:netgate:pfsense", ""},
	{`(?i)OPNsense`, "Deciso", "OPNsense", "a:opnsense:opnsense", ""},
	{`^Synology(?: |&nbsp;)`, "Synology", "DiskStation Manager", "a:synology:diskstation_manager", ""},
	{`^Zabbix$|: Zabbix$`, "Zabbix", "Zabbix", "a:zabbix:zabbix", ""},
	{`^phpMyAdmin(?: ` + ver + `)?`, "phpMyAdmin", "phpMyAdmin", "a:phpmyadmin:phpmyadmin", ""},
	{`^Outlook(?: Web App)?$`, "Microsoft", "Exchange Server", "a:microsoft:exchange_server", "Windows"},
	{`^GlobalProtect Portal$`, "Palo Alto Networks", "PAN-OS", "o:paloaltonetworks:pan-os", ""},
	{`^FortiGate$|^Fortigate$`, "Fortinet", "FortiOS", "o:fortinet:fortios", ""},
	{`^VMware ESXi?`, "VMware", "ESXi", "o:vmware:esxi", ""},
	{`^Proxmox|- Proxmox Virtual Environment$`, "Proxmox", "Proxmox VE", "a:proxmox:virtual_environment", ""},
	{`^Nagios(?: Core)?$`, "Nagios", "Nagios", "a:nagios:nagios", ""},
	{`^Home Assistant$`, "Home Assistant", "Home Assistant", "a:home-assistant:home-assistant", ""},
}

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
