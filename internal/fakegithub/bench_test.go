package fakegithub

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"auditor/internal/fakegithub/world"
)

// BenchmarkServe measures the cost of a page for the server, without the network:
// benchmarks of a collector are meaningless when the server is slower.
func BenchmarkServe(b *testing.B) {
	w := world.Generate(1, world.Large, "acme", today)
	fake := New(w, Options{PrivateKeyPEM: testKeyPEM, RateLimit: -1, GraphQLLimit: -1})
	token, err := fake.InstallationToken("acme")
	if err != nil {
		b.Fatal(err)
	}
	long := w.Grants[0]
	for _, k := range w.Grants {
		if len(k.Repositories) > len(long.Repositories) {
			long = k
		}
	}
	for name, path := range map[string]string{
		"tokens":       "/orgs/acme/personal-access-tokens?per_page=100&direction=asc&page=50",
		"filtered":     "/orgs/acme/personal-access-tokens?per_page=100&permission=contents_write",
		"repositories": "/orgs/acme/repos?per_page=100&sort=created&direction=asc&page=20",
		"of one token": "/orgs/acme/personal-access-tokens/" + itoa(long.ID) + "/repositories?per_page=100",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r := httptest.NewRequest("GET", path, nil)
				r.Header.Set("User-Agent", "benchmark")
				r.Header.Set("Authorization", "Bearer "+token)
				rec := httptest.NewRecorder()
				fake.ServeHTTP(rec, r)
				n, _ := io.Copy(io.Discard, rec.Body)
				if rec.Code != http.StatusOK {
					b.Fatal(rec.Code)
				}
				b.SetBytes(n)
			}
		})
	}
}
