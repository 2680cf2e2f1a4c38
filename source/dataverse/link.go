package dataverse

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Link is the path and query of a request, relative to the API root, byte for byte as the service sent it: paging
// cookies are encoded twice, and a link that is decoded and encoded again no longer works.
type Link string

// NewLink returns the link to the first page of a table: its entity set and the columns to select; none means all.
func NewLink(entitySet string, columns []string) Link {
	if len(columns) == 0 {
		return Link(entitySet)
	}
	return Link(entitySet + "?$select=" + strings.Join(columns, ","))
}

// NewDeltaLink returns the link to the changes of a table since a delta token was issued. The token is in its raw
// encoding, as in a link of the service.
func NewDeltaLink(entitySet string, columns []string, token string) Link {
	return NewLink(entitySet, columns).With("$deltatoken=" + token)
}

// EncodeToken returns the raw encoding, as in a link, of a delta token that was decoded, as the Python connector stores
// it. A token that is already encoded is returned unchanged.
func EncodeToken(token string) string {
	if strings.Contains(token, "%") {
		return token
	}
	return escape(token)
}

// escape encodes the value of a query option. A space becomes %20, as in the service's own links.
func escape(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}

// relative returns the Link of a link that the service sent: the service sends absolute links, and OData also allows
// links relative to the host or to the API (OData JSON Format 4.01, 4.6.1). The Link is its path on the client's own
// root, so that the scheme and the port, which services behind proxies often get wrong, do not matter. For a link to
// another host the error is ErrLinkOutside.
func (c *Client) relative(sent string) (Link, error) {
	sent = strings.TrimSpace(sent)
	if sent == "" {
		return "", nil
	}
	path, err := c.pathOf(sent)
	if err != nil {
		return "", err
	}
	link, found := strings.CutPrefix(path, apiPath)
	if !found || link == "" {
		return "", fmt.Errorf("%w: its path is not below %s", ErrLinkOutside, apiPath)
	}
	return Link(strings.ReplaceAll(link, " ", "%20")), nil // a bare space cannot be sent
}

// pathOf returns the path and query of a link on the environment's host.
func (c *Client) pathOf(sent string) (string, error) {
	first, _, _ := strings.Cut(sent, "?")
	switch {
	case strings.HasPrefix(sent, "//"):
		return "", ErrLinkOutside
	case strings.HasPrefix(sent, "/"):
		return sent, nil
	case !strings.ContainsAny(first, `:/\.`): // an entity set, which cannot look like a scheme or lead upwards
		return apiPath + sent, nil
	}
	host, rest, found := cutHost(sent)
	own, _, _ := cutHost(c.root + "/")
	if !found || canonicalHost(host) != canonicalHost(own) {
		return "", fmt.Errorf("%w: its host is not the environment's", ErrLinkOutside)
	}
	return rest, nil
}

// cutHost splits "https://host:port/path" into its host, without the port, and its path. It accepts only http and
// https, and only an authority that is a host and a port.
func cutHost(absolute string) (host, rest string, found bool) {
	scheme, after, found := strings.Cut(absolute, "://")
	if !found || !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http") {
		return "", "", false
	}
	slash := strings.IndexByte(after, '/')
	if slash < 0 {
		return "", "", false
	}
	authority, err := url.Parse("https://" + after[:slash])
	if err != nil || authority.Host != after[:slash] || authority.Hostname() == "" {
		return "", "", false
	}
	return authority.Hostname(), after[slash:], true
}

// canonicalHost returns one name for a host that has several: org.api.crm4.dynamics.com is an alias of
// org.crm4.dynamics.com (Microsoft, "Compose HTTP requests and handle errors"), and hosts have no letter case.
func canonicalHost(host string) string {
	labels := strings.Split(strings.TrimSuffix(strings.ToLower(host), "."), ".")
	if len(labels) > 3 && labels[1] == "api" {
		labels = slices.Delete(labels, 1, 2)
	}
	return strings.Join(labels, ".")
}

// EntitySet returns the table's name in the link.
func (l Link) EntitySet() string {
	set, _, _ := strings.Cut(string(l), "?")
	return set
}

// With returns the link with more query options, which are encoded already.
func (l Link) With(options ...string) Link {
	joint := Link("?")
	if strings.Contains(string(l), "?") {
		joint = "&"
	}
	return l + joint + Link(strings.Join(options, "&"))
}

// DeltaToken returns the raw value of $deltatoken, empty if the link has no token.
func (l Link) DeltaToken() string { return l.option("$deltatoken") }

// Select returns the properties named by $select, nil if the link has no $select.
func (l Link) Select() []string {
	list := l.option("$select")
	if list == "" {
		return nil
	}
	if decoded, err := url.QueryUnescape(list); err == nil {
		list = decoded
	}
	return strings.Split(list, ",")
}

// Usable reports whether the link can be sent as a url.
func (l Link) Usable() bool {
	_, err := url.Parse("https://host" + apiPath + string(l))
	return err == nil
}

// option returns the value of a query option, without decoding it. The name may be encoded.
func (l Link) option(name string) string {
	_, query, _ := strings.Cut(string(l), "?")
	for pair := range strings.SplitSeq(query, "&") {
		given, value, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(given); err == nil && decoded == name {
			return value
		}
	}
	return ""
}

// NumbersPages reports whether a link identifies its page only by number, or in a form that only the provider of a
// virtual table can read: with another page size it would return other rows. The paging cookie of an ordinary table
// holds the key of the last row that was read (Microsoft, "Page results using OData").
func (l Link) NumbersPages() bool {
	cookie := l.option("$skiptoken")
	if cookie == "" {
		return false
	}
	for range 3 { // the cookie with the key is encoded inside an encoded cookie
		var err error
		if cookie, err = url.QueryUnescape(cookie); err != nil {
			return true
		}
		if strings.Contains(cookie, ` last="`) {
			return false
		}
	}
	return true
}
