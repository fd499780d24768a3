// Package sanitize makes text that strangers wrote harmless where it is shown:
// names of tokens, reasons, repositories and topics may have been chosen by an
// attacker.
//
// Start with [Line], for one line on a terminal. There is one function for each
// kind of output: [Lines] and [Writer] for terminals, [CSV], [Markdown] and its
// variants, [JSON] and [AppendJSON], [Cell] and its neighbours for workbooks. A
// writer never prints a string that has not gone through the function of its
// output. Text that is cut says so, and what was made harmless is shown as an
// escape, so that a reader sees that it was there.
package sanitize
