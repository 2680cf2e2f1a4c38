package dataverse

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

func FuzzLink(f *testing.F) {
	const root = "https://contoso.example:8443"
	for _, seed := range []string{
		"", root, root + apiPath, root + apiPath + "accounts?$select=a,b&$deltatoken=9%21 1", root + "@evil.example" + apiPath + "a",
		"https://contoso.example.evil" + apiPath + "a", "http://contoso.example:8443" + apiPath + "a", "//evil.example/a", root + `\@evil.example` + apiPath + "a",
		root + apiPath + "../../../x", root + apiPath + "a?$skiptoken=%3Ccookie%20pagingcookie=%22%253ccookie%22%20/%3E",
	} {
		f.Add(seed)
	}
	c := &Client{root: root}
	f.Fuzz(func(t *testing.T, absolute string) {
		link, err := c.relative(absolute)
		switch {
		case errors.Is(err, ErrLinkOutside) && link == "":
			return
		case err != nil || (link == "") != (strings.TrimSpace(absolute) == ""):
			t.Fatalf("%q made %q and %v", absolute, link, err)
		case !strings.HasSuffix(strings.ReplaceAll(strings.TrimSpace(absolute), " ", "%20"), string(link)) || strings.Contains(string(link), " "):
			t.Fatalf("%q was changed to %q", absolute, link)
		}
		if sent, err := url.Parse(c.root + apiPath + string(link)); err == nil && sent.Scheme+"://"+sent.Host != root {
			t.Fatalf("%q leads to %q", absolute, sent.Host)
		}
		if !strings.Contains(string(link), link.DeltaToken()) {
			t.Fatalf("%q has no token %q", link, link.DeltaToken())
		}
		_ = link.Select()
	})
}

func FuzzEncodeToken(f *testing.F) {
	for _, seed := range []string{"919042!08/22/2017 08:10:44", "919042%2108%2f22", "a+b", "&x=1", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		encoded := EncodeToken(token)
		if strings.Contains(token, "%") {
			if encoded != token {
				t.Fatalf("%q was encoded and became %q", token, encoded)
			}
			return
		}
		decoded, err := url.QueryUnescape(encoded)
		if err != nil || decoded != token || EncodeToken(encoded) != encoded {
			t.Fatalf("%q became %q", token, encoded)
		}
		if got := NewDeltaLink("accounts", []string{"name"}, encoded).DeltaToken(); got != encoded {
			t.Fatalf("a link made of %q holds %q", encoded, got)
		}
	})
}
