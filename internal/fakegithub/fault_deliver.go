package fakegithub

import (
	"net"
	"net/http"
	"strconv"
	"time"
)

// transmit sends an answer as it should be.
func transmit(w http.ResponseWriter, r *http.Request, a answer) {
	begins(w, a)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body) // a client that went away is not the server's business
	}
}

// begins sends the headers of the whole answer.
func begins(w http.ResponseWriter, a answer) {
	h := w.Header()
	if a.body != nil {
		if h.Get("Content-Type") == "" {
			h.Set("Content-Type", "application/json; charset=utf-8")
		}
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
}

// half sends the headers and the first half of the body, and sees to it that
// they are on their way.
func half(w http.ResponseWriter, a answer) {
	begins(w, a)
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush() // a client that went away
}

// hangUp ends the connection, with a reset or as if all had been said.
func hangUp(w http.ResponseWriter, isReset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // the next best end: no connection to hijack
	}
	if tcp, ok := conn.(*net.TCPConn); ok && isReset {
		_ = tcp.SetLinger(0) // what is left unsent is dropped, and RST sent
	}
	_ = conn.Close()
}

func cutJSON(w http.ResponseWriter, x *exchange, a answer, _ *Fault) {
	a.body = a.body[:len(a.body)/2]
	transmit(w, x.r, a)
}

func truncate(w http.ResponseWriter, _ *exchange, a answer, _ *Fault) {
	half(w, a)
	hangUp(w, false)
}

func reset(w http.ResponseWriter, _ *exchange, _ answer, _ *Fault) { hangUp(w, true) }

func resetBody(w http.ResponseWriter, _ *exchange, a answer, _ *Fault) {
	half(w, a)
	hangUp(w, true)
}

func hang(w http.ResponseWriter, x *exchange, _ answer, f *Fault) {
	x.hold(f.Wait)
	hangUp(w, true)
}

func stall(w http.ResponseWriter, x *exchange, a answer, f *Fault) {
	half(w, a)
	x.hold(f.Wait)
	hangUp(w, true)
}

// hold waits until the client goes, the server ends, or for so long.
func (x *exchange) hold(most time.Duration) {
	var over <-chan time.Time
	if most > 0 {
		t := time.NewTimer(most)
		defer t.Stop()
		over = t.C
	}
	select {
	case <-x.r.Context().Done():
	case <-over:
	}
}
