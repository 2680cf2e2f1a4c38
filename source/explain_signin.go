package source

import (
	"errors"
	"net/http"
	"strconv"

	"source-microsoft-dataverse/source/auth"
	"source-microsoft-dataverse/source/config"
)

// explainSignIn explains why there was no token.
func (s situation) explainSignIn(err error) explanation {
	var refused *auth.Error
	var file *auth.TokenFileError
	var identity *auth.IdentityError
	switch {
	case errors.As(err, &file):
		return s.explainTokenFile(file)
	case errors.As(err, &identity):
		return s.explainIdentity(identity)
	case !errors.As(err, &refused):
		return explanation{}
	case refused.ManagedIdentity:
		return s.explainIdentityRefusal(refused)
	case refused.NotFromEntra():
		return s.explainNotFromEntra(refused)
	}
	if e := s.explainSignInCode(refused); e.message != "" {
		return e
	}
	if refused.Temporary() {
		return transientError("The connector could not sign in: %v. %s later.%s", refused, s.again(), s.lookUp(refused))
	}
	own := ""
	if refused.Description != "" {
		own = " Entra's explanation: " + refused.Description
	}
	return configError("%v.%s Check %s against the app registration.%s", refused, own, s.signInSettings(), s.lookUp(refused))
}

// user returns the credentials of the application user that the error is about, those of a client secret if the
// configuration was not loaded.
func (s situation) user() config.Credentials {
	if s.config == nil {
		return config.Credentials{Kind: config.KindClientSecret}
	}
	return allUsers(s.config)[s.number]
}

// signInSettings lists the settings that a sign-in depends on.
func (s situation) signInSettings() string {
	user := s.user()
	switch user.Kind {
	case config.KindClientCertificate:
		return "tenant_id, client_id and " + user.CertificateSetting()
	case config.KindWorkloadIdentity:
		return "tenant_id, client_id and the federated credentials"
	case config.KindClientSecret, config.KindManagedIdentity:
	}
	return "tenant_id, client_id and " + user.SecretSetting()
}

// explainNotFromEntra explains a response that something other than Entra sent.
func (s situation) explainNotFromEntra(refused *auth.Error) explanation {
	h := s.signInHost()
	if refused.Status == http.StatusProxyAuthRequired {
		return s.explainSignInAtProxy(h)
	}
	if h.setting != "" {
		return configError("The connector could not sign in: %v. Check %s, and %s.", refused, h.setting, s.wayTo(h))
	}
	return configError("The connector could not sign in: %v. A proxy, a firewall or a sign-in page of the network responded in place of "+
		"Microsoft Entra. Allow connections to %s, and check %s.", refused, h.name, s.wayTo(h))
}

// lookUp is the sentence on where Entra explains the code of an error, after a space; "" for an error without a code.
func (s situation) lookUp(refused *auth.Error) string {
	if len(refused.Codes) == 0 {
		return ""
	}
	root := auth.PublicAuthority
	if s.config != nil {
		root = auth.Authority(s.config.Environment)
	}
	return " Microsoft explains the code at " + root + "/error?code=" + strconv.Itoa(refused.Codes[0]) + "."
}
