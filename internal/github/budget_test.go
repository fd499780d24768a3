package github

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"
)

func TestBudgetIsTheLowestOfTheHour(t *testing.T) {
	reset := time.Now().Add(time.Hour).Unix()
	remaining := []int{4990, 4992, 4980} // the second answer was overtaken
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-RateLimit-Limit", "5000")
		w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(remaining[n]))
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(reset, 10))
		w.Write([]byte(`{"id":1}`))
		n++
	}))
	defer server.Close()
	client, err := New(Options{APIURL: server.URL, Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	session := client.Open(Installation{Login: "acme"})
	for i, want := range []int{4990, 4990, 4980} {
		if _, _, err := session.Get(t.Context(), "orgs/acme"); err != nil {
			t.Fatal(err)
		}
		rest, graphql := session.Budgets()
		if rest.Remaining != want || rest.Limit != 5000 || rest.Reset.Unix() != reset || graphql != (Budget{}) {
			t.Errorf("after %d requests: %+v, %+v", i+1, rest, graphql)
		}
	}
}
