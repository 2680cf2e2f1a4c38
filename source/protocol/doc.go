// Package protocol speaks the Airbyte protocol as a source does: it reads the command line, the configured catalog and
// the state, and writes the messages. It knows nothing of what is read.
//
// https://docs.airbyte.com/platform/understanding-airbyte/airbyte-protocol tells the protocol's rules.
package protocol
