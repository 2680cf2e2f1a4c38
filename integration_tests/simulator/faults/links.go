package faults

import (
	"bytes"
	"net/http"
	"regexp"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// LinkFault is what is wrong with the links of a page.
type LinkFault string

// What may be wrong with links.
const (
	ForeignLinks     LinkFault = "foreign"       // they lead to another host, which must never see a token
	RepeatedLinks    LinkFault = "repeated"      // the next link leads to the page that was asked for
	MissingDeltaLink LinkFault = "missing-delta" // the last page of a tracked walk has none
)

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

// bend spoils the links of an answer.
func (f LinkFault) bend(r *http.Request, body []byte) []byte {
	switch f {
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
