package sanitize

import "io"

// MaxLine is the length of the longest value that is shown on a line, in UTF-16
// units: nobody reads the end of 40,000 characters, and a table pads each row to
// its widest. Files for programs have all of it.
const MaxLine = 2000

// Line is for one line on a terminal: no escape sequence, no line break, no
// change of direction, no end that is out of sight.
func Line(s string) string { return Cut(visible(s, ""), MaxLine) }

// Lines is for text on a terminal whose line breaks and tabs are ours.
func Lines(s string) string { return visible(s, "\n\t") }

// Writer is for finished lines of a log, in JSON or with values quoted as in Go.
// Control characters are escaped there already, but a terminal obeys more than
// those. Each Write has whole lines; its errors are those of w.
func Writer(w io.Writer) io.Writer { return writer{w} }

type writer struct{ w io.Writer }

func (i writer) Write(p []byte) (int, error) {
	if _, err := i.w.Write(escapeJSON(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
