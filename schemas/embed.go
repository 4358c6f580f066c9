package schemas

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

// schemaFiles are JSON Schemas, draft 2020-12, one a topic and one for what they
// share. They refer to each other by relative address, so that a folder with all
// of them works as it is.
//
//go:embed json/*.schema.json
var schemaFiles embed.FS

// SchemaBase is where the `$id` of every schema begins; nothing need answer there.
const SchemaBase = "https://github.com/portdelta/portdelta/schemas/json/"

// JSONSchemas names the embedded schemas.
func JSONSchemas() []string {
	files, err := fs.Glob(schemaFiles, "json/*.schema.json")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(f, "json/"), ".schema.json")
	}
	return files
}

// JSONSchema returns one of JSONSchemas: "changes", "lifecycle" and "state"
// describe the values on the topics of these names.
func JSONSchema(name string) ([]byte, error) {
	data, err := schemaFiles.ReadFile("json/" + name + ".schema.json")
	if err != nil {
		return nil, fmt.Errorf("no schema %q: use one of %s", name, strings.Join(JSONSchemas(), ", "))
	}
	return data, nil
}
