package schemas

// Details of the change events that have some; the others have {}.

// StatusDetails belongs to port.closed, .filtered, .status_changed and .vanished.
// Retracts is the id of the port.vanished that the source's word disproves.
type StatusDetails struct {
	From     string  `json:"from"`
	To       string  `json:"to"`
	Retracts *string `json:"retracts,omitempty"`
}

// ReopenedDetails belongs to port.reopened. GoneFor is the seconds from the
// losing event's notAfter to this one's; nil where either is not known, as for a
// port never told open.
type ReopenedDetails struct {
	Retracts *string `json:"retracts"`
	GoneFor  *int64  `json:"goneFor"`
}

// VersionDetails belongs to service.version_changed: the newest version before
// and after. From is nil where no version had been told.
type VersionDetails struct {
	From      *string   `json:"from"`
	To        *string   `json:"to"`
	Direction Direction `json:"direction"`
}

// Direction of a version change.
type Direction string

const (
	Up               Direction = "up"
	Down             Direction = "down"
	DirectionUnknown Direction = "unknown" // the two cannot be compared
)

// BannerDetails belongs to banner.added and .changed: the facts in which the
// newest form differs from the newest told before, by path.
type BannerDetails struct {
	Facts List[FactChange] `json:"facts"`
	// Omitted counts facts beyond the bound of details (P10).
	Omitted int `json:"omitted,omitempty"`
}

// FactChange is one fact of a banner; nil is absent.
type FactChange struct {
	Path   string  `json:"path"`
	Class  string  `json:"class"` // security, routing, identity or content
	Before *string `json:"before"`
	After  *string `json:"after"`
}

// CertificateDetails belongs to certificate.renewed, .replaced and .rolled_back.
// Fields are what differs of the identity: subject, issuer, names; none for a
// renewal. DaysLeft is what the one before still had to live, in whole days,
// negative once expired, nil where its end is not known.
type CertificateDetails struct {
	Fields   List[string] `json:"fields"`
	DaysLeft *int         `json:"daysLeft"`
	Facts    []string     `json:"facts,omitempty"` // what is remarkable about the new one
}

// AddedDetails belongs to certificate.added.
type AddedDetails struct {
	Facts []string `json:"facts,omitempty"`
}

// SetDetails belongs to certificate.alternating, .settled and .unstable: the
// certificates of the port's known set by their sha1, the told one among them.
type SetDetails struct {
	Members List[string] `json:"members"`
	Count   int          `json:"count"`
	Facts   []string     `json:"facts,omitempty"`
}

// TimerDetails belongs to certificate.expiring (days before the end: 30, 14, 7 or
// 1), .expired (0) and .not_yet_valid (days until the term begins).
type TimerDetails struct {
	Days int `json:"days"`
}

// FlapDetails belongs to flap.started and .ended: in how many of the last scans
// the facet changed.
type FlapDetails struct {
	Transitions int `json:"transitions"`
	Scans       int `json:"scans"`
}

// ExposedDetails belongs to host.exposed and .unexposed: the open ports after it.
type ExposedDetails struct {
	OpenPorts int `json:"openPorts"`
}
