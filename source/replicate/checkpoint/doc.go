// Package checkpoint holds the states of streams: what a saved state guarantees, how one state follows from another,
// and how states are encoded for the protocol. It does no I/O and never waits.
//
// A tracked table goes through these phases. Each arrow is a transition of State.
//
//	               one page is all
//	   +------------------------------------+
//	   |                                    v
//	Start ---> TokenScan ---> Snapshot ---> Changes --+
//	   ^  more               |    ^         ^  |  ^   | the next sync,
//	   |  pages              v    |         |  |  +---+ the next page
//	   |       ReconcileDeletions-+---------+  |
//	   |                                       |
//	   +--------------- Resync <---------------+
//
// A token scan takes a delta token before any row is read, so that the changes include whatever happens to the rows
// afterwards. Only Resync gives up a delta token. ReconcileDeletions is between a snapshot and its changes if the known
// keys show which rows of the destination no longer exist.
//
// A stream whose changes are not followed has one phase: ByVersion or ByTime if the new and changed rows of a table without
// change tracking are read, otherwise FullRefresh.
//
// # What a state proves
//
// A platform saves a state some time after the destination has committed the records before it, and a destination may
// commit records whose state is never saved. A saved state therefore proves what was sent before it, but nothing about
// what an interrupted process sent after it. Following the changes since its delta token settles that: they include
// such a row or its deletion. A doubt remains only if the token is given up, or if the state does not have one yet.
package checkpoint
