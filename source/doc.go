// Package source implements the verbs of the connector: spec, check, discover, and read of the protocol, and those for people.
//
// [Run] parses the command line and carries out one verb. check, discover, and read load the configuration, connect to
// the environment, and then:
//
//   - check identifies the application user and lists the tables that the configuration selects;
//   - discover reads the definitions of those tables and writes them as a catalog;
//   - read prepares the configured streams, which takes a few requests for the environment as a whole, and hands them to
//     package replicate.
//
// The packages below this one return typed errors. The explain functions turn each of them, here and nowhere else, into
// the sentence that Airbyte shows: what happened, and what to do.
package source
