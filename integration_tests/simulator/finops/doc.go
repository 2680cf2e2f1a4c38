// Package finops simulates a finance and operations environment as far as the data management package API reaches: data projects
// and their entities over OData, the metadata service, the actions that export a project, and the storage that packages are
// downloaded from. Packages are real ones, in the formats that data management writes.
//
// New makes an Environment. Its API and its Blobs are two HTTP handlers, for two hosts; simulator.StartFinanceOperations serves both over
// TLS and links them to a simulated Dataverse environment. What Microsoft's documentation leaves open is in Behaviors, and
// Environment.Plan decides how the next runs of a project end.
//
// Facts about the service are from Microsoft's documentation: "Data management package REST API", "Data entities and packages
// framework", "Data management error descriptions and known limitations", "Services endpoints overview" and "Open Data Protocol".
package finops
