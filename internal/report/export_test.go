package report

// What only tests see, which are in a package of their own: package sample, which
// makes their reports, imports this one.
const (
	MarkdownLimit    = markdownLimit
	MarkdownFindings = markdownFindings
	MarkdownChanges  = markdownChanges
	StepSummaryLeast = stepSummaryLeast
)

var (
	Abridge        = abridge
	AppendFinding  = appendFinding
	AppendResolved = appendResolved
	RenderMarkdown = renderMarkdown
	Short          = short
)
