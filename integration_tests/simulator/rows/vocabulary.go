package rows

import (
	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// vocabulary is what generated texts are made of, escaped as JSON wants it. Names come from many languages, and
// oddities are what breaks careless readers of JSON lines.
type vocabulary struct {
	given, family, companies, kinds, cities, countries, streets, titles, sentences, oddities []string
	jobs, units, roles, currencies                                                           []string
	byName                                                                                   map[string]wording // by column
}

func newVocabulary() *vocabulary {
	v := &vocabulary{
		given: escaped(
			"Monte", "Heriberto", "Dwayne", "Zoë", "Łukasz", "Søren", "Anaïs", "José", "Ольга", "عمر", "美咲", "지훈",
			"Siobhán", "Nguyễn", "Ελένη", "Jürgen", "Fatma", "Priya", "Kwame", "Maria",
		),
		family: escaped(
			"Orton", "Nathan", "Elijah", "O'Brien", "Müller", "Kowalczyk", "Ångström", "García Márquez", "Иванова",
			"الخطيب", "佐藤", "김", "van der Berg", "Þórsdóttir", "Παπαδοπούλου", "Yılmaz", "Sharma", "Mensah",
		),
		companies: escaped(
			"Litware", "Adventure Works", "Fabrikam", "Contoso", "Northwind", "Alpine Ski House", "Blue Yonder",
			"Coho Winery", "Trey Research", "Wide World Importers", "Café Zürich", "Smörgåsbord", "東京精機", "Ромашка",
		),
		kinds:     escaped("Inc.", "Ltd.", "GmbH & Co. KG", "S.A.", "AB", "株式会社", "OOO", "(sample)", "Holding <EMEA>"),
		cities:    escaped("Redmond", "München", "São Paulo", "Łódź", "東京", "Αθήνα", "Reykjavík", "Kraków", "Al-Qāhirah"),
		countries: escaped("USA", "Deutschland", "Brasil", "Polska", "日本", "Ελλάδα", "Ísland", "Côte d'Ivoire"),
		streets:   escaped("Maple St.", "Hauptstraße", "Rua Augusta", "ul. Długa", "Rue de l'Église", "Ørsteds Plads"),
		titles: escaped(
			"Renewal of contract", "Complaint about \"blue\" widgets", "Follow-up call", "50 % discount?", "Re: offer; second draft",
			"C:\\orders\\2024", "Größe & Gewicht", "見積もり", "Visit 🚀",
		),
		sentences: escaped(
			"Call back after the holidays.", "The customer asked for a quote in €.", "Shipment is late, see file://server\\share.",
			"Bitte um Rückruf.", "She said: \"never again\".", "价格待定。", "👍🏽 great job 👩‍👩‍👧‍👦", "Tab\tseparated\tnotes.",
		),
		oddities: escaped(
			" 😀", " \"quoted\"", "\nsecond line", "\r\nCRLF", "\u2028line separator", "\u2029paragraph separator",
			"\u0085next line", " \\ backslash", "\ttab", " {\"json\":[1]}", " 'single'", "\u200bzero width", " \u001f", " e\u0301",
		),
		jobs:       escaped("Purchasing Manager", "Owner", "Geschäftsführerin", "Developer", "Contador", "営業部長", "Nurse"),
		units:      escaped("Sales", "Marketing", "Einkauf", "Finance", "人事部", "Service", "R&D"),
		roles:      escaped("System Administrator", "System Customizer", "Salesperson", "Sales Manager", "Basic User", "Support User", "Delegate"),
		currencies: escaped("US Dollar", "Euro", "Pound Sterling", "日本円", "Polski złoty"),
	}
	v.byName = v.wordings()
	return v
}

// escaped returns the words as they stand inside a JSON string.
func escaped(words ...string) []string {
	for i, w := range words {
		quoted := odata.AppendQuoted(nil, w)
		words[i] = string(quoted[1 : len(quoted)-1])
	}
	return words
}

// say appends one of the words.
func (d *dice) say(dst []byte, words []string) []byte {
	return append(dst, words[d.roll(len(words))]...)
}

// free draws a word as a person may have typed it.
func (v *vocabulary) free(words []string) wording {
	return func(dst []byte, h uint64) []byte {
		d := dice(h)
		if v.forgotten(&d) {
			return dst
		}
		return v.odd(d.say(dst, words), &d)
	}
}

func (v *vocabulary) person(dst []byte, h uint64) []byte {
	d := dice(h)
	dst = append(d.say(dst, v.given), ' ')
	return v.odd(d.say(dst, v.family), &d)
}

func (v *vocabulary) company(dst []byte, h uint64) []byte {
	d := dice(h)
	if v.forgotten(&d) {
		return dst
	}
	dst = append(d.say(dst, v.companies), ' ')
	return v.odd(d.say(dst, v.kinds), &d)
}

func (v *vocabulary) paragraph(dst []byte, h uint64) []byte {
	d := dice(h)
	dst = d.say(dst, v.sentences)
	for range d.roll(4) {
		dst = d.say(append(dst, ' '), v.sentences)
	}
	return v.odd(dst, &d)
}

// forgotten reports of one text in a hundred that it was left empty, which is not the same as null.
func (v *vocabulary) forgotten(d *dice) bool { return d.roll(100) == 0 }

// odd adds an oddity to one text in eight.
func (v *vocabulary) odd(dst []byte, d *dice) []byte {
	if d.roll(8) > 0 {
		return dst
	}
	return d.say(dst, v.oddities)
}
