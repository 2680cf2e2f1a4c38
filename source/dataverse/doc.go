// Package dataverse is a client of the Microsoft Dataverse Web API, in the API's own nouns: organization, table,
// column, page, changes.
//
// # A client
//
// A [Client] reads from one environment on behalf of one user. It only sends GET requests, or GET requests inside a
// POST of $batch where a url is too long, so every request may be repeated. A Client is safe for concurrent use and is
// meant to be shared: its limiter keeps all requests of the user within what the service recommends, and a pause that
// the service asks for applies to all of them.
//
// [Client.Page] reads one page of rows or changes into a [Sink], and returns its links. [Client.Tables] reads
// definitions of tables, [Client.Choices] the options of their choice columns, and [Client.Metadata] definitions as rows.
// [Client.WhoAmI], [Client.Privileges], [Client.RowCounts] and [Client.DeltaTokenDays] return one fact each.
//
// # The life of a request
//
// A request waits for a slot of the limiter, is signed with a token and sent. Its response is read completely into
// memory, still compressed, and its slot is released before anything is decoded, so that a slow destination never keeps
// the service waiting. Only then is the body decompressed, up to a limit, and decoded. A [RetryPolicy] decides whether
// a failed attempt is repeated; call.go describes the order of these events.
//
// # What errors mean
//
// Every error of a request is a [*RequestError], which names the operation. It wraps one of these:
//
//   - [*APIError]: the service, or a proxy in its place, refused the request. If [APIError.Inconclusive] is true, the
//     refusal says nothing about the request, and no token, checkpoint or selection may be given up because of it.
//   - [*BrokenResponseError]: a response with status 200 was incomplete, or was not what was requested.
//   - [*ResponseTooLargeError]: a response exceeds its limit in memory.
//   - [*WaitError]: the service asked for a longer pause than the request may take.
//   - [*ConnectionError] and [*SignInError]: there was no response, or no token for the request.
//   - [ErrLinkOutside]: a link leads out of the environment, and is not followed.
//   - [ErrSink]: the caller's own [Sink] failed.
//
// [TooExpensive] reports whether a smaller page may succeed where this one failed.
package dataverse
