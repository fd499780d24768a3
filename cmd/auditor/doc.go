// Auditor audits GitHub organizations: it collects the fine-grained personal
// access tokens with access to them, pending token requests, the repositories
// each can reach, and every repository's security settings into a SQLite
// snapshot, evaluates the snapshot with rules written in SQL, and writes reports.
//
// # Commands
//
//	auditor demo      try everything against a simulated GitHub, without credentials
//	auditor run       collect, report, prune: what cron calls
//	auditor collect   only the snapshot
//	auditor report    only the reports, from an existing snapshot
//	auditor query     ask a snapshot, or the history, in SQL
//	auditor diff      what changed between two snapshots
//	auditor snapshots list, verify and prune them; rebuild the history
//	auditor rules     list, show and check the rules
//	auditor version   the version
//
// Results go to stdout, everything else to stderr.
//
// # Exit statuses
//
//	0  done
//	1  could not do the job
//	2  mistake on the command line or in the configuration
//	3  done, with findings at or above --fail-on
//	4  done, but a required resource is not complete: the snapshot and the
//	   reports exist and say so
//
// 1 wins over 4, 4 over 3.
//
// # Files
//
// The configuration is config.yaml; config.example.yaml shows every key.
// Files that it names are relative to it. Snapshots are one SQLite database a
// run, named after its start in UTC, with their SHA-256 beside them; a
// published snapshot is never changed. What a run that dies has collected is
// kept as a .partial file, which the next run resumes within six hours.
// Beside them, history.db remembers what was true in each of them, also in those
// that were pruned.
package main

const manual = `Auditor collects the fine-grained personal access tokens of GitHub organizations,
pending token requests, the repositories each can reach, and every repository's
security settings into a SQLite snapshot; evaluates it with rules written in SQL;
and writes spreadsheets and JSON.

Try it without credentials:  auditor demo

Exit statuses: 0 done; 1 could not do the job; 2 mistake on the command line or in
the configuration; 3 done, with findings at or above --fail-on; 4 done, but a
required resource is not complete (snapshot and reports exist and say so).`
