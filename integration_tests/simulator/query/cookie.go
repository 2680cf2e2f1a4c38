// Package query evaluates queries over the rows of a table: $filter, $orderby and paging cookies of OData, and the
// conditions of SQL and FetchXML, which it translates into $filter.
package query

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// Cookie is the position of a page scan. It is sent in the $skiptoken of a next link, percent-encoded twice
// on the inside (Microsoft, "Page results using OData").
type Cookie struct {
	Page     int // the page that comes next
	Tracking bool
	Version  int64 // the row version at the first page if tokens correspond to that; otherwise 0
	Marks    []Mark
}

// Mark is the first and the last value that a page had in a column of its order.
type Mark struct {
	Column      string
	First, Last Position
}

// Position is a value in a paging cookie.
type Position struct {
	Text string
	null bool
}

// IDPosition returns the position of a row in the order of the primary key.
func IDPosition(id guid.ID) Position { return Position{Text: "{" + strings.ToUpper(id.String()) + "}"} }

// ID returns the id of a position in the order of the primary key, and whether it is one.
func (p Position) ID() (guid.ID, bool) {
	inner, ok := strings.CutPrefix(p.Text, "{")
	inner, closed := strings.CutSuffix(inner, "}")
	if !ok || !closed || p.null {
		return guid.ID{}, false
	}
	return guid.Parse(inner)
}

// SkipToken returns the cookie as a next link carries it.
func (c Cookie) SkipToken() string {
	text := c.text()
	var b strings.Builder
	for _, r := range text {
		switch r {
		case '<':
			b.WriteString("%3C")
		case '>':
			b.WriteString("%3E")
		case ' ':
			b.WriteString("%20")
		case '"':
			b.WriteString("%22")
		case '%':
			b.WriteString("%25")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// text returns the cookie without the outer percent-encoding.
func (c Cookie) text() string { return OuterText(c.Page, odata.PercentLower(c.Inner()), c.Tracking) }

// OuterText returns the outer layer around an inner one that has been encoded.
func OuterText(page int, inner string, tracking bool) string {
	text := `<cookie pagenumber="` + strconv.Itoa(page) + `"`
	if inner != "" {
		text += ` pagingcookie="` + inner + `"`
	}
	if tracking {
		return text + ` istracking="True" />`
	}
	return text + ` istracking="False" />`
}

// Inner returns the inner layer; it is empty for a table without paging columns, a virtual one.
func (c Cookie) Inner() string {
	if len(c.Marks) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(`<cookie page="` + strconv.Itoa(c.Page-1) + `"`)
	if c.Version > 0 {
		b.WriteString(` version="` + strconv.FormatInt(c.Version, 10) + `"`)
	}
	b.WriteByte('>')
	for _, m := range c.Marks {
		b.WriteString("<" + m.Column)
		m.Last.write(&b, "last")
		m.First.write(&b, "first")
		b.WriteString(" />")
	}
	b.WriteString("</cookie>")
	return b.String()
}

func (p Position) write(b *strings.Builder, name string) {
	if p.null {
		b.WriteString(` ` + name + `null="1"`)
		return
	}
	b.WriteString(` ` + name + `="`)
	// strings.Builder does not fail.
	_ = xml.EscapeText(b, []byte(p.Text))
	b.WriteByte('"')
}

// outerCookie and innerCookie are the two layers as XML.
type outerCookie struct {
	XMLName    xml.Name `xml:"cookie"`
	PageNumber int      `xml:"pagenumber,attr"`
	Inner      string   `xml:"pagingcookie,attr"`
	Tracking   string   `xml:"istracking,attr"`
}

type innerCookie struct {
	XMLName xml.Name `xml:"cookie"`
	Version int64    `xml:"version,attr"`
	Columns []struct {
		XMLName   xml.Name
		Last      string `xml:"last,attr"`
		First     string `xml:"first,attr"`
		LastNull  string `xml:"lastnull,attr"`
		FirstNull string `xml:"firstnull,attr"`
	} `xml:",any"`
}

// ParseCookie reads a $skiptoken from which one layer of percent-encoding has been taken. It accepts exactly what
// text writes: a link that was decoded once too often, or encoded again, does not parse.
func ParseCookie(text string) (Cookie, *odata.Error) {
	var outer outerCookie
	if xml.Unmarshal([]byte(text), &outer) != nil {
		return Cookie{}, odata.BadCookie()
	}
	c := Cookie{Page: outer.PageNumber, Tracking: outer.Tracking == "True"}
	if outer.Inner != "" {
		raw, err := url.PathUnescape(outer.Inner)
		var inner innerCookie
		if err != nil || xml.Unmarshal([]byte(raw), &inner) != nil {
			return Cookie{}, odata.BadCookie()
		}
		c.Version = inner.Version
		for _, column := range inner.Columns {
			c.Marks = append(c.Marks, Mark{
				Column: column.XMLName.Local,
				First:  Position{column.First, column.FirstNull == "1"},
				Last:   Position{column.Last, column.LastNull == "1"},
			})
		}
	}
	if c.Page < 2 || c.text() != text {
		return Cookie{}, odata.BadCookie()
	}
	return c, nil
}

// WrongOrder returns the error for a cookie of another order.
func WrongOrder() *odata.Error {
	return odata.Refuse(http.StatusBadRequest, "0x80041129", "Order by columns do not match those in paging cookie.")
}
