package pairgen

// mail is SMTP, IMAP, POP3 and NNTP.
func mail() []product {
	return []product{
		{name: "Postfix", scans: "smtp - unknown submission smtps",
			answer: "220 mx1.example.com ESMTP Postfix (Ubuntu)\r\n250-mx1.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 CHUNKING\r\n",
			changes: []change{{from: "250-STARTTLS\r\n", to: "", why: "STARTTLS stripped"}, {from: "AUTH PLAIN LOGIN", to: "AUTH PLAIN", why: "method gone"}, {from: "250-AUTH PLAIN LOGIN\r\n", to: "", why: "AUTH gone"}, {from: "Postfix (Ubuntu)", to: "Postfix (Debian/GNU)", why: "platform"},
				{from: "SIZE 10240000", to: "SIZE 52428800", why: "size"}, {from: "220 mx1.example.com ESMTP", to: "554 mx1.example.com ESMTP", why: "refused"}, {from: "ESMTP Postfix", to: "ESMTP Exim 4.96", why: "product"}}},
		{name: "Exim", scans: "smtp - unknown",
			answer:  "220 host.example.net ESMTP Exim 4.94.2 «mail»\r\n250-host.example.net Hello «scannername» [«scanner»]\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 HELP\r\n",
			changes: []change{{from: "4.94.2", to: "4.97.1", why: "version"}, {from: "250-STARTTLS\r\n", to: "", why: "STARTTLS stripped"}, {from: "250-PIPELINING\r\n", to: "250-PIPELINING\r\n250-AUTH LOGIN\r\n", why: "AUTH new"}}},
		{name: "Exchange", scans: "smtp -",
			answer:  "220 EX01.corp.example.com Microsoft ESMTP MAIL Service ready at «mail»\r\n250-EX01.corp.example.com Hello [«scanner»]\r\n250-SIZE 37748736\r\n250-PIPELINING\r\n250-DSN\r\n250-STARTTLS\r\n250-X-ANONYMOUSTLS\r\n250-AUTH NTLM\r\n250 XRDST\r\n",
			changes: []change{{from: "AUTH NTLM", to: "AUTH NTLM LOGIN", why: "weak method"}, {from: "250-STARTTLS\r\n", to: "", why: "STARTTLS stripped"}, {from: "220 EX01.corp", to: "220 EX02.corp", why: "another host"}}},
		{name: "Sendmail", scans: "smtp -",
			answer:  "220 relay.example.org ESMTP Sendmail 8.15.2/8.15.2; «mailzone»\r\n",
			changes: []change{{from: "8.15.2/8.15.2", to: "8.17.1/8.17.1", why: "version"}, {from: "relay.example.org", to: "relay2.example.org", why: "host"}, {from: "220 ", to: "421 ", why: "refused"}}},
		{name: "mail with an id", scans: "smtp -",
			answer:  "220 mx.google.com ESMTP «hex:16»-«hex:13»si«int:1000000-9999999»«word:3».«int:1-400» - gsmtp\r\n",
			changes: []change{{from: "mx.google.com", to: "mx.example.com", why: "host"}, {from: "ESMTP", to: "SMTP", why: "protocol"}}},
		{name: "mail that is too much", scans: "smtp -",
			answer:  "421 4.7.28 [«scanner»] Our system has detected an unusual rate of unsolicited mail. «alnum:22»si«int:1000-9999».«int:1-99» - gsmtp\r\n",
			changes: []change{{from: "421 4.7.28", to: "550 5.7.1", why: "code"}}},
		{name: "Gmail IMAP", scans: "imap imaps -",
			answer:  "* OK Gimap ready for requests from «scanner» «alnum:8»mb«int:100000-99999999»\r\n* CAPABILITY IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN AUTH=XOAUTH2 AUTH=PLAIN\r\n",
			changes: []change{{from: "AUTH=PLAIN", to: "AUTH=OAUTHBEARER", why: "method"}, {from: "* OK", to: "* BYE", why: "state"}}},
		{name: "Exchange IMAP", scans: "imap -",
			answer:  "* OK The Microsoft Exchange IMAP4 service is ready. [«b64:42»]\r\n",
			changes: []change{{from: "is ready.", to: "is unavailable.", why: "state"}}},
		{name: "blocked", scans: "smtp -",
			answer:  "554-mx.example.de\r\n554 Your access to this mail system from [«scanner»] has been rejected due to the sending MTA's poor reputation.\r\n",
			changes: []change{{from: "mx.example.de", to: "mx.example.fr", why: "host"}, {from: "554 Your", to: "421 Your", why: "code"}}},
		{name: "Dovecot IMAP", scans: "imap - unknown imaps",
			answer:  "* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ STARTTLS LOGINDISABLED] Dovecot (Ubuntu) ready.\r\n",
			changes: []change{{from: " STARTTLS", to: "", why: "STARTTLS gone"}, {from: "LOGINDISABLED", to: "AUTH=PLAIN", why: "plain login allowed"}, {from: "(Ubuntu)", to: "(Debian)", why: "platform"}, {from: "* OK", to: "* BYE", why: "state"}}},
		{name: "Courier IMAP", scans: "imap -",
			answer:  "* OK [CAPABILITY IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT SORT QUOTA IDLE AUTH=PLAIN ACL ACL2=UNION STARTTLS] Courier-IMAP ready. Copyright 1998-2018 Double Precision, Inc.\r\n",
			changes: []change{{from: "AUTH=PLAIN", to: "AUTH=CRAM-MD5", why: "method"}, {from: "1998-2018", to: "1998-2021", why: "age of the build"}, {from: " QUOTA", to: "", why: "capability gone"}}},
		{name: "Cyrus IMAP", scans: "imap -",
			answer:  "* OK [CAPABILITY IMAP4rev1 LITERAL+ ID ENABLE STARTTLS AUTH=PLAIN SASL-IR] imap.example.com Cyrus IMAP 3.2.6-Debian-3.2.6-2+deb11u2 server ready\r\n",
			changes: []change{{from: "3.2.6-Debian-3.2.6-2+deb11u2", to: "3.2.6-Debian-3.2.6-2+deb11u3", why: "patch of the package"}, {from: "imap.example.com", to: "imap2.example.com", why: "host"}}},
		{name: "Domino IMAP", scans: "imap -",
			answer:  "* OK Domino IMAP4 Server Release 9.0.1FP9 ready «mail»\r\n",
			changes: []change{{from: "9.0.1FP9", to: "9.0.1FP10", why: "version"}}},
		{name: "Dovecot POP3", scans: "pop3 - unknown pop3s",
			answer:  "+OK Dovecot ready. <«hex:4».«int:1-9».«hex:8».«b64:9»@mail.example.com>\r\n+OK\r\nCAPA\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nPIPELINING\r\nSTLS\r\nSASL PLAIN LOGIN\r\n.\r\n",
			changes: []change{{from: "STLS\r\n", to: "", why: "STLS stripped"}, {from: "SASL PLAIN LOGIN", to: "SASL PLAIN", why: "method gone"}, {from: "+OK Dovecot ready.", to: "-ERR Dovecot busy.", why: "state"}}},
		{name: "Cyrus POP3", scans: "pop3 -",
			answer:  "+OK pop.example.com Cyrus POP3 v2.4.17 server ready <«int:1000000-9999999».«epoch»@pop.example.com>\r\n",
			changes: []change{{from: "v2.4.17", to: "v2.4.18", why: "version"}, {from: "pop.example.com Cyrus", to: "pop3.example.com Cyrus", why: "host"}}},
		{name: "InterNetNews", scans: "nntp -",
			answer:  "200 news.example.com InterNetNews NNRP server INN 2.6.3 ready (posting ok)\r\n",
			changes: []change{{from: "2.6.3", to: "2.6.4", why: "version"}, {from: "(posting ok)", to: "(no posting)", why: "posting"}}},
	}
}

// files is FTP.
func files() []product {
	return []product{
		{name: "vsFTPd", scans: "ftp telnet - unknown",
			answer:  "220 (vsFTPd 3.0.3)\r\n",
			changes: []change{{from: "3.0.3", to: "3.0.5", why: "version"}, {from: "(vsFTPd 3.0.3)", to: "FTP server ready.", why: "hidden"}}},
		{name: "ProFTPD", scans: "ftp telnet -",
			answer:  "220 ProFTPD 1.3.5e Server (Debian) [::ffff:192.0.2.7]\r\n211-Features:\r\n AUTH TLS\r\n EPRT\r\n EPSV\r\n LANG en-US*\r\n MDTM\r\n PBSZ\r\n PROT\r\n REST STREAM\r\n SIZE\r\n UTF8\r\n211 End\r\n",
			changes: []change{{from: "1.3.5e", to: "1.3.6e", why: "version"}, {from: " AUTH TLS\r\n", to: "", why: "AUTH TLS stripped"}, {from: "(Debian)", to: "(ProFTPD Default Installation)", why: "server name"}, {from: " UTF8\r\n", to: "", why: "feature gone"}}},
		{name: "Pure-FTPd", scans: "ftp telnet -",
			answer:  "220---------- Welcome to Pure-FTPd [privsep] [TLS] ----------\r\n220-You are user number «int:1-49» of 50 allowed.\r\n220-Local time is now «hm». Server port: 21.\r\n220-This is a private system - No anonymous login\r\n220 You will be disconnected after 15 minutes of inactivity.\r\n",
			changes: []change{{from: " [TLS]", to: "", why: "TLS gone"}, {from: "of 50 allowed", to: "of 100 allowed", why: "limit"}, {from: "No anonymous login", to: "Anonymous login ok", why: "anonymous login"}, {from: "after 15 minutes", to: "after 30 minutes", why: "configuration"}}},
		{name: "FileZilla", scans: "ftp -",
			answer:  "220-FileZilla Server 0.9.60 beta\r\n220-written by Tim Kosse\r\n220 Please visit https://filezilla-project.org/\r\n",
			changes: []change{{from: "0.9.60 beta", to: "1.5.1", why: "version"}}},
		{name: "Microsoft FTP", scans: "ftp -",
			answer: "220 Microsoft FTP Service\r\n", changes: []change{{from: "Microsoft FTP Service", to: "FTP01 Microsoft FTP Service (Version 5.0).", why: "version"}}},
		{name: "FTP of a camera", scans: "ftp telnet -",
			answer:  "220 AXIS M3045-V Network Camera 8.40.1.1 (2018) ready.\r\n",
			changes: []change{{from: "8.40.1.1", to: "8.40.3.2", why: "firmware"}, {from: "M3045-V", to: "Q6125-LE", why: "model"}}},
		{name: "FTP with a clock", scans: "ftp -",
			answer:  "220 nas FTP server (Version 6.4/OpenBSD/Linux-ftpd-0.17) ready at «asctime».\r\n",
			changes: []change{{from: "0.17", to: "0.18", why: "version"}, {from: "220 nas", to: "220 nas2", why: "host"}}},
	}
}

// consoles is Telnet: words of people and of machines.
func consoles() []product {
	telnet := func(options, text string) func(d *drawer) string {
		return func(d *drawer) string { return raw([]byte(options)) + d.draw(text) }
	}
	const options = "\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27"
	return []product{
		{name: "Linux login", scans: "telnet - unknown", bytes: telnet(options, "Ubuntu 20.04.6 LTS\r\ngate login: "),
			changes: []change{{why: "release", bytes: telnet(options, "Ubuntu 22.04.3 LTS\r\ngate login: ")}, {why: "host", bytes: telnet(options, "Ubuntu 20.04.6 LTS\r\ndoor login: ")},
				{why: "option", bytes: telnet("\xff\xfd\x18\xff\xfd\x20\xff\xfb\x01", "Ubuntu 20.04.6 LTS\r\ngate login: ")}}},
		{name: "login with a clock", scans: "telnet -", bytes: telnet("\xff\xfb\x01\xff\xfb\x03", "\r\nWelcome to sw-core. Uptime: «int:1000-99999»\r\nCurrent time: «sql»\r\nUsername:"),
			changes: []change{{why: "host", bytes: telnet("\xff\xfb\x01\xff\xfb\x03", "\r\nWelcome to sw-edge. Uptime: «int:1000-99999»\r\nCurrent time: «sql»\r\nUsername:")}}},
		{name: "router console", scans: "telnet -", answer: "MikroTik v6.42.3 (stable)\r\nLogin: ",
			changes: []change{{from: "6.42.3", to: "6.49.7", why: "version"}, {from: "(stable)", to: "(long-term)", why: "channel"}, {from: "Login: ", to: "[admin@MikroTik] > ", why: "no login"}}},
		{name: "access list", scans: "telnet -", answer: "\r\n\r\nUser Access Verification\r\n\r\nPassword: ",
			changes: []change{{from: "Password: ", to: "Username: ", why: "way to log in"}, {from: "User Access Verification", to: "Password required, but none set", why: "state"}}},
	}
}
