package faults

import (
	"bytes"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// Links is an effect on the links of a page.
type Links string

// What can be wrong with links.
const (
	OtherHostLinks   Links = "other-host"    // they lead to another host, which must never see a token
	RepeatedLinks    Links = "repeated"      // the next link leads to the page that was asked for
	EndlessLinks     Links = "endless"       // each page has a next link to its own rows, by an address that is always another
	MissingDeltaLink Links = "missing-delta" // the last page of a tracked scan lacks the delta link
	MissingLinks     Links = "missing"       // pages have no link at all
	MoreWithoutLink  Links = "more-records"  // pages announce more records and have no link
	HTTPLinks        Links = "http"          // they have the scheme http
	OtherPortLinks   Links = "other-port"    // they lead to another port of the host
	APIAliasLinks    Links = "api-alias"     // they lead to the host's alias with .api after its first label
	RelativeLinks    Links = "relative"      // they have neither scheme nor host
	PaddedLinks      Links = "padded"        // they have white space around them
)

// AllLinks returns all effects on links.
func AllLinks() []Links {
	return []Links{
		OtherHostLinks, RepeatedLinks, EndlessLinks, MissingDeltaLink, MissingLinks, MoreWithoutLink,
		HTTPLinks, OtherPortLinks, APIAliasLinks, RelativeLinks, PaddedLinks,
	}
}

// otherHost is where other-host links lead; no such host exists (RFC 2606).
const otherHost = "dataverse.invalid"

// otherPort is the port of OtherPortLinks.
const otherPort = "44344"

// The members of a page that hold links, as the simulator writes them: the one stands before the rows, the other
// after them. In a row's texts quotes are escaped, so that neither can be found there.
const (
	nextLinkMember  = `],"@odata.nextLink":"`
	deltaLinkMember = `,"@odata.deltaLink":"`
)

var (
	anyLink   = regexp.MustCompile(`,"@odata\.(?:next|delta)Link":"[^"]*"`)
	nextLink  = regexp.MustCompile(`\],"@odata\.nextLink":"[^"]*`)
	deltaLink = regexp.MustCompile(`,"@odata\.deltaLink":"[^"]*"`)
)

func (l Links) apply(x exchange, next func(exchange)) { Edit(l.bend).apply(x, next) }

// bend changes the links of a response.
func (l Links) bend(r *http.Request, body []byte) []byte {
	switch l {
	case RepeatedLinks:
		own := nextLinkMember + literal(odata.Origin(r)+r.URL.RequestURI())
		return nextLink.ReplaceAllLiteral(body, []byte(own))
	case EndlessLinks:
		body = bytes.TrimSuffix(anyLink.ReplaceAll(body, nil), []byte("]}"))
		return append(body, nextLinkMember+nextTag(r)+`"}`...)
	case MissingDeltaLink:
		return deltaLink.ReplaceAll(body, nil)
	case MissingLinks:
		return anyLink.ReplaceAll(body, nil)
	case MoreWithoutLink:
		body = anyLink.ReplaceAll(body, nil)
		return append(bytes.TrimSuffix(body, []byte{'}'}), `,"@Microsoft.Dynamics.CRM.morerecords":true}`...)
	case PaddedLinks:
		return anyLink.ReplaceAllFunc(body, func(member []byte) []byte {
			name, link, _ := bytes.Cut(member, []byte(`":"`))
			return append(append(bytes.Clone(name), `":" \n`...), append(bytes.TrimSuffix(link, []byte{'"'}), ` "`...)...)
		})
	default:
		return anyLink.ReplaceAllFunc(body, l.rewrite)
	}
}

// rewrite changes where a member with a link leads to.
func (l Links) rewrite(member []byte) []byte {
	name, rest, _ := strings.Cut(string(member), `":"`)
	link, err := url.Parse(strings.TrimSuffix(rest, `"`))
	if err != nil {
		return member
	}
	origin := "https://" + link.Host
	switch l { //nolint:exhaustive // the others do not change where links lead
	case OtherHostLinks:
		origin = "https://" + otherHost
	case HTTPLinks:
		origin = "http://" + link.Host
	case OtherPortLinks:
		origin = "https://" + link.Hostname() + ":" + otherPort
	case APIAliasLinks:
		origin = "https://" + apiAlias(link.Host)
	case RelativeLinks:
		origin = ""
	}
	_, path, _ := strings.Cut(strings.TrimSuffix(rest, `"`), link.Host)
	return []byte(name + `":"` + origin + path + `"`)
}

// apiAlias returns the other name of an environment's host: contoso.api.crm4.dynamics.com. An IP address has no alias.
func apiAlias(host string) string {
	if _, err := netip.ParseAddrPort(host); err == nil {
		return host
	}
	first, rest, _ := strings.Cut(host, ".")
	return first + ".api." + rest
}

// nextTag returns the address of a request, as JSON text, with another value of the option tag, which changes nothing.
func nextTag(r *http.Request) string {
	n := 0
	var kept []string
	for option := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if value, tagged := strings.CutPrefix(option, "tag="); tagged {
			n, _ = strconv.Atoi(value) // 0 for a tag that is not ours
			continue
		}
		kept = append(kept, option)
	}
	kept = append(kept, "tag="+strconv.Itoa(n+1))
	return literal(odata.Origin(r) + r.URL.EscapedPath() + "?" + strings.TrimPrefix(strings.Join(kept, "&"), "&"))
}

// literal returns a text as it stands between the quotes of a JSON string.
func literal(text string) string {
	quoted := odata.AppendQuoted(nil, text)
	return string(quoted[1 : len(quoted)-1])
}
