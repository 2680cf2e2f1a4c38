package planted

// List returns all defects.
func List() []Defect {
	const (
		changes = "source/replicate/changes.go"
		tracked = "source/replicate/tracked.go"
		walk    = "source/replicate/walk.go"
		bykey   = "source/replicate/bykey.go"
	)
	return []Defect{
		{"a state is sent before the records of its page", []Edit{{walk,
			"	if err := w.deliver(ctx, gone); err != nil {\n",
			"	before := *w.state\n	w.advance(page)\n	if err := w.checkpoint(ctx, *w.state); err != nil {\n		return err\n	}\n	*w.state = before\n" +
				"	if err := w.deliver(ctx, gone); err != nil {\n"}}},
		{"no state goes ahead of records that a destination may keep", []Edit{{walk, "	if !known || s.Ledger != ledger {\n", "	if (!known || s.Ledger != ledger) && w.first {\n"}}},
		{"a link is decoded and encoded again", []Edit{{"source/dataverse/link.go",
			"	return Link(strings.ReplaceAll(link, \" \", \"%20\")), nil // a bare space cannot be sent at all\n",
			"	set, query, _ := strings.Cut(link, \"?\")\n	values, err := url.ParseQuery(query)\n	return Link(set + \"?\" + values.Encode()), err\n"}}},
		{"the delta token is taken after the rows", []Edit{
			{walk, "	w.whole = s.Phase == Initial\n", "	w.whole, w.track = s.Phase == Initial, s.Phase == Initial\n"},
			{walk, "	case s.Phase == Initial:\n", "	case s.Phase == Initial:\n		s.Begin = page.Delta\n"},
		}},
		{"the token at the end is believed to be of the first page without proof", []Edit{{"source/replicate/reading.go",
			"		bound, proved = r.bound(ctx, w.came)\n", "		bound, proved = 1<<62, true\n"}}},
		{"a deletion's cursor equals that of the row", []Edit{{"source/record/encoder.go", "max(CursorAt(at), e.before.Next())", "max(CursorAt(at), e.before)"}}},
		{"the greatest cursor is not kept", []Edit{{walk, "	s.Greatest = w.encoder.Greatest()\n", ""}}},
		{"the deletion of a row that was created again is believed", []Edit{{walk, "if w.sent.may(key) {", "if w.first && w.sent.may(key) {"}}},
		{"a walk through changes that goes on forgets what was sent", []Edit{{changes, "newSeen(resumed || s.Restarts > 0)", "newSeen(s.Restarts > 0)"}}},
		{"a second reading does not rise above the first", []Edit{{tracked, "s.Greatest, s.Rising, s.Gap, s.Ledger = before.Greatest, true,", "s.Greatest, s.Rising, s.Gap, s.Ledger = before.Greatest, false,"}}},
		{"the columns of an edited delta link are taken for granted", []Edit{{changes, "case w.edited && !honoured(", "case w.edited && w.first && !honoured("}}},
		{"deletions that cannot be known are not told", []Edit{{tracked, "	if s.Gap.IsZero() {\n", "	if !s.Gap.IsZero() {\n"}}},
		{"a full reading goes on in another job", []Edit{{"source/replicate/reader.go", " || saved.Job != r.ID ||", " ||"}}},
		{"rows are read without proof that all may be seen", []Edit{{walk, "	w.whole = s.Phase == Initial\n", ""}}},
		{"a row that is not found is taken for deleted", []Edit{{bykey, "if len(found) < rows && page.Next", "if len(found) > rows && page.Next"}}},
		{"all rows in place of changes are taken for changes", []Edit{{"source/replicate/pager.go", "case p.changes && !page.Changes():", "case p.changes && p.track && !page.Changes():"}}},
	}
}
