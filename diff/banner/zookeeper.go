package banner

import "strings"

var zookeeperKeys = keeps(
	"zookeeper.version version java.version java.vendor os.name os.arch os.version",
	"mode zk_server_state user.name",
	"host.name clientport secureclientport datadir ticktime maxclientcnxns serverid electionport quorumport")

// parseZooKeeper reads the answers to the four-letter words srvr, stat, envi,
// conf and mntr (ZooKeeper administrator's guide). Clients, latencies, counters
// and the last transaction go.
func parseZooKeeper(d *document, src source) {
	pairs := splitLines(src.text, d.cut, ": ", "=", "\t", " ")
	for i, p := range pairs {
		switch p.key {
		case "zookeeper version", "zk_version", "zookeeper.version":
			pairs[i].key = "version"
		case "zookeeper":
			// "Zookeeper version: ..." where a blank parts first
			pairs[i] = pair{"version", strings.TrimLeft(strings.TrimPrefix(p.value, "version:"), " ")}
		case "zk_server_state":
			pairs[i].key = "mode"
		}
	}
	if !holdsAny(pairs, zookeeperKeys) && !d.cut {
		parseText(d, src.text) // imok, or why a word is not allowed
		return
	}
	first := d.dump(pairs, zookeeperKeys)
	d.product, d.version = "ZooKeeper", versionAt(first["version"])
	if before, _, ok := strings.Cut(d.version, "-"); ok {
		d.version = before
	}
}
