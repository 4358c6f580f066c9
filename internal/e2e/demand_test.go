package e2e

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/portdelta/portdelta/schemas"
)

// demands says whether the event is the one that a change demands (the table of
// design section 5); told, whether readers knew the port before.
func demands(c *change, e *schemas.Event, told bool) error {
	types, err := demandedTypes(c, told)
	if err != nil {
		return err
	}
	if !slices.Contains(types, e.Type) {
		return fmt.Errorf("%s where %v is demanded", e.Type, types)
	}
	if err := demandedEvidence(c, e); err != nil {
		return err
	}
	switch c.What {
	case "status", "listed":
		return demandedStatus(c, e)
	case "service":
		return demandedService(c, e)
	case "banner":
		return demandedBanner(e)
	}
	return demandedCertificate(c, e)
}

func demandedTypes(c *change, told bool) ([]schemas.Type, error) {
	gain, loss := string(c.From) == "null", string(c.To) == "null"
	either := func(added, removed schemas.Type, changed ...schemas.Type) []schemas.Type {
		switch {
		case gain:
			return []schemas.Type{added}
		case loss:
			return []schemas.Type{removed}
		}
		return changed
	}
	switch c.What {
	case "listed":
		switch {
		case string(c.To) == "false":
			return []schemas.Type{schemas.PortVanished}, nil
		case told:
			// What vanished comes back open.
			return []schemas.Type{schemas.PortReopened}, nil
		}
		// The truth does not say as what it is listed; compare does.
		return []schemas.Type{schemas.PortOpened, schemas.PortDiscovered}, nil
	case "status":
		var to string
		if err := json.Unmarshal(c.To, &to); err != nil {
			return nil, err
		}
		return []schemas.Type{statusTypes(to)}, nil
	case "service":
		return either(schemas.ServiceAdded, schemas.ServiceRemoved, schemas.ServiceVersionChanged), nil
	case "banner":
		// That a banner is gone cannot be decided, and no change of the world says so.
		return either(schemas.BannerAdded, "", schemas.BannerChanged), nil
	case "certificate":
		return either(schemas.CertificateAdded, schemas.CertificateRemoved, schemas.CertificateRenewed, schemas.CertificateReplaced), nil
	}
	return nil, fmt.Errorf("the oracle does not know a change of %q", c.What)
}

func statusTypes(to string) schemas.Type {
	switch to {
	case schemas.StatusOpen:
		return schemas.PortReopened
	case schemas.StatusClosed:
		return schemas.PortClosed
	case schemas.StatusFiltered:
		return schemas.PortFiltered
	}
	return schemas.PortStatusChanged
}

// statusAfter is the status the event moves the port to, if it moves it.
func statusAfter(e *schemas.Event) (string, bool) {
	switch e.Type {
	case schemas.PortOpened, schemas.PortDiscovered, schemas.PortReopened, schemas.PortClosed, schemas.PortFiltered,
		schemas.PortStatusChanged, schemas.PortVanished:
		var after schemas.StatusValue
		if json.Unmarshal(e.After, &after) == nil {
			return after.Status, true
		}
	}
	return "", false
}

func demandedStatus(c *change, e *schemas.Event) error {
	var before *schemas.StatusValue
	if err := json.Unmarshal(e.Before, &before); err != nil {
		return err
	}
	after, _ := statusAfter(e)
	if c.What == "listed" {
		vanished := string(c.To) == "false"
		switch {
		case vanished != (after == schemas.StatusVanished):
			return fmt.Errorf("its after is %s", after)
		case !vanished && before != nil && before.Status != schemas.StatusVanished:
			return fmt.Errorf("its before is %s", before.Status)
		case vanished && before == nil:
			return fmt.Errorf("its before is null")
		}
		return nil
	}
	var from, to string
	if err := decode(c, &from, &to); err != nil {
		return err
	}
	if before == nil || before.Status != from || after != to {
		return fmt.Errorf("its before is %s, its after %s", e.Before, after)
	}
	return nil
}

func demandedService(c *change, e *schemas.Event) error {
	type service struct{ Category, Name, Version string }
	var from, to *service
	if err := decode(c, &from, &to); err != nil {
		return err
	}
	same := func(raw json.RawMessage, want *service) error {
		var got *schemas.Service
		if err := json.Unmarshal(raw, &got); err != nil {
			return err
		}
		if got == nil && want == nil {
			return nil
		}
		if got == nil || want == nil || got.Category != want.Category || got.Name != want.Name ||
			!slices.Equal(got.Versions, versions(want.Version)) {
			return fmt.Errorf("%s stands where %+v is demanded", raw, want)
		}
		return nil
	}
	if err := same(e.Before, from); err != nil {
		return err
	}
	return same(e.After, to)
}

// versions is the set that one version makes; none where it is not known.
func versions(version string) []string {
	if version == "" {
		return nil
	}
	return []string{version}
}

func demandedBanner(e *schemas.Event) error {
	var before, after *schemas.BannerSet
	if err := decodeValues(e, &before, &after); err != nil {
		return err
	}
	if before == nil || after == nil || len(before.Forms) != 1 || len(after.Forms) != 1 || before.Forms[0].Digest == after.Forms[0].Digest {
		return fmt.Errorf("one form for another is demanded, not %s for %s", e.After, e.Before)
	}
	return nil
}

// demandedCertificate also decides between renewed and replaced, of which the
// truth does not tell: the event shows both certificates.
func demandedCertificate(c *change, e *schemas.Event) error {
	var from, to *string
	if err := decode(c, &from, &to); err != nil {
		return err
	}
	var before, after *schemas.Certificate
	if err := decodeValues(e, &before, &after); err != nil {
		return err
	}
	sha1 := func(c *schemas.Certificate) string {
		if c == nil {
			return ""
		}
		return c.SHA1
	}
	if sha1(before) != deref(from) || sha1(after) != deref(to) {
		return fmt.Errorf("its certificates are %q and %q", sha1(before), sha1(after))
	}
	if before == nil || after == nil {
		return nil
	}
	same := before.Subject == after.Subject && before.Issuer == after.Issuer && slices.Equal(before.Names, after.Names)
	if same != (e.Type == schemas.CertificateRenewed) {
		return fmt.Errorf("%s, yet subject, issuer and names are equal: %t", e.Type, same)
	}
	return nil
}

func decode(c *change, from, to any) error {
	if err := json.Unmarshal(c.From, from); err != nil {
		return err
	}
	return json.Unmarshal(c.To, to)
}

func decodeValues(e *schemas.Event, before, after any) error {
	if err := json.Unmarshal(e.Before, before); err != nil {
		return err
	}
	return json.Unmarshal(e.After, after)
}
