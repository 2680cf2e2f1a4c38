// Package finops reads from finance & operations apps of Dynamics 365 through data packages: the exports of data management
// projects (Microsoft, "Data management package REST API").
//
// A [Project] lists entities, each as a [Line]. An [Entity] is what the public metadata describes of one of them: its properties
// with their types and its key. An [Execution] is one export of a project for one company, which becomes a package: a zip file
// with a manifest and a file for each entity. Package entityfile reads those files.
package finops
