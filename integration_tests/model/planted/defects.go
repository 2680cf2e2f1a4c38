package planted

import "slices"

// List returns all defects.
func List() []Defect { return slices.Concat(scans(), doubts(), divided()) }

const (
	changes     = "source/replicate/changes.go"
	snapshot    = "source/replicate/snapshot.go"
	pagescan    = "source/replicate/pagescan.go"
	pagereader  = "source/replicate/pagereader.go"
	lookup      = "source/replicate/lookup.go"
	cause       = "source/replicate/cause.go"
	resume      = "source/replicate/checkpoint/resume.go"
	transitions = "source/replicate/checkpoint/transitions.go"
	untracked   = "source/replicate/untracked.go"
	encoder     = "source/record/encoder.go"
	lookupType  = "source/record/lookuptype.go"
)

// scans are mistakes in reading pages, in sending them, and in saving states.
func scans() []Defect {
	return []Defect{
		{"a state is sent before the records of its page", []Edit{
			{changes, "	if err := c.scan.deliver(ctx, sent); err != nil {\n",
				"	if page.Next != \"\" {\n		before := *s\n		c.scan.advance(page.Next)\n		if err := r.save(ctx, s); err != nil {\n			return err\n		}\n		*s = before\n	}\n" +
					"	if err := c.scan.deliver(ctx, sent); err != nil {\n"},
			{snapshot, "		if err := c.deliver(ctx, nil); err != nil {\n			return err\n		}\n		if page.Next == \"\" {\n			s.EndSnapshot()\n",
				"		if page.Next != \"\" {\n			before := *s\n			c.advance(page.Next)\n			if err := r.save(ctx, s); err != nil {\n				return err\n			}\n			*s = before\n		}\n" +
					"		if err := c.deliver(ctx, nil); err != nil {\n			return err\n		}\n		if page.Next == \"\" {\n			s.EndSnapshot()\n"},
		}},
		{"no state precedes records that a destination may keep", []Edit{{pagescan, "	if !knew || s.KnownKeys != keys {\n", "	if (!knew || s.KnownKeys != keys) && c.unsaved {\n"}}},
		{"a link is decoded and encoded again", []Edit{{"source/dataverse/link.go",
			"	return Link(strings.ReplaceAll(link, \" \", \"%20\")), nil",
			"	set, query, _ := strings.Cut(link, \"?\")\n	values, err := url.ParseQuery(query)\n	return Link(set + \"?\" + values.Encode()), err"}}},
		{"the delta token is taken after the rows", []Edit{{snapshot, "			s.EndSnapshot()\n", "			s.DeltaLink = page.Delta\n			s.EndSnapshot()\n"}}},
		{"a deletion's cursor equals that of the row", []Edit{{encoder, "max(CursorAt(at), e.before.Next())", "max(CursorAt(at), e.before)"}}},
		{"the max cursor is not kept", []Edit{{pagescan, "	s.MaxCursor = max(s.MaxCursor, c.encoder.MaxCursor()) // other ranges of keys may be further\n", ""}}},
		{"the deletion of a row that was created again is believed", []Edit{{changes, "if c.sent.MayHold(key) {", "if c.scan.unsaved && c.sent.MayHold(key) {"}}},
		{"a scan of changes that continues forgets what was sent", []Edit{{changes, "NewSentKeys(c.resumed || s.Restarts > 0)", "NewSentKeys(s.Restarts > 0)"}}},
		{"a resync does not supersede what was sent", []Edit{{transitions, "Phase: Start, MaxCursor: s.MaxCursor, KnownKeys:", "Phase: Start, KnownKeys:"}}},
		{"the columns of an edited delta link are taken for granted", []Edit{{changes, "case c.edited && !c.byKeys && !honored(", "case c.edited && c.byKeys && !honored("}}},
		{"a version passed over by a late commit", []Edit{{untracked, "c.first = r.target.afterVersion(s.Position(), bound)", "c.first = r.target.afterVersion(s.Position(), 0)"}}},
		{"without a bound, a version passed over by a late commit", []Edit{{untracked, "s.PassVersion(version, bound)", "s.PassVersion(version, max(bound, version))"}}},
		{"a full refresh continues in another job", []Edit{{resume, " || saved.Job != y.Job ||", " ||"}}},
		{"rows are read without proof that all may be seen", []Edit{{snapshot, "	c.pages.track = true\n	c.pages.deltaLinkAtEnd = true\n", ""}}},
		{"a row that is not found is taken for deleted", []Edit{{lookup, "			return l.seesEveryRow(ctx)\n", "			return nil\n"}}},
		{"a response that lacks some of the rows proves them deleted", []Edit{{lookup, "		keys = missing\n", "		return l.seesEveryRow(ctx)\n"}}},
		{"all rows instead of changes are taken for changes", []Edit{{pagereader, "case link == p.deltaLink && !page.Changes():", "case link == p.deltaLink && p.track && !page.Changes():"}}},
		{"a page without any link ends a snapshot", []Edit{{pagereader, "case !p.lookupTypes && p.lacksDeltaLink(page)", "case !p.lookupTypes && !p.track && p.lacksDeltaLink(page)"}}},
		{"a page with an error beside its rows is taken for whole", []Edit{{"source/dataverse/page.go",
			"	if err := others.check(page.Next != \"\"); err != nil {\n", "	if err := others.check(page.Next != \"\"); err != nil && !rows {\n"}}},
		{"changes that were interrupted end as of the time they began", []Edit{{changes, "c.scan.began, again || c.resumed)", "c.scan.began, again)"}}},
		{"a refusal without a code is evidence against the delta token", []Edit{{cause, "	case !coded:\n", "	case refused != nil && !coded && refused.Status == http.StatusBadRequest:\n		return TokenRefused\n	case !coded:\n"}}},
		{"a label of another language is taken", []Edit{{"source/labels.go", "o.Label.In(r.preferred...)", "o.Label.In(0)"}}},
		{"a type is taken from the first target", []Edit{{lookupType, "		t.owner = `\"team\"`\n", "		t.owner = `\"systemuser\"`\n"}}},
		{"a delta link that annotations cost is not missed", []Edit{{pagereader, "return p.deltaLinkAtEnd && page.Next", "return p.deltaLinkAtEnd && !p.lookupTypes && page.Next"}}},
		{"a plug-in's refusal is evidence against the delta token", []Edit{{cause, "		return LinkRefused\n	default:\n", "		return LinkRefused\n	case refused.Status == http.StatusBadRequest:\n		return TokenRefused\n	default:\n"}}},
	}
}

// doubts are mistakes in knowing what the destination may hold.
func doubts() []Defect {
	return []Defect{
		{"rows of a snapshot are older than those of the changes before it", []Edit{
			{encoder, "	// Stats, if any,", "	Late time.Duration\n	// Stats, if any,"},
			{encoder, "max(CursorAt(at), e.before.Next())", "max(CursorAt(at.Add(-e.options.Late)), e.before.Next())"},
			{pagescan, "Stats: &r.stats,\n", "Stats: &r.stats,\n		Late: map[checkpoint.Phase]time.Duration{checkpoint.Start: 24 * time.Hour, checkpoint.Snapshot: 24 * time.Hour}[s.Phase],\n"},
		}},
		{"deletions that cannot be known are not reported", []Edit{{transitions, "	if next.DeletionsUnknownSince.IsZero() {\n", "	if !next.DeletionsUnknownSince.IsZero() {\n"}}},
		{"a null state is no state", []Edit{{resume, "return y.NullState || y.Generation", "return y.Generation"}}},
		{"a refresh that retains rows begins a first sync", []Edit{{resume, "return y.NullState || y.Generation != nil && *y.Generation > 0\n", "return y.NullState\n"}}},
		{"a refresh that removes rows leaves doubts", []Edit{{resume, "	case y.removesAll():\n		return false\n", ""}}},
		{"a later attempt without a state is taken for the first", []Edit{{resume, "	case y.Attempt > 0:\n		return true\n", ""}}},
		{"a token scan that continues leaves no doubt", []Edit{{resume, "	doubt(s, s.Issued)\n", ""}}},
		{"a restored backup is not noticed", []Edit{{changes,
			"		return false, fmt.Errorf(\"read the changes of %s: %w\", c.r.target.table.LogicalName, ErrOtherHistory)\n", "		return false, nil\n"}}},
	}
}
