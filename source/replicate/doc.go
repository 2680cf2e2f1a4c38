// Package replicate reads streams: their rows in full, or the changes since the last sync by Dataverse's change tracking. It
// saves their checkpoints, and reads several streams at once.
//
//  1. ModeOf decides once how a stream is read: in full at every sync, or in full once and then by its changes.
//  2. A full refresh reads the pages of the table one after the other, and continues where the same job was interrupted.
//  3. A tracked stream opens with the saved state, or as a resync where rows may stand in the destination without one.
//  4. A table of one page is read with its delta token in one response. A larger one takes its token first, by a token scan
//     of the keys alone, so that whatever happens to its rows while they are read comes with the changes.
//  5. The snapshot reads all rows, as change tracking, so that the service refuses a user who does not see every row.
//  6. Where the known keys of a small table can tell which rows were deleted while no changes were followed, those rows are
//     reconciled before the changes are.
//  7. Then the changes since the delta token are followed to a new delta link, under today's columns where the service takes
//     them with the token, and else by the keys of the changed rows.
//  8. A page is sent only once it has arrived whole, between two states: a state with its greatest cursor and its keys goes
//     ahead of it wherever the last one lacks them, and one that leads behind it follows.
//  9. An error of the service has one cause, and a table of places and causes decides what follows: the scan begins again, a
//     column is dropped, changes are read by their keys, or the delta token is given up for a resync. Without evidence the
//     stream ends and its state stays.
//  10. What a resync cannot know is reported at every sync until a refresh removes the rows, or until it has been found out.
package replicate
