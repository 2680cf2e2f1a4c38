package simulator

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// cookie is where a walk through pages stands. It travels in the $skiptoken of a next link, percent-encoded twice
// on the inside (Microsoft, "Page results using OData").
type cookie struct {
	page     int // the page that comes next
	tracking bool
	version  int64 // the row version at the first page, where tokens stand for that; else 0
	marks    []mark
}

// mark is the first and the last value that a page had in a column of its order.
type mark struct {
	column      string
	first, last position
}

// position is a value in a paging cookie.
type position struct {
	text string
	null bool
}

func idPosition(id rowID) position { return position{text: "{" + strings.ToUpper(id.String()) + "}"} }

func (p position) id() (rowID, bool) {
	inner, ok := strings.CutPrefix(p.text, "{")
	inner, closed := strings.CutSuffix(inner, "}")
	if !ok || !closed || p.null {
		return rowID{}, false
	}
	return parseRowID(inner)
}

// skipToken is the cookie as a next link carries it.
func (c cookie) skipToken() string {
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

// text is the cookie without the outer percent-encoding.
func (c cookie) text() string { return outerText(c.page, percentLower(c.inner()), c.tracking) }

// outerText is the outer layer around an inner one that has been encoded.
func outerText(page int, inner string, tracking bool) string {
	text := `<cookie pagenumber="` + strconv.Itoa(page) + `"`
	if inner != "" {
		text += ` pagingcookie="` + inner + `"`
	}
	if tracking {
		return text + ` istracking="True" />`
	}
	return text + ` istracking="False" />`
}

// inner is the inner layer. A table without paging columns, a virtual one, has none.
func (c cookie) inner() string {
	if len(c.marks) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(`<cookie page="` + strconv.Itoa(c.page-1) + `"`)
	if c.version > 0 {
		b.WriteString(` version="` + strconv.FormatInt(c.version, 10) + `"`)
	}
	b.WriteByte('>')
	for _, m := range c.marks {
		b.WriteString("<" + m.column)
		m.last.write(&b, "last")
		m.first.write(&b, "first")
		b.WriteString(" />")
	}
	b.WriteString("</cookie>")
	return b.String()
}

func (p position) write(b *strings.Builder, name string) {
	if p.null {
		b.WriteString(` ` + name + `null="1"`)
		return
	}
	b.WriteString(` ` + name + `="`)
	// strings.Builder does not fail.
	_ = xml.EscapeText(b, []byte(p.text))
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

// parseCookie reads a $skiptoken from which one layer of percent-encoding has been taken. It accepts exactly what
// text writes: a link that was decoded once too often, or encoded anew, does not parse.
func parseCookie(text string) (cookie, *apiError) {
	var outer outerCookie
	if xml.Unmarshal([]byte(text), &outer) != nil {
		return cookie{}, badCookie()
	}
	c := cookie{page: outer.PageNumber, tracking: outer.Tracking == "True"}
	if outer.Inner != "" {
		raw, err := url.PathUnescape(outer.Inner)
		var inner innerCookie
		if err != nil || xml.Unmarshal([]byte(raw), &inner) != nil {
			return cookie{}, badCookie()
		}
		c.version = inner.Version
		for _, column := range inner.Columns {
			c.marks = append(c.marks, mark{
				column: column.XMLName.Local,
				first:  position{column.First, column.FirstNull == "1"},
				last:   position{column.Last, column.LastNull == "1"},
			})
		}
	}
	if c.page < 2 || c.text() != text {
		return cookie{}, badCookie()
	}
	return c, nil
}

func badCookie() *apiError {
	return refuse(http.StatusBadRequest, "0x8004112A", "Invalid page number in paging cookie.")
}

// wrongOrder is the answer to a cookie of another order.
func wrongOrder() *apiError {
	return refuse(http.StatusBadRequest, "0x80041129", "Order by columns do not match those in paging cookie.")
}
