package simulator

// vocabulary is what generated texts are made of. Names come from many languages, and oddities are what breaks
// careless readers of JSON lines.
type vocabulary struct {
	given, family, companies, kinds, cities, countries, streets, titles, sentences, oddities []string
}

func newVocabulary() *vocabulary {
	return &vocabulary{
		given: []string{
			"Monte", "Heriberto", "Dwayne", "Zoë", "Łukasz", "Søren", "Anaïs", "José", "Ольга", "عمر", "美咲", "지훈",
			"Siobhán", "Nguyễn", "Ελένη", "Jürgen", "Fatma", "Priya", "Kwame", "Maria",
		},
		family: []string{
			"Orton", "Nathan", "Elijah", "O'Brien", "Müller", "Kowalczyk", "Ångström", "García Márquez", "Иванова",
			"الخطيب", "佐藤", "김", "van der Berg", "Þórsdóttir", "Παπαδοπούλου", "Yılmaz", "Sharma", "Mensah",
		},
		companies: []string{
			"Litware", "Adventure Works", "Fabrikam", "Contoso", "Northwind", "Alpine Ski House", "Blue Yonder",
			"Coho Winery", "Trey Research", "Wide World Importers", "Café Zürich", "Smörgåsbord", "東京精機", "Ромашка",
		},
		kinds:     []string{"Inc.", "Ltd.", "GmbH & Co. KG", "S.A.", "AB", "株式会社", "OOO", "(sample)", "Holding <EMEA>"},
		cities:    []string{"Redmond", "München", "São Paulo", "Łódź", "東京", "Αθήνα", "Reykjavík", "Kraków", "Al-Qāhirah"},
		countries: []string{"USA", "Deutschland", "Brasil", "Polska", "日本", "Ελλάδα", "Ísland", "Côte d'Ivoire"},
		streets:   []string{"Maple St.", "Hauptstraße", "Rua Augusta", "ul. Długa", "Rue de l'Église", "Ørsteds Plads"},
		titles: []string{
			"Renewal of contract", "Complaint about \"blue\" widgets", "Follow-up call", "50 % discount?", "Re: offer; second draft",
			"C:\\orders\\2024", "Größe & Gewicht", "見積もり", "Visit 🚀",
		},
		sentences: []string{
			"Call back after the holidays.", "The customer asked for a quote in €.", "Shipment is late, see file://server\\share.",
			"Bitte um Rückruf.", "She said: \"never again\".", "价格待定。", "👍🏽 great job 👩‍👩‍👧‍👦", "Tab\tseparated\tnotes.",
		},
		oddities: []string{
			" 😀", " \"quoted\"", "\nsecond line", "\r\nCRLF", "\u2028line separator", "\u2029paragraph separator",
			"\u0085next line", " \\ backslash", "\ttab", " {\"json\":[1]}", " 'single'", "\u200bzero width", " \u001f", " e\u0301",
		},
	}
}

func pick(words []string, h uint64) string { return words[h%word(len(words))] }

// person, company and line make a text out of h.
func (v *vocabulary) person(h uint64) string {
	return pick(v.given, h) + " " + pick(v.family, mix(h, 1))
}

func (v *vocabulary) company(h uint64) string {
	return pick(v.companies, h) + " " + pick(v.kinds, mix(h, 1))
}

func (v *vocabulary) paragraph(h uint64) string {
	text := pick(v.sentences, h)
	for i := range h % 4 {
		text += " " + pick(v.sentences, mix(h, i))
	}
	return text
}

// odd adds an oddity to one text in eight and empties one in a hundred.
func (v *vocabulary) odd(text string, h uint64) string {
	switch h = mix(h, 7); {
	case h%100 == 0:
		return ""
	case h%8 == 1:
		return text + pick(v.oddities, h>>8)
	default:
		return text
	}
}
