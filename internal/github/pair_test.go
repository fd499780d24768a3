package github

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// shrinking serves the numbers from 1 to n as a list, with GitHub's links; change
// may alter the numbers before an answer, given how many were requested.
func shrinking(f *fake, n int, change func(asked int, numbers []int) []int) http.HandlerFunc {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i + 1
	}
	asked := 0
	return func(w http.ResponseWriter, r *http.Request) {
		asked++
		numbers = change(asked, numbers)
		size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		page = max(page, 1)
		last := (len(numbers) + size - 1) / size
		var links []string
		link := func(n int, relation string) {
			links = append(links, fmt.Sprintf(`<%s/organizations/9919/repos?per_page=%d&page=%d>; rel="%s"`, f.url, size, n, relation))
		}
		if page > 1 {
			link(page-1, "prev")
			link(1, "first")
		}
		if page < last {
			link(page+1, "next")
			link(last, "last")
		}
		w.Header().Set("Link", strings.Join(links, ", "))
		from := min(len(numbers), (page-1)*size)
		texts := strings.Fields(fmt.Sprint(numbers[from:min(len(numbers), from+size)]))
		fmt.Fprint(w, strings.Join(texts, ","))
	}
}

// Two pages come as one for two requests, and nothing is lost when an item goes
// or comes in between: then the list is read from its end.
func TestPair(t *testing.T) {
	same := func(_ int, numbers []int) []int { return numbers }
	for _, tt := range []struct {
		name     string
		n        int
		change   func(asked int, numbers []int) []int
		requests string // pages requested, as page/per_page
		want     string // first, last and count of the numbers received
	}{
		{"one page, not full", 99, same, "/100", "1 99 99"},
		{"one page, full and without links", 100, same, "/100 2/100", "1 100 100"},
		{"one more", 101, same, "/100 2/99", "1 101 101"},
		{"as many as two overlapping pages hold", 198, same, "/100 2/99", "1 198 198"},
		{"one more than that", 199, same, "/100 2/99 2/100 1/100", "101 100 199"},
		{"two full pages", 200, same, "/100 2/99 2/100 1/100", "101 100 200"},
		{"three pages", 201, same, "/100 3/100 2/100 1/100", "201 100 201"},
		{"one goes from the first page", 150, func(asked int, numbers []int) []int {
			if asked == 2 {
				return numbers[1:]
			}
			return numbers
		}, "/100 2/99 2/100 1/100", "102 101 149"},
		{"one comes to the first page", 150, func(asked int, numbers []int) []int {
			if asked == 2 {
				return append([]int{999}, numbers...)
			}
			return numbers
		}, "/100 2/99 2/100 1/100", "100 99 151"},
		{"the last of the first page goes", 150, func(asked int, numbers []int) []int {
			if asked == 2 {
				return append(numbers[:99:99], numbers[100:]...)
			}
			return numbers
		}, "/100 2/99 2/100 1/100", "102 101 149"},
		{"one goes from the second page", 150, func(asked int, numbers []int) []int {
			if asked == 2 {
				return numbers[:149]
			}
			return numbers
		}, "/100 2/99", "1 149 149"},
		{"the second page goes", 150, func(asked int, numbers []int) []int {
			if asked == 2 {
				return numbers[:60]
			}
			return numbers
		}, "/100 2/99 2/100 1/100", "1 60 60"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, nil)
			f.handle = shrinking(f, tt.n, tt.change)
			items, pages, err := collect(t, f.session(f.withToken), "orgs/acme/repos")
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(items[0], " ", items[len(items)-1], " ", len(items)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			spent := 0
			for _, p := range pages {
				spent += p.Cost.Requests
			}
			var asked []string
			for _, r := range f.requests("") {
				_, query, _ := strings.Cut(r, "?")
				asked = append(asked, pageOf(t, query))
			}
			if got := strings.Join(asked, " "); got != tt.requests || spent != len(asked) {
				t.Errorf("requested %s at a cost of %d, want %s", got, spent, tt.requests)
			}
		})
	}
}

// pageOf writes which page of which size a query asks for.
func pageOf(t *testing.T, query string) string {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return q.Get("page") + "/" + q.Get("per_page")
}
