// Package replicate reads streams: their rows in full, or their changes since the last sync by the change tracking of
// Dataverse. It saves checkpoints and reads several streams at once.
//
//  1. ModeOf decides once how a stream is read: in full at every sync, or in full once and from then on by its changes.
//  2. A full refresh reads the pages of the table one after the other. A later attempt of the same job resumes where the last
//     one was interrupted.
//  3. A tracked stream starts from the saved state. Without a state it starts with a resync if the destination may hold rows.
//  4. A table of one page is read together with its delta token. For a larger table, and for one whose rows need annotations,
//     the token is taken first, by a token scan of the keys alone, so that changes made while the rows are read arrive with
//     the changes.
//  5. The snapshot reads all rows with the preference of change tracking: the service refuses it to a user who does not see
//     every row.
//  6. If the keys of a small table are known from before a time in which no changes were followed, its deletions are
//     reconciled before the changes are read: the rows that no longer exist are deleted.
//  7. The changes are read from the delta token to a new delta link. They carry the columns selected now if the service
//     accepts these with the token. Otherwise only the keys of the changed rows are taken, and the rows are read by their keys.
//     The same follows if changes that are requested with annotations end without a delta link.
//  8. A page is sent only after it has arrived completely. If the last state lacks the page's max cursor or its keys, a state
//     that has them is sent before the page. A state that leads to the next page is sent after it.
//  9. An error of the service is classified as one cause, and a table by place and cause decides what follows: the scan begins
//     again, a column is dropped, changes are read by their keys, or the delta token is given up for a resync. Without
//     evidence for any of these the stream fails and keeps its state.
//  10. A table without change tracking is read in full once, and from then on the rows with a later versionnumber, up to a bound
//     below which no transaction can still commit, or with a later modifiedon or createdon. Deletions are not seen.
//  11. Deletions that a resync cannot detect are reported at every sync, until they are detected or a refresh removes the rows.
package replicate
