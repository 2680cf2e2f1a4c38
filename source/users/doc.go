// Package users reads one environment as several application users, each with service protection limits of its own.
//
// A [Pool] holds the users. [Pool.SignIn] identifies them, [Pool.Compare] finds out which of them may read which tables,
// and [Pool.Assign] returns the environment as one of them sees it: a [Scan], which keeps its user as long as that user
// can read the table, and then continues with another one that may read as much.
package users
