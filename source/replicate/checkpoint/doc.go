// Package checkpoint holds the states of streams: what a saved state promises, how one state follows from another, and
// how states cross the protocol. It does no I/O, and nothing in it waits.
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
// A token scan takes a delta token before any row is read, so that whatever happens to the rows afterwards comes with the
// changes. Only Resync gives a delta token up. Reconcile deletions stands between a snapshot and its changes where the
// known keys can tell which rows the destination holds too many.
//
// A stream whose changes are not followed has one phase, FullRefresh.
//
// # What a state proves
//
// A platform keeps a state some time after the destination has committed the records before it, and a destination may
// commit records whose state is never kept. A saved state therefore proves what happened before it and nothing of what
// an interrupted process sent after it. Following the changes since its delta token settles that: such a row comes again,
// or its deletion does. Only a state whose token is given up, or that has none yet, leaves a doubt behind.
package checkpoint
