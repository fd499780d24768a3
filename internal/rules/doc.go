// Package rules evaluates query files: a rule is one .sql file, a snapshot goes
// in, findings come out. Start with Load, which reads a Set from folders and
// reports every defect as a compiler does; then Set.Check, which compiles all
// of them, and Evaluate.
//
// # A rule file
//
// The path is the identity: REPORT/NAME.sql has the id REPORT/NAME. A file
// without a severity is a saved query; REPORT/inventory.sql is the sheet with
// the whole population of its report, and each REPORT/inventory-NAME.sql one
// more sheet of its workbook, with as many rows as there are. The header is the
// leading run of lines that begin with "--"; the whole file goes to SQLite as
// it is.
//
//	-- Token that nobody uses
//	--
//	-- Prose: why it matters, in paragraphs.
//	--
//	-- severity: medium
//	-- enabled: no
//	-- param: days integer 90 -- days without use after which a token counts as unused
//	-- population: tokens WHERE is_expired = 0
//	-- remediation: Ask the owner first. @revoke-token A line that is indented
//	--   by two spaces or more continues the key above it.
//	-- see: https://docs.github.com/…
//	-- formerly: stale-tokens/idle
//
//	SELECT
//	  'fail' AS status, …
//
// @revoke-token, where a sentence of the remediation can begin, is replaced by
// the text of _remediation/revoke-token.txt, of any Source: a paragraph that
// many rules share is written once. An unknown name is a Problem.
//
// A rule with enabled: no is for a policy that not everybody has: it is off
// until rules.settings of the configuration says enabled: true.
//
// A parameter of a saved query may lack its default (-- param: repository text
// -- owner/name or a glob): then the query can only be asked with a value, by
// auditor query --param repository=VALUE. A rule runs by itself, so all of its
// parameters have defaults. The kinds are integer, number, text and
// boolean; a text default with spaces, or an empty one, is written in 'quotes'.
//
// The columns of a rule are status (fail or unknown), subject, org, reason and
// then evidence, one row a subject. A column named severity among the evidence
// overrides the rule's severity for its row; NULL there leaves it.
package rules
