// Package queries embeds the product's judgement: one folder a report, one
// .sql file a rule; in the root the saved queries; and the permission
// catalog. Nothing in it computes; internal/rules reads FS, and Catalog goes
// into each snapshot as the view permission_catalog. Start with FS.
//
// A rule is added by a file and its fixture under testdata, without any Go.
package queries
