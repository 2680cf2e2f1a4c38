package dataverse

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// OptionSet is the options of a choice column (Web API reference, OptionSetMetadata and BooleanOptionSetMetadata).
type OptionSet struct {
	MetadataID string
	Name       string
	Global     bool     // it can belong to several columns
	Options    []Option // in the order of the definition; of a Boolean column: false, true
}

// Option is one code of an option set (Web API reference, OptionMetadata). A text is empty if the service sends null.
type Option struct {
	Value         int // the code
	Label         LocalizedText
	Description   LocalizedText
	Color         string
	ExternalValue string // of the option in the system that a virtual table shows
	State         *int   // of a status: the code of its state
	DefaultStatus *int   // of a state: the code of the status that a row gets with it
	InvariantName string // of a state: its name in all languages
	Managed       bool
	Hidden        bool
}

// LocalizedText is a text in several languages (Web API reference, Label).
type LocalizedText struct {
	Texts []TextInLanguage // sorted by language; none is empty
	User  int              // the language of the application user if the text exists in it, otherwise 0
}

// TextInLanguage is a text in one language.
type TextInLanguage struct {
	Language int // LCID, such as 1033 for English
	Text     string
}

// In returns the text in the first of the given languages in which it exists, otherwise that in the language of the
// application user, otherwise any. It returns "" if there is no text at all.
func (t LocalizedText) In(languages ...int) string {
	for _, language := range append(slices.Clone(languages), t.User) {
		if text := t.only(language); text != "" {
			return text
		}
	}
	if len(t.Texts) > 0 {
		return t.Texts[0].Text
	}
	return ""
}

// only returns the text in a language, "" if there is none.
func (t LocalizedText) only(language int) string {
	for _, text := range t.Texts {
		if text.Language == language {
			return text.Text
		}
	}
	return ""
}

// restrict removes texts in other languages than the given ones, if any are given. A request by table and type returns all
// languages.
func (s *OptionSet) restrict(languages []int) {
	if len(languages) == 0 {
		return
	}
	for i := range s.Options {
		s.Options[i].Label.restrict(languages)
		s.Options[i].Description.restrict(languages)
	}
}

func (t *LocalizedText) restrict(languages []int) {
	t.Texts = slices.DeleteFunc(t.Texts, func(text TextInLanguage) bool { return !slices.Contains(languages, text.Language) })
}

// readChoicesOfTable reads the choice columns of an EntityMetadata.
func readChoicesOfTable(d *jsontext.Decoder) ([]Choice, error) {
	var table string
	var choices []Choice
	if d.PeekKind() == 'n' {
		return nil, d.SkipValue()
	}
	err := eachMember(d, func(name []byte) error {
		switch {
		case string(name) == "LogicalName":
			return readString(d, &table)
		case string(name) == "Attributes" && d.PeekKind() != 'n':
			return eachElement(d, func() error {
				choice, err := readChoice(d)
				choices = append(choices, choice)
				return err
			})
		default:
			return d.SkipValue()
		}
	})
	for i := range choices {
		choices[i].Table = table
	}
	return choices, err
}

// readChoice reads a column with its options: those of OptionSet, or those of GlobalOptionSet if that is null.
func readChoice(d *jsontext.Decoder) (Choice, error) {
	var c Choice
	var global *OptionSet
	if d.PeekKind() == 'n' {
		return c, d.SkipValue()
	}
	err := eachMember(d, func(name []byte) (err error) {
		switch string(name) {
		case "LogicalName":
			return readString(d, &c.Column)
		case "AttributeTypeName":
			var wrapped struct{ Value string }
			err = decode(d, &wrapped)
			c.Type = ColumnType(strings.TrimSuffix(wrapped.Value, "Type"))
		case "OptionSet":
			c.Set, err = readOptionSet(d)
		case "GlobalOptionSet":
			global, err = readOptionSet(d)
		default:
			err = d.SkipValue()
		}
		return err
	})
	if c.Set == nil {
		c.Set = global
	}
	return c, err
}

// readOptionSet reads an option set or null. One without options is nil as well.
func readOptionSet(d *jsontext.Decoder) (*OptionSet, error) {
	if d.PeekKind() == 'n' {
		return nil, d.SkipValue()
	}
	var s OptionSet
	add := func() error {
		o, ok, err := readOption(d)
		if ok {
			s.Options = append(s.Options, o)
		}
		return err
	}
	boolean := false
	err := eachMember(d, func(name []byte) error {
		switch string(name) {
		case "MetadataId":
			return readString(d, &s.MetadataID)
		case "Name":
			return readString(d, &s.Name)
		case "IsGlobal":
			return readBool(d, &s.Global)
		case "Options":
			if d.PeekKind() == 'n' {
				return d.SkipValue()
			}
			return eachElement(d, add)
		case "TrueOption", "FalseOption":
			boolean = true
			return add()
		default:
			return d.SkipValue()
		}
	})
	if err != nil || len(s.Options) == 0 {
		return nil, err
	}
	if boolean {
		slices.SortFunc(s.Options, func(a, b Option) int { return a.Value - b.Value })
	}
	return &s, nil
}

// readOption reads an option. ok is false for null and for an option without a code.
func readOption(d *jsontext.Decoder) (o Option, ok bool, err error) {
	if d.PeekKind() == 'n' {
		return o, false, d.SkipValue()
	}
	var value *int
	err = eachMember(d, func(name []byte) error {
		switch string(name) {
		case "Value":
			return readInt(d, &value)
		case "Label":
			return readLocalizedText(d, &o.Label)
		case "Description":
			return readLocalizedText(d, &o.Description)
		case "Color":
			return readString(d, &o.Color)
		case "ExternalValue":
			return readString(d, &o.ExternalValue)
		case "State":
			return readInt(d, &o.State)
		case "DefaultStatus":
			return readInt(d, &o.DefaultStatus)
		case "InvariantName":
			return readString(d, &o.InvariantName)
		case "IsManaged":
			return readBool(d, &o.Managed)
		case "IsHidden":
			return readBool(d, &o.Hidden)
		default:
			return d.SkipValue()
		}
	})
	if value != nil {
		o.Value = *value
	}
	return o, value != nil, err
}

// readLocalizedText reads a Label or null.
func readLocalizedText(d *jsontext.Decoder, t *LocalizedText) error {
	if d.PeekKind() == 'n' {
		return d.SkipValue()
	}
	err := eachMember(d, func(name []byte) error {
		switch {
		case string(name) == "LocalizedLabels" && d.PeekKind() != 'n':
			return eachElement(d, func() error {
				text, err := readTextInLanguage(d)
				if text.Text != "" {
					t.Texts = append(t.Texts, text)
				}
				return err
			})
		case string(name) == "UserLocalizedLabel":
			text, err := readTextInLanguage(d)
			t.User = text.Language
			return err
		default:
			return d.SkipValue()
		}
	})
	slices.SortFunc(t.Texts, func(a, b TextInLanguage) int { return a.Language - b.Language })
	return err
}

// readTextInLanguage reads a LocalizedLabel or null.
func readTextInLanguage(d *jsontext.Decoder) (TextInLanguage, error) {
	var t TextInLanguage
	if d.PeekKind() == 'n' {
		return t, d.SkipValue()
	}
	var language *int
	err := eachMember(d, func(name []byte) error {
		switch string(name) {
		case "Label":
			return readString(d, &t.Text)
		case "LanguageCode":
			return readInt(d, &language)
		default:
			return d.SkipValue()
		}
	})
	if language != nil {
		t.Language = *language
	}
	return t, err
}

// readInt reads an integer, nil for null.
func readInt(d *jsontext.Decoder, into **int) error {
	value, err := d.ReadValue()
	if err != nil {
		return broken(err)
	}
	if value.Kind() == 'n' {
		*into = nil
		return nil
	}
	number, err := strconv.Atoi(string(value))
	if err != nil {
		return misshapen(d.StackPointer())
	}
	*into = &number
	return nil
}
