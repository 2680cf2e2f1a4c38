package planted

const (
	keyRange  = "source/replicate/keyrange/ranges.go"
	rangeScan = "source/replicate/ranges.go"
	rangeEnd  = "source/replicate/rangeend.go"
	target    = "source/replicate/target.go"
)

// divided are mistakes in reading a table by ranges of its key.
func divided() []Defect {
	return []Defect{
		{"a range is closed at both ends", []Edit{
			{target, "\"%20gt%20\"", "\"%20ge%20\""},
			{keyRange, "k.Compare(*r.After) > 0)", "k.Compare(*r.After) >= 0)"},
		}},
		{"keys are in the order of their text", []Edit{{"source/replicate/keyrange/key.go",
			"{24, 26, 28, 30, 32, 34, 19, 21, 16, 14, 11, 9, 6, 4, 2, 0}", "{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}"}}},
		{"the position of a range moves when its page arrives", []Edit{
			{rangeScan,
				"	if err := l.scan.deliver(ctx, nil); err != nil {\n		return false, err\n	}\n	c.count(l.keys)\n",
				"	c.count(l.keys)\n	if last >= 0 && page.Next != \"\" {\n		s.Ranges.Left.Advance(one, l.keys[last])\n		if err := c.r.save(ctx, s); err != nil {\n			return false, err\n		}\n	}\n" +
					"	if err := l.scan.deliver(ctx, nil); err != nil {\n		return false, err\n	}\n"},
			{rangeScan, "	c.r.moves.count++\n	if err := c.r.save(ctx, s); err != nil {\n		return false, err\n	}\n	c.flow.good(",
				"	c.r.moves.count++\n	if last < 0 || page.Next == \"\" {\n		if err := c.r.save(ctx, s); err != nil {\n			return false, err\n		}\n	}\n	c.flow.good("},
		}},
		{"where few keys are sampled, the rows that were sent are not compared with the keys that were scanned", []Edit{
			{"source/replicate/lane.go", "	return missing\n", "	return nil\n"},
			{rangeEnd, "		return 0, c.sendMissing(ctx, missing)\n", "		return 0, nil\n"},
			{rangeEnd, "	apart := s.Scanned.Apart(s.Ranges.Sent)\n", "	apart := s.Scanned.Apart(*s.Scanned)\n"},
		}},
		{"the last range is lost", []Edit{{keyRange, "	r.list = append(r.list, &Range{After: after})\n	return r\n", "	return r\n"}}},
	}
}
