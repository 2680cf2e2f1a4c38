// Package config reads the connector's configuration, describes its problems in sentences for the person who wrote it,
// and keeps its secrets out of every message.
//
// [Load] validates the file against spec.json, then applies the bounds that spec.json cannot have without rejecting
// configurations that work today. Its error, an [Error], has every problem at once. [Config.Redact] masks the secrets in
// a text in whatever encoding they appear, and a [Secret] prints as stars. A [Selection] is the tables to offer.
package config
