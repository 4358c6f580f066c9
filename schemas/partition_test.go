package schemas

import "testing"

// The vectors of Apache Kafka's UtilsTest.testMurmur2.
func TestMurmur2(t *testing.T) {
	for text, want := range map[string]int32{
		"21":                         -973932308,
		"foobar":                     -790332482,
		"a-little-bit-long-string":   -985981536,
		"a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		if got := int32(murmur2([]byte(text))); got != want {
			t.Errorf("murmur2(%q) = %d, expected %d", text, got, want)
		}
	}
}

func TestPartitionIsOfJavaProducer(t *testing.T) {
	// Utils.toPositive(murmur2(key)) % partitions, by the vectors above.
	for text, hash := range map[string]int64{"21": -973932308, "foobar": -790332482, "abc": 479470107} {
		if got, want := Partition(text, 12), int(hash&0x7fffffff)%12; got != want {
			t.Errorf("Partition(%q, 12) = %d, expected %d", text, got, want)
		}
	}
}
