package sanitize

import (
	"strings"
	"testing"
	"unicode/utf16"
)

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain ünïcode 日本 👩‍💻": "plain ünïcode 日本 👩‍💻",
		"a\x00b\x1b[31m":       `a\u0000b\u001b[31m`,
		"\u202eabc\u2066":      `\u202eabc\u2066`,
		"a\r\nb\tc\n":          `a\nb c\n`,
		"x\xffy":               "x\ufffdy",
		"tag\U000e0041":        `tag\U000e0041`,
		"\u009b31m\x7f":        `\u009b31m\u007f`,

		// Joiners and selectors where they belong, and where they do not.
		"🏳️‍🌈 می\u200cخواهم 1️⃣ ©️": "🏳️‍🌈 می\u200cخواهم 1️⃣ ©️",
		"ad\u200dmin\ufe0f":         `ad\u200dmin\ufe0f`,
		"\u200ca \u200d":            `\u200ca \u200d`,
		"م\u200c\u200d\u200cم":      "م\u200c" + `\u200d` + `\u200cم`,
		"❤\ufe0f\ufe0e\u202e\u200d": "❤\ufe0f" + `\ufe0e\u202e\u200d`,
		// Accents of Vietnamese and Hebrew, and a tower of them.
		"ệ e\u0302\u0323 שָּׁ":                   "ệ e\u0302\u0323 שָּׁ",
		"a" + strings.Repeat("\u0301", 10) + "b": "a" + strings.Repeat("\u0301", 8) + `\u0301` + "\u0301b",
		// Letters that cannot be seen, and selectors that carry bytes.
		"a\u3164b\u115fc\ufe01d\U000e0101": `a\u3164b\u115fc\ufe01d\U000e0101`,
	} {
		if got := visible(in, ""); got != want {
			t.Errorf("visible(%q) = %q, want %q", in, got, want)
		}
		if again := visible(want, ""); again != want {
			t.Errorf("visible(%q) = %q: not the same again", want, again)
		}
	}
}

func TestCutIsVisibleAndFits(t *testing.T) {
	for _, s := range []string{strings.Repeat("a", 40000), strings.Repeat("😀", 20000), strings.Repeat("é", 32768)} {
		got := Cut(s, MaxCell)
		if n := len(utf16.Encode([]rune(got))); n > MaxCell || n < MaxCell-60 {
			t.Errorf("%d units", n)
		}
		if !strings.Contains(got, "[cut, ") {
			t.Errorf("nothing says that it was cut: …%q", got[len(got)-20:])
		}
	}
	if s := strings.Repeat("é", MaxCell); Cut(s, MaxCell) != s {
		t.Error("a text that fits was cut")
	}
}

func TestCSV(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\t=1": "' =1", `"=1`: `'"=1`, `a;"=1`: `a;'"=1`, "  =1": "'  =1", "＝1": "'＝1", "−1": "'−1", "\u00a0=1": "'\u00a0=1",
		"a;=1": "a;'=1", "a\n=1": "a\n'=1", "a; -b": "a;' -b", "a\n\n+0": "a\n\n'+0", "a;\n;=1": "a;\n;'=1",
		"release-bot": "release-bot", "a=b": "a=b", "[1,-2]": "[1,-2]", "": "",
	} {
		if got := CSV(in); got != want {
			t.Errorf("CSV(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	for in, want := range map[string]string{
		"<b>&amp;":             "&lt;b&gt;&amp;amp;",
		"@octocat #1":          "@&#8203;octocat #&#8203;1",
		`a|b\|c`:               "a&#124;b&#92;&#124;c",
		"[x](https://e.test)":  `&#91;x&#93;(https&#58;&#8203;//e.test)`,
		"`code` **b** _i_ ~s~": "\\`code\\` \\*\\*b\\*\\* \\_i\\_ \\~s\\~",
		"www.e.test WWW.":      "www&#8203;.e.test WWW&#8203;.",
		"GH-1 gh-deploy":       "GH-&#8203;1 gh-deploy",
		"a\nb":                 `a&#92;nb`,
	} {
		if got := Markdown(in); got != want {
			t.Errorf("Markdown(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCell(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a\nb\x00": "a\nb" + `\u0000`, "=1": "=1", "snake_case_x_y": "snake_case_x_y", "_x12_": "_x12_",
		"_x0022_": `\u005fx0022_`, "my_xtest_name": `my\u005fxtest_name`, "_x0041_x202E_": `\u005fx0041\u005fx202E_`, "é_xD800_": `é\u005fxD800_`,
	} {
		if got := Cell(in); got != want {
			t.Errorf("Cell(%q) = %q, want %q", in, got, want)
		}
	}
}
