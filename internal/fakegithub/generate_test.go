package fakegithub

import (
	"testing"
	"time"
)

func TestGenerateTime(t *testing.T) {
	start := time.Now()
	w := Generate(1, Large, "acme", time.Now())
	t.Log(time.Since(start))
	n, most, over := 0, 0, 0
	for _, k := range w.Grants {
		n += len(k.Repositories)
		most = max(most, len(k.Repositories))
		if len(k.Repositories) > 100 {
			over++
		}
	}
	t.Log(n, most, over, len(w.Grants), len(w.Repositories))
}
