package pairgen

import (
	"encoding/binary"
	"fmt"
	"strings"
)

func longString(s string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(s)))) + s
}

func field(name, kind, value string) string {
	return string([]byte{byte(len(name))}) + name + kind + value
}

// startFrame is AMQP's connection.start.
func startFrame(product, version, platform, cluster, mechanisms string) func(d *drawer) string {
	return func(d *drawer) string {
		table := field("capabilities", "F", longString(field("publisher_confirms", "t", "\x01")+field("basic.nack", "t", "\x01"))) + field("cluster_name", "S", longString(cluster)) +
			field("copyright", "S", longString("Copyright (c) 2007-2022 VMware, Inc. or its affiliates.")) + field("platform", "S", longString(platform)) + field("product", "S", longString(product)) + field("version", "S", longString(version))
		body := "\x00\x0a\x00\x0a\x00\x09" + longString(table) + longString(mechanisms) + longString("en_US")
		return raw([]byte("\x01\x00\x00" + longString(body) + "\xce"))
	}
}

// connack is MQTT's answer with what is published below $SYS.
func connack(code byte, version string) func(d *drawer) string {
	return func(d *drawer) string {
		out := "\x20\x02\x00" + string([]byte{code})
		for _, m := range [][2]string{{"$SYS/broker/version", version}, {"$SYS/broker/uptime", "«int:1-999999» seconds"}, {"$SYS/broker/clients/connected", "«int:1-90»"}, {"$SYS/broker/bytes/received", "«int:1-999999»"}} {
			if version == "" {
				break
			}
			payload := m[0] + d.draw(m[1])
			body := string([]byte{0, byte(len(m[0]))}) + payload
			out += "\x31" + string([]byte{byte(len(body))}) + body
		}
		return raw([]byte(out))
	}
}

// queues is AMQP, MQTT and ZooKeeper.
func queues() []product {
	const rabbit, erlang, cluster = "RabbitMQ", "Erlang/OTP 24.3.4", "rabbit@mq1"
	const topics = "MQTT Connection Code: 0\r\n\r\nTopics:\r\n$SYS/broker/version: mosquitto version 1.6.9\r\n$SYS/broker/timestamp: 2020-02-28 12:35:11+0000\r\n$SYS/broker/uptime: «int:100-9999999» seconds\r\n$SYS/broker/clients/total: «int:1-99»\r\n$SYS/broker/load/messages/sent/1min: «float»\r\n$SYS/broker/messages/stored: «int:1-99»\r\n"
	const server = "Zookeeper version: 3.4.14-4c25d480e66aadd371de8bd2fd8da255ac140bcf, built on 03/06/2019 16:18 GMT\nClients:\n /«scanner»:«int:20000-60000»[0](queued=0,recved=1,sent=0)\n\nLatency min/avg/max: 0/«int:0-9»/«int:10-900»\nReceived: «int:1-99999»\nSent: «int:1-99999»\nConnections: «int:1-9»\nOutstanding: 0\nZxid: 0x«hex:6»\nMode: standalone\nNode count: «int:4-900»\n"
	const environment = "Environment:\nzookeeper.version=3.6.3--6401e4ad2087061bc6b9f80dec2d69f2e3c8660a, built on 04/08/2021 16:35 GMT\nhost.name=zk-0.example.com\njava.version=11.0.11\njava.vendor=Oracle Corporation\njava.home=/usr/local/openjdk-11\nos.name=Linux\nos.arch=amd64\nos.version=5.4.0-1045-aws\nuser.name=zookeeper\nos.memory.free=«int:10-900»MB\nos.memory.max=1000MB\n"
	var dump strings.Builder
	for _, l := range []string{"Product: RabbitMQ", "Version: 3.8.2", "Platform: Erlang/OTP 22.2.6", "Mechanisms: PLAIN AMQPLAIN"} {
		fmt.Fprintln(&dump, l)
	}
	return []product{
		{name: "RabbitMQ", scans: "amqp - unknown", bytes: startFrame(rabbit, "3.9.13", erlang, cluster, "AMQPLAIN PLAIN"),
			changes: []change{{why: "version", bytes: startFrame(rabbit, "3.9.14", erlang, cluster, "AMQPLAIN PLAIN")}, {why: "platform", bytes: startFrame(rabbit, "3.9.13", "Erlang/OTP 25.0", cluster, "AMQPLAIN PLAIN")},
				{why: "anonymous login", bytes: startFrame(rabbit, "3.9.13", erlang, cluster, "AMQPLAIN PLAIN ANONYMOUS")}, {why: "product", bytes: startFrame("LavinMQ", "3.9.13", erlang, cluster, "AMQPLAIN PLAIN")}, {why: "cluster", bytes: startFrame(rabbit, "3.9.13", erlang, "rabbit@mq2", "AMQPLAIN PLAIN")}}},
		{name: "RabbitMQ in words", scans: "amqp", answer: dump.String(), changes: []change{{from: "3.8.2", to: "3.8.3", why: "version"}, {from: "PLAIN AMQPLAIN", to: "EXTERNAL", why: "mechanisms"}}},
		{name: "AMQP that wants another version", scans: "amqp -", uncut: true, bytes: func(*drawer) string { return "AMQP\x00\x00\x09\x01" }, changes: []change{{why: "version", bytes: func(*drawer) string { return "AMQP\x00\x01\x00\x00" }}}},
		{name: "mosquitto", scans: "mqtt - unknown", bytes: connack(0, "mosquitto version 2.0.11"),
			changes: []change{{why: "version", bytes: connack(0, "mosquitto version 2.0.15")}, {why: "refused", bytes: connack(5, "")}}},
		{name: "MQTT that refuses", scans: "mqtt", uncut: true, bytes: connack(5, ""), changes: []change{{why: "lets in", bytes: connack(0, "")}, {why: "reason", bytes: connack(4, "")}}},
		{name: "mosquitto in words", scans: "mqtt - unknown", answer: topics, changes: []change{{from: "version 1.6.9", to: "version 2.0.11", why: "version"}, {from: "Connection Code: 0", to: "Connection Code: 5", why: "code"}, {from: "2020-02-28 12:35:11", to: "2021-02-28 12:35:11", why: "date of the build"}}},
		{name: "ZooKeeper stat", scans: "zookeeper - unknown", answer: server, changes: []change{{from: "3.4.14-4c25d480", to: "3.4.13-2d71af4d", why: "version"}, {from: "Mode: standalone", to: "Mode: follower", why: "mode"}, {from: "built on 03/06/2019", to: "built on 06/29/2018", why: "date of the build"}}},
		{name: "ZooKeeper envi", scans: "zookeeper -", answer: environment, changes: []change{{from: "version=3.6.3", to: "version=3.6.4", why: "version"}, {from: "java.version=11.0.11", to: "java.version=17.0.2", why: "runtime"}, {from: "5.4.0-1045-aws", to: "5.4.0-1103-aws", why: "kernel"}, {from: "zk-0.example", to: "zk-1.example", why: "host"}}},
		{name: "ZooKeeper that allows no words", scans: "zookeeper", answer: "stat is not executed because it is not in the whitelist.\n", changes: []change{{from: "stat is not executed because it is not in the whitelist.", to: "imok", why: "allowed"}}},
	}
}
