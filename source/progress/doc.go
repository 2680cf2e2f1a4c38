// Package progress shows people how far a sync is and, at its end, what it did.
//
//  1. A [Sync] has counters for each stream. The streams change them by page, not by row, through the interfaces that package
//     replicate declares.
//  2. [Sync.Snapshot] returns the values of all counters at a moment. Whatever shows progress reads them there.
//  3. [Sync.Watch] is the one goroutine that reads them regularly: it logs the state of the sync every half minute, and takes
//     the samples over time.
//  4. [Sync.End] logs a summary. [Sync.Report] returns the same figures, with the warnings, the failures and the samples.
//
// A record counts once it has been written to the output, not when it arrives: the figures are those that a destination
// counts.
package progress
