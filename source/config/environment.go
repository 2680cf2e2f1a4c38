package config

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// findEnvironment is where to find the value of url.
// https://learn.microsoft.com/en-us/power-platform/admin/determine-org-id-name
const findEnvironment = "In the Power Platform admin center open the environment and copy its Environment URL, " +
	"which looks like https://contoso.crm.dynamics.com."

// environment returns the root of the environment to which a pasted address belongs: the root itself, an app's page, or
// the Web API's address, with or without a scheme. The problem is the predicate of a sentence, "" if there is none.
func environment(pasted string) (root, problem string) {
	root, address, problem := httpsRoot(pasted)
	if problem != "" {
		return "", problem + " " + findEnvironment
	}
	host := address.Hostname()
	if isPortal(host) {
		return "", "is the address of " + host + ", which is not an environment. " + findEnvironment
	}
	if isBareName(address) {
		return "", "has the incomplete host name " + host + ". " + findEnvironment
	}
	return root, ""
}

// authority returns the root of the sign-in host, "" for "".
func authority(pasted string) (root, problem string) {
	if strings.TrimSpace(pasted) == "" {
		return "", ""
	}
	const example = "Enter only the host, such as https://login.microsoftonline.us, or leave the field empty."
	root, address, problem := httpsRoot(pasted)
	if problem != "" {
		return "", problem + " " + example
	}
	if strings.Trim(address.Path, "/") != "" || address.RawQuery != "" {
		return "", "has a path after its host. " + example
	}
	return root, ""
}

// httpsRoot parses a pasted address, whose scheme defaults to https, and returns its scheme, lower-case host, and port.
// The returned address has the same host.
func httpsRoot(pasted string) (root string, address *url.URL, problem string) {
	text := strings.TrimSpace(pasted)
	if text == "" {
		return "", nil, "is empty."
	}
	if !strings.Contains(text, "://") {
		text = "https://" + strings.TrimPrefix(text, "//")
	}
	address, err := url.Parse(text)
	if err != nil || !isHost(address) {
		return "", nil, "is not a web address."
	}
	if address.Scheme != "https" {
		return "", nil, "begins with " + address.Scheme + "://, but only https:// is allowed."
	}
	if address.User != nil {
		return "", nil, "has a user name before its host, which Dataverse does not use."
	}
	host := strings.TrimSuffix(strings.ToLower(address.Hostname()), ".")
	port := address.Port()
	switch {
	case port != "" && port != "443":
		address.Host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		address.Host = "[" + host + "]"
	default:
		address.Host = host
	}
	return "https://" + address.Host, address, ""
}

// isHost reports whether the address has a host name or an IP address: url.Parse accepts almost any character.
func isHost(address *url.URL) bool {
	host := address.Hostname()
	if port := address.Port(); port != "" {
		if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
			return false
		}
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Zone() == ""
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if label == "" || strings.ContainsFunc(label, notInHostName) {
			return false
		}
	}
	return true
}

func notInHostName(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	digit := '0' <= r && r <= '9'
	return !letter && !digit && r != '-' && r != '_'
}

// isPortal reports whether the host is one of Microsoft's portals, where people look for the environment's URL.
func isPortal(host string) bool {
	portals := []string{
		"make.powerapps.com", "apps.powerapps.com", "make.gov.powerapps.us", "make.powerautomate.com",
		"powerapps.microsoft.com", "admin.powerplatform.microsoft.com", "admin.powerplatform.microsoft.us",
		"home.dynamics.com", "dynamics.microsoft.com", "portal.azure.com", "entra.microsoft.com",
		"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn",
		"login.chinacloudapi.cn", "login.windows.net", "login.live.com", "login.microsoft.com",
	}
	belongs := func(portal string) bool { return host == portal || strings.HasSuffix(host, "."+portal) }
	return slices.ContainsFunc(portals, belongs) || strings.HasPrefix(host, "globaldisco.crm")
}

// isBareName reports whether the host has no domain, such as the name or the id of an environment or an organization.
// localhost and a name with a port are hosts of a private network.
func isBareName(address *url.URL) bool {
	host := address.Hostname()
	return !strings.ContainsAny(host, ".:") && host != "localhost" && address.Port() == ""
}
