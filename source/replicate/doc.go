// Package replicate reads streams: their rows in full, or the changes since the last sync by Dataverse's change tracking. It
// saves their checkpoints, and reads several streams at once.
//
//  1. ModeOf decides once how a stream is read: in full at every sync, or in full once and then by its changes.
//  2. A full refresh reads the pages of the table one after the other, and continues where the same job was interrupted.
//  3. A tracked stream opens with the saved state, or as a resync if the destination may have rows without a state.
//  4. A table of one page is read with its delta token in one response. A larger one takes its token first, by a token
//     scan of the keys alone, so that the changes include whatever happens to the rows while they are read.
//  5. The snapshot reads all rows with the preference of change tracking, so that the service rejects a user who does
//     not see every row.
//  6. If the known keys of a small table show which rows were deleted while no changes were followed, these deletions
//     are sent before the changes are read.
//  7. Then the changes since the delta token are followed to a new delta link: with the selected columns if the service
//     accepts them with the token, otherwise by the keys of the changed rows.
//  8. A page is sent only after it has arrived completely, between two states: before it, unless the last state already
//     has them, a state with its max cursor and its keys; after it, a state that continues with the next page.
//  9. An error of the service has one cause, and a table of places and causes decides the action: the scan restarts, a
//     column is dropped, changes are read by their keys, or the delta token is given up for a resync. Without evidence
//     the stream ends and its state stays.
//  10. Deletions that a resync cannot detect are reported in every sync until a refresh removes the rows, or until they
//     have been found.
package replicate
