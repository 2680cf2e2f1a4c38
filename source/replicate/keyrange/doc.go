// Package keyrange divides the rows of a table into ranges of the primary key that can be read independently of each other, and
// holds what proves that together they are all rows. It is pure: it does no I/O and never waits.
//
//  1. Key has the order in which SQL Server compares uniqueidentifiers, and so the order of rows in a query of Dataverse.
//  2. Sample keeps evenly spaced keys of a scan of all keys. Quantiles of it divide the table into ranges of similar size.
//  3. Ranges are the half-open ranges that are still to be read, (After, UpTo]. Each key is in at most one of them. A page moves
//     the lower bound of its range, a range that is read to its end disappears, and an open one can be halved.
//  4. CheckPage verifies that a page has the order and the range that were requested, and Sample.Missing returns the keys that
//     it should have and lacks.
//  5. Difference finds the keys that a scan has returned and the ranges have not sent, without keeping all keys. Totals are the
//     part of that comparison that fits in a state.
package keyrange
