package query

import (
	"testing"
)

func FuzzParseCookie(f *testing.F) {
	f.Add(`<cookie pagenumber="2" pagingcookie="%3ccookie%20page%3d%221%22%3e%3ccontactid%20last%3d%22%7bA%7d%22%20first%3d%22%7bA%7d%22%20%2f%3e%3c%2fcookie%3e" istracking="False" />`)
	f.Add(`<cookie pagenumber="3" istracking="True" />`)
	f.Fuzz(func(t *testing.T, text string) {
		c, refusal := ParseCookie(text)
		if refusal != nil {
			return
		}
		if c.text() != text {
			t.Errorf("%q was taken for %q", text, c.text())
		}
	})
}
