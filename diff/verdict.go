package diff

import "github.com/portdelta/portdelta/diff/banner"

// BannerVerdict is what the rules make of two banners of one open port, the
// second seen after the first and with newer evidence.
type BannerVerdict struct {
	Same    bool
	Type    Type     // BannerChanged, or BannerAdded where the second speaks another protocol; empty if Same
	Reasons []Reason // as the event would give them; nil if Same
	Facts   []banner.FactChange
}

// JudgeBanners decides about two forms as a step would that had told the first
// alone and nothing else of the port. It is for those who explain or measure the
// rules; a step comes to the same decision by the same functions.
func JudgeBanners(old, entering banner.Form) BannerVerdict {
	if old.Protocol != entering.Protocol {
		return BannerVerdict{Type: BannerAdded, Reasons: []Reason{NewProtocol}, Facts: banner.Compare(old, entering)}
	}
	before, after := seenForm(old), seenForm(entering)
	if sameAnswer(before, after) {
		return BannerVerdict{Same: true}
	}
	facts := banner.Compare(before.Form, after.Form)
	return BannerVerdict{Type: BannerChanged, Reasons: withFactReasons([]Reason{NewForm}, before.Form, after.Form, facts), Facts: facts}
}

// seenForm is a form as it is remembered.
func seenForm(f banner.Form) SeenForm {
	form, long := compact(f)
	return SeenForm{Form: form, Long: long}
}

// sameAnswer says whether two sightings are of one answer: equal forms, or one
// that was cut and the longer one it begins. Of a long form the text that would
// show it is not all kept.
func sameAnswer(a, b SeenForm) bool {
	return a.Form.Digest == b.Form.Digest || !a.Long && !b.Long && banner.SameButCut(a.Form, b.Form)
}

// withFactReasons adds what the facts mean, first the reason that raises the
// severity of a change.
func withFactReasons(reasons []Reason, before, after banner.Form, facts []banner.FactChange) []Reason {
	switch worst(facts) {
	case banner.Security:
		reasons = append(reasons, SecurityFact)
	case banner.Routing:
		reasons = append(reasons, RoutingFact)
	}
	return append(reasons, factReasons(before, after, facts)...)
}
