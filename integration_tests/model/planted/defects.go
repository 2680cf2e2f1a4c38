package planted

// List returns all defects.
func List() []Defect {
	const (
		walk    = "source/replicate/walk.go"
		tracked = "source/replicate/tracked.go"
	)
	return []Defect{
		{"a state is sent before the records of its page", []Edit{{walk,
			"	if err := w.send(w.encoder.Records()); err != nil {\n		return false, err\n	}\n	if err := w.advance(page); err != nil {\n		return false, err\n	}\n	return page.Next == \"\", w.checkpoint(*w.state)\n",
			"	records := w.encoder.Records()\n	if err := w.advance(page); err != nil {\n		return false, err\n	}\n	if err := w.checkpoint(*w.state); err != nil {\n		return false, err\n	}\n	return page.Next == \"\", w.send(records)\n"}}},
		{"a link is decoded and encoded again", []Edit{{"source/dataverse/link.go",
			"	return Link(strings.ReplaceAll(link, \" \", \"%20\")), nil // a bare space cannot be sent at all\n",
			"	set, query, _ := strings.Cut(link, \"?\")\n	values, err := url.ParseQuery(query)\n	return Link(set + \"?\" + values.Encode()), err\n"}}},
		{"the delta token is taken after the rows", []Edit{
			{"source/replicate/reading.go", "	return r.newWalk(s).all(ctx)\n", "	w := r.newWalk(s)\n	w.track = true\n	return w.all(ctx)\n"},
			{walk, "s.Phase, s.Link, s.Begin, s.Rising = Delta, s.Begin, \"\", false\n", "s.Phase, s.Link, s.Begin, s.Rising = Delta, page.Delta, \"\", false\n"},
		}},
		{"a deletion's cursor equals that of the row", []Edit{{"source/record/encoder.go", "max(CursorAt(at), e.before.Next())", "max(CursorAt(at), e.before)"}}},
		{"the greatest cursor is not kept", []Edit{{walk, "	s.Greatest = w.encoder.Greatest()\n", ""}}},
		{"the deletion of a row that was created again is believed", []Edit{{walk, "if w.sent.may(key) {", "if w.single && w.sent.may(key) {"}}},
		{"a walk through changes that goes on forgets what was sent", []Edit{{"source/replicate/changes.go", "	w.sent.everything = s.Begin != \"\"\n", ""}}},
		{"a second reading does not rise above the first", []Edit{{tracked, "Rising: second,", "Rising: false && second,"}}},
		{"the columns of an edited delta link are taken for granted", []Edit{{walk,
			"case w.edited && !honoured(page.Columns(), w.plan.Select(), w.before):", "case w.edited && w.single && !honoured(page.Columns(), w.plan.Select(), w.before):"}}},
		{"deletions that cannot be known are not told", []Edit{{tracked, "		s.Gap = since(before.Issued)\n", "		s.Gap = before.Gap\n"}}},
		{"a full reading goes on in another job", []Edit{{"source/replicate/reader.go", " || saved.Job != r.ID ||", " ||"}}},
		{"all rows in place of changes are taken for changes", []Edit{{walk, "case changes && !page.Changes():", "case changes && w.single && !page.Changes():"}}},
	}
}
