package e2e

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/portdelta/portdelta/schemas"
)

// demandedEvidence checks why, since when and how surely: the world makes no
// change that returns or is taken back, and all its scans can be dated.
func demandedEvidence(c *change, e *schemas.Event) error {
	basis := schemas.Statement
	switch e.Type {
	case schemas.PortVanished, schemas.ServiceRemoved, schemas.CertificateRemoved:
		basis = schemas.Rescan
	}
	var details struct{ Retracts *string }
	if err := json.Unmarshal(e.Details, &details); err != nil {
		return err
	}
	switch {
	case len(e.Reasons) == 0 || !slices.Contains(reasons[e.Type], e.Reasons[0]):
		return fmt.Errorf("its reasons are %v", e.Reasons)
	case e.Confidence != schemas.Confirmed:
		return fmt.Errorf("it is %s", e.Confidence)
	case e.Evidence.Basis != basis, basis == schemas.Rescan && e.Evidence.Agreeing < 2:
		return fmt.Errorf("its basis is %s, with %d agreeing", e.Evidence.Basis, e.Evidence.Agreeing)
	case details.Retracts != nil:
		return fmt.Errorf("it takes back %s", *details.Retracts)
	case e.Time.NotAfter == nil || e.Time.NotAfter.Before(c.At), e.Time.NotBefore != nil && !e.Time.NotBefore.Before(c.At):
		return fmt.Errorf("it says that it happened after %v and no later than %v", e.Time.NotBefore, e.Time.NotAfter)
	}
	return nil
}

// reasons are those a change of the world can have, by the type of its event.
var reasons = map[schemas.Type][]schemas.Reason{
	schemas.PortOpened:            {schemas.ReasonNewPort},
	schemas.PortDiscovered:        {schemas.ReasonNewPort},
	schemas.PortReopened:          {schemas.ReasonSourceStatement, schemas.ReasonNeverToldOpen},
	schemas.PortClosed:            {schemas.ReasonSourceStatement},
	schemas.PortFiltered:          {schemas.ReasonSourceStatement},
	schemas.PortStatusChanged:     {schemas.ReasonSourceStatement},
	schemas.PortVanished:          {schemas.ReasonAbsentTwice},
	schemas.ServiceAdded:          {schemas.ReasonServiceSeen},
	schemas.ServiceRemoved:        {schemas.ReasonServiceGone},
	schemas.ServiceVersionChanged: {schemas.ReasonVersionUp},
	schemas.BannerAdded:           {schemas.ReasonNewProtocol},
	schemas.BannerChanged:         {schemas.ReasonNewForm},
	schemas.CertificateAdded:      {schemas.ReasonTLSAdded},
	schemas.CertificateRemoved:    {schemas.ReasonTLSRemoved},
	schemas.CertificateRenewed:    {schemas.ReasonSameIdentity},
	schemas.CertificateReplaced:   {schemas.ReasonIdentityChanged},
}
