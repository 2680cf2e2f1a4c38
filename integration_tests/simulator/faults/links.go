package faults

import (
	"bytes"
	"net/http"
	"regexp"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// Links is an effect on the links of a page.
type Links string

// What can be wrong with links.
const (
	ForeignLinks     Links = "foreign"       // they lead to another host, which must never see a token
	RepeatedLinks    Links = "repeated"      // the next link leads to the page that was asked for
	MissingDeltaLink Links = "missing-delta" // the last page of a tracked scan lacks the delta link
)

// AllLinks returns all effects on links.
func AllLinks() []Links { return []Links{ForeignLinks, RepeatedLinks, MissingDeltaLink} }

// foreignOrigin is where foreign links lead; no such host exists (RFC 2606).
const foreignOrigin = "https://dataverse.invalid"

// The members of a page that hold links, as the simulator writes them: the one stands before the rows, the other
// behind them. In a row's texts quotes are escaped, so that neither can be found there.
const (
	nextLinkMember  = `],"@odata.nextLink":"`
	deltaLinkMember = `,"@odata.deltaLink":"`
)

var (
	anyLink   = regexp.MustCompile(`(,"@odata\.(?:next|delta)Link":")https?://[^/]*`)
	nextLink  = regexp.MustCompile(`(\],"@odata\.nextLink":")[^"]*`)
	deltaLink = regexp.MustCompile(`,"@odata\.deltaLink":"[^"]*"`)
)

func (l Links) apply(x exchange, next func(exchange)) { Edit(l.bend).apply(x, next) }

// bend changes the links of a response.
func (l Links) bend(r *http.Request, body []byte) []byte {
	switch l {
	case ForeignLinks:
		return anyLink.ReplaceAll(body, []byte("${1}"+foreignOrigin))
	case RepeatedLinks:
		asked, found := bytes.CutSuffix(odata.AppendQuoted(nil, odata.Origin(r)+r.URL.RequestURI()), []byte{'"'})
		if !found {
			return body
		}
		return nextLink.ReplaceAllFunc(body, func([]byte) []byte { return append([]byte(nextLinkMember), asked[1:]...) })
	case MissingDeltaLink:
		return deltaLink.ReplaceAll(body, nil)
	default:
		return body
	}
}
