package source

// applicationRemedies explains refusals of the app registration and of its enterprise application.
func applicationRemedies() []signInRemedy {
	return []signInRemedy{
		{7000218, "Microsoft Entra received no credential of the application, because the registration is one of a public client. " +
			"Turn off \"Allow public client flows\" in the app registration (Authentication), or register another application."},
		{700025, "The app registration is one of a public client, which cannot sign in by itself. " +
			"Turn off \"Allow public client flows\" in the app registration (Authentication), or register another application."},
		{700016, "The tenant has no application with this client_id. Check that client_id is the Application (client) ID " +
			"and that tenant_id is the directory in which the application is registered."},
		{7000229, "The tenant has no enterprise application (service principal) for this client_id. Ask an administrator of the tenant to create " +
			"it, for example with the command az ad sp create --id followed by the client ID."},
		{7000112, "The application is disabled in the tenant. Ask an administrator to enable it in the Microsoft Entra admin center " +
			"under Enterprise applications."},
		{70001, "The application is disabled or unknown in the tenant. Check client_id and tenant_id, and ask an administrator to enable it in the " +
			"Microsoft Entra admin center under Enterprise applications."},
		{50196, "Microsoft Entra received the same sign-in too often. Wait some minutes, and run fewer connections of the same " +
			"application at the same time."},
	}
}

// tenantRemedies explains refusals of the tenant: it is another one, lacks Dataverse, or has a policy.
func tenantRemedies() []signInRemedy {
	return []signInRemedy{
		{90002, "There is no tenant with this tenant_id. Enter the Directory (tenant) ID from the Overview page of the app " +
			"registration. If the environment is in a national cloud, check url and authority_host."},
		{900023, "The tenant_id is neither a directory ID nor a domain name. " +
			"Enter the Directory (tenant) ID from the Overview page of the app registration."},
		{90038, "The tenant belongs to another cloud than the sign-in host. Set authority_host to the sign-in host of the tenant's cloud, " +
			"for example https://login.microsoftonline.us for US government."},
		{50049, "The sign-in host does not belong to a cloud of Microsoft. Correct or remove authority_host."},
		{500011, "The tenant has no Dataverse environment at this url. Check url, for example https://contoso.crm4.dynamics.com, " +
			"and that the environment belongs to the tenant of tenant_id."},
		{500014, "Dataverse is disabled in the tenant. Ask an administrator to enable Dataverse in the Microsoft Entra admin center under " +
			"Enterprise applications, and to check the subscription."},
		{650052, "The tenant has no subscription for Dataverse. Check that tenant_id is the tenant of the environment, and ask an administrator of " +
			"the tenant to check the subscription."},
		{650057, "The app registration does not list Dataverse among the APIs that it may call. Add the permission \"Dynamics CRM\" in the app " +
			"registration (API permissions)."},
		{501051, "The tenant requires that the application is assigned to Dataverse. Ask an administrator to assign it in the Microsoft Entra admin " +
			"center under Enterprise applications, or to turn off \"Assignment required\" there."},
		{500021, tenantRestriction},
		{5000211, tenantRestriction},
		{53003, "A Conditional Access policy of the tenant blocks the sign-in. " +
			"Ask an administrator to exclude the application from the policy, or to allow its network location."},
		{530032, "A security policy of the tenant blocks the sign-in. Ask an administrator of the tenant to exclude the application from it."},
		{530035, "The security defaults of the tenant block the sign-in. Ask an administrator of the tenant to replace them by policies that exclude " +
			"the application."},
		{5000224, "Microsoft has blocked the tenant. Ask an administrator of the tenant to contact Microsoft."},
		{5000225, "The tenant is blocked because nobody used it. Ask an administrator of the tenant to contact Microsoft."},
	}
}

// tenantRestriction explains the codes of tenant restrictions.
const tenantRestriction = "The tenant restrictions of your network do not allow sign-ins to the tenant of tenant_id: a proxy or the device adds them to " +
	"each sign-in. Ask its administrator to allow the tenant."
