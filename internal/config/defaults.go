package config

import (
	"bytes"
	_ "embed"
)

//go:embed defaults.yaml
var defaults []byte

// Defaults is a commented file that holds every key. It is valid as it stands:
// its values are the defaults, but for the brokers' address, which has none and
// is shown as 127.0.0.1:9092. It watches no host until one is filled in.
func Defaults() []byte { return bytes.Clone(defaults) }
