// Package inspect finds out what is wrong with a configuration and its environment before a sync does, or would at night.
//
// [Inspect] gathers [Facts] in a few requests, and [Facts.Findings] draws the conclusions: a list of [Finding], what matters
// most first. The second step is a pure function of the first. check reports the errors and warnings, doctor shows all
// findings to a person, and read warns of what concerns its streams.
package inspect
