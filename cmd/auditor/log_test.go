package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// hostileTexts is what servers and strangers say.
var hostileTexts = []string{
	"two\nlines", "time=2026-11-21T02:00:00Z level=INFO msg=forged", "a\r\nb\rc", "\x1b[2J\x1b]0;title\x07", "\u009b31m", "nul\x00", "\x7f", "abc\u202egnp.exe", "\u2066\u2069",
	"zero\u200bwidth", "ad\u200dmin", "\u2028\u2029", "\u3164\U000e0101\U000e0041", "bad\xff\xfeutf8", "\xed\xa0\x80", `"quoted" \ back`, "{\"a\":1}", "<b>&", strings.Repeat("ü", 40000), "", " ", "日本 👩‍💻",
}

func TestLogIsInert(t *testing.T) {
	t.Parallel()
	for _, text := range hostileTexts {
		checkLog(t, text)
	}
}

func FuzzLog(f *testing.F) {
	for _, text := range hostileTexts {
		f.Add(text[:min(len(text), 200)])
	}
	f.Fuzz(checkLog)
}

// checkLog logs the text wherever there is one: it stays one line, of which
// each rune is seen, and a program reads exactly what it was.
func checkLog(t *testing.T, text string) {
	t.Helper()
	for _, format := range []string{"text", "json"} {
		var b bytes.Buffer
		a := &app{env: &environment{stderr: &b}, logFormat: format}
		if err := a.setLog(); err != nil {
			t.Fatal(err)
		}
		a.log.Warn(text, "text", text, "error", errors.New(text), slog.Group("group", "inner", text))
		line, ok := strings.CutSuffix(b.String(), "\n")
		if at := strings.IndexFunc(line, acts); !ok || at >= 0 || !utf8.ValidString(line) {
			t.Errorf("%s: %.60q is logged as %.200q", format, text, b.String())
		}
		if len(line) > 4*(6*longestValue+100) {
			t.Errorf("%s: a line of %d bytes", format, len(line))
		}
		if format == "json" {
			checkJSONLine(t, line, text)
		}
	}
}

// acts returns what a terminal obeys, or hides.
func acts(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) || unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' || r == '\u3164'
}

func checkJSONLine(t *testing.T, line, text string) {
	t.Helper()
	var got struct {
		Msg, Text, Error string
		Group            struct{ Inner string }
	}
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatalf("%.60q: %v in %.200q", text, err, line)
	}
	want := string([]rune(text)) // broken bytes as U+FFFD
	for _, s := range []string{got.Msg, got.Text, got.Error, got.Group.Inner} {
		if len(text) <= longestValue && s != want || len(text) > longestValue && !strings.Contains(s, "… [cut, ") {
			t.Errorf("%.60q came back as %.60q", text, s)
		}
	}
}

// What the program prints before it gives up is as inert.
func TestToldErrorsAreInert(t *testing.T) {
	t.Parallel()
	for _, text := range hostileTexts {
		if strings.Contains(text, "\n") { // line breaks of an error are ours: those of servers are gone by then
			continue
		}
		var b bytes.Buffer
		a := &app{env: &environment{stderr: &b}, logFormat: "text"}
		a.printError(errors.New(text))
		line, ok := strings.CutSuffix(b.String(), "\n")
		if at := strings.IndexFunc(line, acts); !ok || at >= 0 || !strings.HasPrefix(line, "auditor:") {
			t.Errorf("%.60q is printed as %.200q", text, b.String())
		}
	}
}
