// Package finding is the vocabulary that rules, history and reports share.
//
// Start with [Finding]: one subject on which one rule has something to say. A
// finding has a [Subject], a [Severity], a [Status] and a [Key] that stays the
// same from snapshot to snapshot; its evidence is a list of [Value], whose kinds
// follow from the names of their columns, see [KindOf]. A [Change] is what
// differs between two snapshots. The package imports nothing of this program
// and knows no format: JSON, workbooks and tables are written elsewhere.
package finding
