// Package timing measures pages of real tables, and derives from them how long a first load will take and how often to sync.
//
// [Measure] requests a page. [FirstLoad] and [Suggest] are free of I/O.
package timing
