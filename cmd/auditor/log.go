package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"auditor/internal/sanitize"
)

// longestValue is the most bytes of one value in a log line. Reasons and
// messages of servers are as long as a stranger wants.
const longestValue = 4096

// newLog logs one line for each record, whatever its values are: slog quotes
// what would end a line, the writer makes the rest inert.
func newLog(w io.Writer, format string, o *slog.HandlerOptions) *slog.Logger {
	w = sanitize.Writer(w)
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

func (a *app) logOptions() *slog.HandlerOptions {
	o := &slog.HandlerOptions{ReplaceAttr: shortValue}
	switch {
	case a.isQuiet:
		o.Level = slog.LevelWarn
	case a.isVerbose:
		o.Level = slog.LevelDebug
	}
	return o
}

// shortValue cuts the value of an attribute, or the message.
func shortValue(_ []string, a slog.Attr) slog.Attr {
	text := ""
	switch v := a.Value.Any().(type) {
	case string:
		text = v
	case error:
		text = v.Error()
	}
	if len(text) > longestValue {
		text = strings.ToValidUTF8(text[:longestValue], "") + fmt.Sprintf("… [cut, %d bytes in all]", len(text))
		a.Value = slog.StringValue(text)
	}
	return a
}
