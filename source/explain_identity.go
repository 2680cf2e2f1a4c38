package source

import (
	"strings"

	"source-microsoft-dataverse/source/auth"
)

// explainTokenFile explains a token file of a workload identity that cannot be sent.
func (s situation) explainTokenFile(file *auth.TokenFileError) explanation {
	where := "The platform writes it: in AKS the workload identity webhook, for pods with the label azure.workload.identity/use: \"true\". " +
		"If another program writes it, check that program and " + s.credential("token_file_path") + "."
	if file.Temporary() {
		return transientError("The connector could not sign in: %v It was usable earlier in this run. %s later.%s %s", file, s.again(), s.resumes(), where)
	}
	return configError("The connector could not sign in: %v %s", file, where)
}

// credential returns the path of a setting of the credentials of the application user that the error is about.
func (s situation) credential(name string) string {
	user := s.user()
	return user.In("credentials." + name)
}

// whereIdentitiesExist is what to check where no endpoint of managed identities is found.
const whereIdentitiesExist = "A managed identity exists on virtual machines, App Service, Container Apps, Service Fabric and Azure Arc only, and has to be " +
	"assigned to the machine (in the Azure portal under Identity). In AKS, and outside Azure, choose another kind of credentials, such as workload_identity. If " +
	"the variable IDENTITY_ENDPOINT or MSI_ENDPOINT is set, check it."

// explainIdentity explains why the managed identity of this machine did not sign in.
func (s situation) explainIdentity(identity *auth.IdentityError) explanation {
	switch {
	case identity.Temporary():
		return transientError("The connector could not sign in: %s.%s %s later.", clause(identity), s.resumes(), s.again())
	case identity.Reason == auth.IdentityUnreachable:
		return configError("No managed identity is available: %s. %s", clause(identity), whereIdentitiesExist)
	case identity.Reason == auth.IdentityTokenStale:
		return configError("The environment rejected the access token of the managed identity, and Azure returned the same token again: Azure keeps it for up " +
			"to 24 hours. Check that url is the environment's own address and that it belongs to the tenant of the identity. If the identity was changed a " +
			"short time ago, sync again tomorrow, or restart the machine or the container.")
	default:
		return configError("The connector could not sign in: %s. Check the managed identity of the machine, in the Azure portal under Identity. On Azure Arc, "+
			"the user that runs the connector must be a member of the group himds.", clause(identity))
	}
}

// explainIdentityRefusal explains a refusal of the endpoint of managed identities. The metadata service passes refusals of Entra on.
func (s situation) explainIdentityRefusal(refused *auth.Error) explanation {
	text := strings.ToLower(refused.Description)
	own := ""
	if refused.Description != "" {
		own = " Its explanation: " + refused.Description
	}
	if e := s.explainSignInCode(refused); e.message != "" {
		return e
	}
	switch {
	case refused.Temporary():
		return transientError("The connector could not sign in: %v.%s%s %s later.", refused, own, s.resumes(), s.again())
	case strings.Contains(text, "multiple user assigned"):
		return configError("The machine has several user-assigned managed identities. Enter the Client ID of one of them as "+
			"%s: the Azure portal shows it on the Overview page of the identity.", s.credential("identity_client_id"))
	case strings.Contains(text, "identity not found"), strings.Contains(text, "no user assigned"), strings.Contains(text, "no managed identity"):
		return configError("The machine does not have this managed identity. Assign it in the Azure portal: open the machine or the app, Identity, and turn on "+
			"System assigned, or add the identity under User assigned. %s is the Client ID of a user-assigned identity, not "+
			"its object ID; leave it empty for the system-assigned one.", s.credential("identity_client_id"))
	case strings.Contains(text, "unreachable"), refused.Name == "" && refused.Description == "": // of Docker Desktop, or of another cloud
		return configError("No managed identity is available: %v.%s %s", refused, own, whereIdentitiesExist)
	default:
		return configError("The connector could not sign in: %v.%s Check the managed identity of the machine, in the Azure portal under Identity, and "+
			"%s.", refused, own, s.credential("identity_client_id"))
	}
}
