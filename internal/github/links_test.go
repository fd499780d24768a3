package github

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// A list is complete only if the links between its pages prove it. What was read
// stays, whatever comes after it.
func TestBrokenChains(t *testing.T) {
	for _, tt := range []struct {
		name  string
		path  string
		links []string // of the pages 1, 2, …; "P" stands for the address up to the number
		items []int    // on each page
		want  string   // the numbers of the pages received, in their order
		err   string   // "" for a list that is whole
	}{
		{"the last page is empty and without links", "x", []string{"<P=2>; rel=next, <P=3>; rel=last", "<P=1>; rel=prev, <P=3>; rel=next, <P=3>; rel=last", ""},
			[]int{1, 1, 0}, "1 2", "GET /x: page 3 has no links: the list may go on"},
		{"a page in the middle is without links", "x", []string{"<P=2>; rel=next, <P=3>; rel=last", "", "<P=2>; rel=prev, <P=1>; rel=first"},
			[]int{1, 1, 1}, "3 2", "GET /x: there is no link to the page before this one"},
		{"the same, read forwards", Forward("x"), []string{"<P=2>; rel=next, <P=3>; rel=last", "", "<P=2>; rel=prev, <P=1>; rel=first"},
			[]int{1, 1, 1}, "1 2", "GET /x: page 2 has no links: the list may go on"},
		{"the first page is not where the way back ends", "x", []string{"<P=2>; rel=next, <P=3>; rel=last", "<P=1>; rel=first", "<P=2>; rel=prev, <P=1>; rel=first"},
			[]int{1, 1, 1}, "3 2", "GET /x: there is no link to the page before this one"},
		{"no way back from the last page", "x", []string{"<P=2>; rel=next, <P=3>; rel=last", "<P=1>; rel=first, <P=3>; rel=next, <P=3>; rel=last", "<P=1>; rel=first"},
			[]int{1, 1, 1}, "1 2 3", ""},
		{"it ends before the page that was named last", Forward("x"), []string{"<P=2>; rel=next, <P=3>; rel=last", "<P=1>; rel=prev, <P=1>; rel=first"},
			[]int{1, 1}, "1 2", "GET /x: the list ended at page 2 of 3"},
		{"it goes on behind the page that it names last", Forward("x"), []string{"<P=2>; rel=next, <P=2>; rel=last", "<P=1>; rel=prev, <P=3>; rel=next, <P=2>; rel=last", ""},
			[]int{1, 1, 1}, "1 2", "GET /x: page 3 comes after the last one, 2"},
		{"a loop", Forward("x"), []string{"<P=2>; rel=next", "<P=1>; rel=next"},
			[]int{1, 1}, "1 2", "GET /x: the links between the pages are a loop"},
		{"it grew", Forward("x"), []string{"<P=2>; rel=next, <P=2>; rel=last", "<P=1>; rel=prev, <P=3>; rel=next, <P=3>; rel=last", "<P=2>; rel=prev"},
			[]int{1, 1, 1}, "1 2 3", ""},
		{"an only page that is full, and links that were dropped", "x?per_page=2", []string{"", ""},
			[]int{2, 1}, "1 1 2", "GET /x: page 2 has no links: the list may go on"},
		{"an only page that is full", "x?per_page=2", []string{"", ""}, []int{2, 0}, "1 1", ""},
		{"a page that is not full", "x?per_page=2", []string{"", ""}, []int{1, 1}, "1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, nil)
			f.handle = func(w http.ResponseWriter, r *http.Request) {
				number := max(1, numberOf(r.URL.String()))
				if number > len(tt.links) {
					t.Errorf("page %d requested", number)
					number = len(tt.links)
				}
				address := fmt.Sprintf("%s/x?per_page=%s&page", f.url, r.URL.Query().Get("per_page"))
				w.Header().Set("Link", strings.ReplaceAll(tt.links[number-1], "<P", "<"+address))
				text := strings.TrimSuffix(strings.Repeat(strconv.Itoa(number)+",", tt.items[number-1]), ",")
				fmt.Fprintf(w, "[%s]", text)
			}
			items, pages, err := collect(t, f.session(f.withToken), tt.path)
			if got := strings.Join(items, " "); got != tt.want {
				t.Errorf("got the items %q, want %q", got, tt.want)
			}
			if tt.err == "" && err == nil {
				return
			}
			wantText(t, err, tt.err)
			// The next run asks for the page where the chain broke once more.
			if n := len(pages); n < 2 || pages[n-2].Next == "" || pages[n-1].Items != nil {
				t.Errorf("got pages %v", pages)
			}
			wantError[*ChainError](t, err)
		})
	}
}
