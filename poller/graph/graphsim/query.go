package graphsim

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// query is the options of a request. Options without a $ are not OData's and
// are passed over, as OData demands (part 2, section 5.2).
type query struct {
	expand bool
	count  bool
	skip   int
	top    int // -1 where not given
	token  string
}

// parseQuery reads the options, of which only those allowed here may stand. What
// is wrong with them, if anything, is a sentence for the client; it repeats no
// more of the query than the names of options that exist.
func parseQuery(raw string, allowed []string) (q query, wrong string) {
	q.top = -1
	values, err := url.ParseQuery(raw)
	if err != nil {
		return q, "The query specified in the URI is not valid: it is not escaped correctly."
	}
	for name, given := range values {
		if !strings.HasPrefix(name, "$") {
			continue
		}
		if !slices.Contains(allowed, name) {
			return q, fmt.Sprintf("The query specified in the URI is not valid. Query option %s is not allowed. To allow it, set the 'AllowedQueryOptions' property on EnableQueryAttribute or QueryValidationSettings.", optionName(name))
		}
		if len(given) != 1 {
			return q, fmt.Sprintf("Query option '%s' was specified more than once, but it must be specified at most once.", name)
		}
		if wrong := q.set(name, given[0]); wrong != "" {
			return q, wrong
		}
	}
	return q, ""
}

func (q *query) set(name, value string) (wrong string) {
	switch name {
	case "$count":
		switch strings.ToLower(value) {
		case "true":
			q.count = true
		case "false":
		default:
			return "Invalid value for $count query option found. Valid values are 'true' or 'false'."
		}
	case "$expand":
		if value != "mostRecentSslCertificate" {
			return "Parsing OData Select and Expand failed: only 'mostRecentSslCertificate' can be expanded on type 'microsoft.graph.security.hostPort'."
		}
		q.expand = true
	case "$skip", "$top":
		n, err := strconv.ParseUint(value, 10, 31)
		if err != nil {
			return fmt.Sprintf("Invalid value for %s query option found. The %s query option requires a non-negative integer value.", name, name)
		}
		if name == "$skip" {
			q.skip = int(n)
		} else {
			q.top = int(n)
		}
	case "$skiptoken":
		q.token = value
	}
	return ""
}

// optionName names an option OData knows; any other text is the client's own.
func optionName(name string) string {
	for _, known := range []string{
		"$apply", "$batch", "$compute", "$count", "$deltatoken", "$expand", "$filter", "$format", "$index",
		"$orderby", "$search", "$select", "$skip", "$skiptoken", "$top",
	} {
		if name == known {
			return "'" + strings.TrimPrefix(known, "$") + "'"
		}
	}
	return "given"
}
