// Package listing shows the tables of an environment to the people who choose among them, and to their programs.
//
// [Describe] decides what is known of a table: whether its changes can be followed and its rows can be read, and if not,
// why. [Text] lays tables out for a terminal of any width, [JSON] for a program. All of it is free of I/O.
package listing
