// Package config reads the connector's configuration, says what is wrong with it in sentences for the person who wrote
// it, and keeps its secrets out of every text.
package config
