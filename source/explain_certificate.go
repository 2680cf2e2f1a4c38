package source

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"strconv"
	"strings"
)

// explainCertificate explains a certificate that the connector does not accept.
func (s situation) explainCertificate(refused *tls.CertificateVerificationError, of string) explanation {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var roots x509.SystemRootsError
	switch {
	case errors.As(refused, &roots):
		return configError("The certificate of the host is not trusted, because this machine has no certificate authorities: %s. Install them, "+
			"for example with the package ca-certificates, or set DATAVERSE_CA_FILE to a PEM file that holds them.%s", clause(roots), s.authorityFiles())
	case errors.As(refused, &unknown):
		return configError("The certificate of the host is not trusted: %s presents a certificate of the authority %s. If your company inspects "+
			"TLS, set DATAVERSE_CA_FILE to a PEM file that holds its certificate authority.%s", of, issuer(refused), s.authorityFiles())
	case errors.As(refused, &name):
		return configError("The certificate of the host is not trusted, because it is for another host: %s. A proxy, a firewall or a captive "+
			"portal responded in place of %s, or the address is wrong.", clause(name), of)
	case errors.As(refused, &invalid) && invalid.Reason == x509.Expired:
		return configError("The certificate of the host is not trusted, because it is not valid at present: %s. Check the clock of the machine "+
			"that runs the connector. If it is right, a proxy or firewall in front of %s presents an expired certificate.", invalid.Detail, of)
	default:
		return configError("The certificate of the host is not trusted: %s. If your company inspects TLS, set DATAVERSE_CA_FILE to a PEM file "+
			"that holds its certificate authority.%s", clause(refused.Err), s.authorityFiles())
	}
}

// issuer is the name of the authority that issued the last certificate of the chain, in quotation marks. For a host
// behind a middle box it is the name of the product or the company.
func issuer(refused *tls.CertificateVerificationError) string {
	chain := refused.UnverifiedCertificates
	if len(chain) == 0 {
		return "that it does not name"
	}
	by := chain[len(chain)-1].Issuer
	return strconv.Quote(cmp.Or(by.CommonName, strings.Join(by.Organization, ", "), by.String()))
}

// authorityFiles is the sentence on the variables that already name certificate authorities, after a space; "" if none
// is set. Package crypto/x509 ignores a file that it cannot read.
func (s situation) authorityFiles() string {
	if file := s.variable(caFileVariable); file != "" {
		return " The file that it names at present lacks this authority."
	}
	file := s.variable("SSL_CERT_FILE")
	if file == "" {
		return ""
	}
	if _, err := os.ReadFile(file); err != nil { //nolint:gosec // the user names the file
		return " SSL_CERT_FILE names a file that cannot be read, so the authorities in it are not used."
	}
	return " SSL_CERT_FILE replaces the authorities of the machine by those of a file, which lacks this one."
}
