// Package protocol is the Airbyte protocol from the side of a source. It reads the command line ([ParseCommand]), the
// configured catalog ([ReadConfiguredCatalog]), and the state ([ReadState]), and it writes the messages: a [Writer] is the
// only writer of standard output. The package knows nothing of Dataverse.
//
// The rules of the protocol are at https://docs.airbyte.com/platform/understanding-airbyte/airbyte-protocol.
package protocol
