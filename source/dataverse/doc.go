// Package dataverse is a client of the Microsoft Dataverse Web API that speaks of it in its own nouns: organization,
// table, column, page, changes.
//
// # A client
//
// A [Client] reads from one environment on behalf of one user. It only sends GET requests, or GET requests inside a
// POST of $batch where a url is too long, so every request may be repeated. A Client is safe for concurrent use and is
// meant to be shared: its limiter keeps all requests of the user within what the service recommends, and a pause that
// the service asks for holds back all of them.
//
// [Client.Page] reads one page of rows or changes into a [Sink], and returns its links. [Client.Tables] reads
// definitions of tables. [Client.WhoAmI], [Client.Privileges], [Client.RowCounts] and [Client.DeltaTokenDays] ask for
// one fact each.
//
// # The life of a request
//
// A request waits for a slot of the limiter, is signed with a token and sent. Its response is read whole into memory,
// still compressed, and gives its slot back before anything is decoded, so that a slow destination never keeps the
// service waiting. Only then is the body unpacked, within a bound, and decoded. What fails is classified and repeated by
// a [RetryPolicy]; call.go describes the order of these events.
//
// # What errors mean
//
// Every error of a request is a [*RequestError], which names the operation. It wraps one of these:
//
//   - [*APIError]: the service, or a proxy in its place, refused the request. Where [APIError.Inconclusive] is true the
//     refusal says nothing about the request and nothing must be given up for it.
//   - [*BrokenResponseError]: a response with status 200 was incomplete, or was not what was asked for.
//   - [*ResponseTooLargeError]: a response exceeds its bound in memory.
//   - [*WaitError]: the service asked for a longer pause than the request may take.
//   - [*ConnectionError] and [*SignInError]: there was no response, or no token to ask for one.
//   - [ErrLinkOutside]: a link leads out of the environment, and is not followed.
//   - [ErrSink]: the caller's own [Sink] failed.
//
// [TooExpensive] reports whether a smaller page may succeed where this one failed.
package dataverse
