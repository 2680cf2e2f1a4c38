// Package inspect finds what is wrong with a configuration and its environment before a sync fails.
//
// [Inspect] gathers [Facts] in a few requests, and [Facts.Findings] derives the list of [Finding] values from them, the most
// severe first, without I/O. check reports the errors and logs the others, doctor shows all findings to a person, and read
// logs the warnings that concern its streams.
package inspect
