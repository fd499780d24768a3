package rows

import (
	"bufio"
	"strconv"

	"auditor/internal/finding"
)

// jsonRows writes an array of objects, one a line, keys in the order of the
// columns.
type jsonRows struct {
	w      *bufio.Writer
	object []finding.Value // of the row that is being written
	line   []byte
	rows   int
}

func newJSON(w *bufio.Writer, _ int) writer { return &jsonRows{w: w} }

func (j *jsonRows) header(columns []string) error {
	for _, name := range uniqueKeys(columns) {
		j.object = append(j.object, finding.Value{Column: name})
	}
	_, err := j.w.WriteString("[")
	return err
}

func (j *jsonRows) row(values []any) (err error) {
	for i, v := range values {
		j.object[i].Value = v
	}
	if j.line, err = AppendObject(j.line[:0], j.object); err != nil {
		return err
	}
	separator := ",\n"
	if j.rows++; j.rows == 1 {
		separator = "\n"
	}
	j.w.WriteString(separator)
	_, err = j.w.Write(j.line) // a bufio.Writer remembers its first error
	return err
}

func (j *jsonRows) close() error {
	end := "]\n"
	if j.rows > 0 {
		end = "\n]\n"
	}
	_, err := j.w.WriteString(end)
	return err
}

// uniqueKeys renames columns of the same name, as in a join, so that no value
// is lost: id, id_2.
func uniqueKeys(columns []string) []string {
	out, seen := make([]string, len(columns)), map[string]bool{}
	for i, name := range columns {
		out[i] = name
		for n := 2; seen[out[i]]; n++ {
			out[i] = name + "_" + strconv.Itoa(n)
		}
		seen[out[i]] = true
	}
	return out
}
