// Package report presents what an inspection has found to the people who ask for it, and to their programs.
//
// [New] composes a [Report] of findings, timings and estimates. [Report.Text] lays it out for a terminal or a file, and
// [Report.JSON] for a program. All of it is free of I/O.
package report
