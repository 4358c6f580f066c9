package graphjson

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const nextPage = "https://graph.microsoft.com/v1.0/next"

// pageOf writes a page of the given records; a count below 0 is left out.
func pageOf(count int, next string, records ...string) string {
	var b bytes.Buffer
	b.WriteString(`{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#ports"`)
	if count >= 0 {
		fmt.Fprintf(&b, `,"@odata.count":%d`, count)
	}
	if next != "" {
		fmt.Fprintf(&b, `,"@odata.nextLink":%q`, next)
	}
	fmt.Fprintf(&b, `,"value":[%s]}`, strings.Join(records, ","))
	return b.String()
}

func record(number int) string {
	return fmt.Sprintf(`{"id":"id%d","port":%d,"protocol":"tcp","status":"open","lastScanDateTime":"2026-11-23T09:00:00Z"}`, number, number)
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func date(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
