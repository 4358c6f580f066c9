package detect

import "github.com/portdelta/portdelta/diff"

// encodeSeenCertificate writes what is known beyond the told certificate. Nearly
// every port has presented one certificate for longer than the set is remembered.
func encodeSeenCertificate(w *writer, c *diff.SeenCertificate) {
	w.string(c.ID)
	w.time(c.Early)
	w.string(c.Pending)
	w.time(c.PendingSince)
	encodeLoss(w, c.Loss)
	w.uint(uint64(len(c.Others)))
	for i := range c.Others {
		w.string(c.Others[i].ID)
		w.time(c.Others[i].Seen)
		encodeCertificate(w, &c.Others[i].Certificate)
	}
	w.string(string(c.Set))
	if c.Set != diff.OneCertificate {
		w.string(c.Run.SHA1)
		w.uint(uint64(c.Run.Scans))
		w.time(c.Run.Since)
	}
}

func decodeSeenCertificate(r *reader) diff.SeenCertificate {
	c := diff.SeenCertificate{ID: r.string(), Early: r.time(), Pending: r.string(), PendingSince: r.time(), Loss: decodeLoss(r)}
	for range r.count() {
		o := diff.OtherCertificate{ID: r.string(), Seen: r.time()}
		o.Certificate = *decodeCertificate(r)
		c.Others = append(c.Others, o)
	}
	if c.Set = diff.CertificateSet(r.string()); c.Set != diff.OneCertificate {
		c.Run = diff.CertificateRun{SHA1: r.string(), Scans: int(r.uint()), Since: r.time()}
	}
	return c
}
