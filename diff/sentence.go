package diff

// sentences say in one sentence each what a rule does, for people.
var sentences = map[Rule]string{
	RuleBound:         "Larger than a bound of what is told; the digest stands in its place.",
	RuleOlderEvidence: "The record is older than what is held, and nothing goes back.",
	RuleEqualEvidence: "Another value, but from no newer evidence than the one told.",
	RuleNoEvidence:    "A loss stated without any readable time waits to be stated again.",
	RuleReturning:     "A banner form known from before waits until things have settled.",
	RuleAbsent:        "One absence proves nothing: a second, independent one is needed.",
	RulePresent:       "Absent from the list, yet the read of the port itself found it.",
	RuleLossPending:   "A service or certificate not seen in one scan waits for another.",
	RuleAlternating:   "One of the port's certificates that are told to take turns.",
	RuleUnstable:      "One of a flood of certificates that is told as one, by digest.",
	RuleFlap:          "The facet flaps, and stands at the worse of its values until it has been steady for 5 scans.",
	RuleFlood:         "The facet takes ever new values: they are told by digest, together, until it has been steady for 5 scans.",
	RuleMassLoss:      "Many ports of the shard would vanish within an hour: one more independent snapshot decides.",
	RuleTarpit:        "The port left a group of ports that answer alike without being open: the group's ranges say so.",
	RuleVolatile:      "Other bytes of the same canonical form: clocks, ids, counters.",

	RuleNoBaseline:     "No conclusive answer has come yet, so nothing is told.",
	RuleUnknownOnce:    "One 404 for a host that had ports proves nothing.",
	RuleStatusUnread:   "The port is listed, but its status cannot be read.",
	RuleCertUnread:     "Another certificate shows, of which only the id is known.",
	RuleVersionsSettle: "Versions that stood side by side leave one by one, unseen for 10 scans.",
}

// Sentence says what the rule does; "" for a word that is no rule.
func (r Rule) Sentence() string { return sentences[r] }
