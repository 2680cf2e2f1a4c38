package source

import (
	"fmt"
	"slices"
	"strings"

	"source-microsoft-dataverse/source/auth"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/protocol"
)

// explainSignInCode explains a refusal of Entra by its AADSTS code, the zero explanation if the code is not known.
func (s situation) explainSignInCode(refused *auth.Error) explanation {
	failureType := protocol.ConfigError
	if refused.Temporary() {
		failureType = protocol.TransientError
	}
	for _, known := range slices.Concat(secretRemedies(), certificateRemedies(refused), federationRemedies(), applicationRemedies(), tenantRemedies()) {
		if refused.Has(known.code) {
			// What a sentence leaves open may be empty.
			message := strings.Join(strings.Fields(s.settingNames(refused).Replace(known.message)), " ")
			return explanation{failureType, fmt.Sprintf("%s (AADSTS%d)", message, known.code)}
		}
	}
	return explanation{}
}

// settingNames replaces what the sentences leave open: the settings of the configuration, and what the token of a workload
// identity claims.
func (s situation) settingNames(refused *auth.Error) *strings.Replacer {
	user := s.user()
	audience := auth.FederationAudience(auth.PublicAuthority)
	if s.config != nil {
		audience = auth.FederationAudience(auth.AuthorityOf(s.config))
	}
	return strings.NewReplacer(
		"{secret}", user.SecretSetting(),
		"{certificate}", user.CertificateSetting(),
		"{token}", tokenSentence(refused.Assertion, user.TokenFile),
		"{expected}", expectedSentence(refused.Assertion, audience),
		"{chain}", chainSentence(user),
		"{token_file}", user.In("credentials.token_file_path"),
		"{audience}", audience,
	)
}

// chainSentence is when to send the certificate chain, "" if it is sent.
func chainSentence(user config.Credentials) string {
	if user.SendChain {
		return ""
	}
	return "If the app trusts a subject name and an issuer instead, turn on " + user.In("credentials.send_certificate_chain") + "."
}

// tokenSentence is what the token of a workload identity claims, "" if none was sent.
func tokenSentence(token auth.Assertion, file string) string {
	if token == (auth.Assertion{}) {
		return ""
	}
	return fmt.Sprintf("The token in %s has the issuer %q, the subject %q and the audience %q.", file, token.Issuer, token.Subject, token.Audience)
}

// expectedSentence is what a federated credential has to have for a token.
func expectedSentence(token auth.Assertion, audience string) string {
	if strings.Contains(token.Audience, "AKSIdentityBinding") {
		return "It is a token of AKS identity bindings, which the connector does not support: label the pod " +
			`azure.workload.identity/use: "true", and remove the annotation of identity bindings.`
	}
	return fmt.Sprintf("A federated credential must have the same issuer and the same subject, letter by letter and with the same slash at the end, and the "+
		"audience %q.", audience)
}

// signInRemedy is the explanation of one AADSTS code of Microsoft Entra. Names in braces, such as {secret}, stand for what
// settingNames knows.
type signInRemedy struct {
	code    int
	message string
}

// Each function below returns codes that users meet, the most specific first (Microsoft, "Microsoft Entra authentication and
// authorization error codes", and for federated credentials "Troubleshoot workload identity federation" of Azure DevOps).

func secretRemedies() []signInRemedy {
	return []signInRemedy{
		{7000222, "The client secret has expired. Create a new one in the app registration (Certificates & secrets) " +
			"and enter its Value as {secret}."},
		{7000215, "Microsoft Entra did not accept the client secret. Enter the Value of the secret as {secret}, not its Secret ID. The app " +
			"registration shows both under Certificates & secrets, the Value only right after the secret was created."},
	}
}

// certificateRemedies has three sentences for one code, which Entra distinguishes by its explanation alone.
func certificateRemedies(refused *auth.Error) []signInRemedy {
	const upload = "Upload the certificate of {certificate} to the app registration (Certificates & secrets > Certificates)."
	unregistered := "The app registration does not have this certificate. " + upload + " {chain}"
	_, reason, _ := strings.Cut(strings.ToLower(refused.Description), "[reason - ")
	switch {
	case strings.Contains(reason, "expired"):
		unregistered = "The certificate has expired. Upload a new one to the app registration (Certificates & secrets > Certificates) and enter it as " +
			"{certificate}. If it is still valid, check the clock of the machine that runs the connector."
	case strings.Contains(reason, "match"):
		unregistered = "The private key is not the one of the certificate in the app registration. Export the certificate again together with its own key, " +
			"and enter both as {certificate}."
	}
	const wrongApp = "The sign-in names another application than the one that signed it. Check that client_id is the Application (client) ID of the app " +
		"registration that has the certificate or the federated credential."
	const wrongHost = "The sign-in was made for another sign-in host or tenant, or it was changed on the way. Check tenant_id and authority_host."
	const weak = "Microsoft Entra does not accept the algorithm or the key of the certificate. Create a certificate with an RSA key of 2048 bits or more, upload " +
		"it to the app registration (Certificates & secrets > Certificates), and enter it as {certificate}."
	return []signInRemedy{
		{700027, unregistered},
		{700021, wrongApp},
		{50048, wrongApp},
		{700023, wrongHost},
		{50013, wrongHost},
		{50027, wrongHost},
		{900384, wrongHost},
		{700024, "The sign-in is not within its time of validity. Check the clock of the machine that runs the connector. For a workload identity, check that " +
			"the platform renews the token file."},
		{700030, "The subject name of the certificate is not authorized for the app. Check the trusted subject and issuer of the app registration, or upload the " +
			"certificate of {certificate} to it (Certificates & secrets > Certificates)."},
		{5002738, weak},
		{5002723, weak},
		{50032, weak},
	}
}

func federationRemedies() []signInRemedy {
	const open = " Open the app registration (Certificates & secrets > Federated credentials), or the managed identity (Settings > Federated credentials). {token} {expected} " +
		"A new federated credential takes effect after some minutes."
	const restricted = "The tenant restricts from where federated credentials may come. Ask an administrator of the tenant to allow the issuer of the token. {token}"
	const unreachable = "Microsoft Entra could not reach the issuer of the token or its keys. The issuer's address must be public, with a valid certificate. If it is, " +
		"sync again later. {token}"
	const otherCloud = "A federated credential does not work across clouds. Register an application in the cloud of the environment, and check authority_host."
	return []signInRemedy{
		{70025, "The app registration has no federated credential." + open},
		{700211, "No federated credential of the app registration has the issuer of the token." + open},
		{700212, "No federated credential of the app registration has the audience of the token, which has to be {audience}." + open},
		{700213, "No federated credential of the app registration has the subject of the token." + open},
		{7002131, "No flexible federated credential of the app registration has an expression that matches the token." + open},
		{7002138, "A federated credential differs from the token in upper and lower case alone, which counts." + open},
		{70021, "No federated credential of the app registration matches the token." + open},
		{7000226, "A policy of the app registration or of the tenant does not allow this federated credential." + open},
		{700223, restricted},
		{700238, restricted},
		{70052, "An identity of this kind cannot be used as a federated credential. Use a user-assigned managed identity. {token}"},
		{700229, "The token is not one of an application, and only those can be used as a federated credential. Enter the path of a file with another token as {token_file}. {token}"},
		{900382, otherCloud},
		{900432, otherCloud},
		{90061, unreachable},
		{900612, unreachable},
		{50166, unreachable},
	}
}
