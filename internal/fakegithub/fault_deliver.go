package fakegithub

import (
	"net"
	"net/http"
	"strconv"
	"time"
)

// sendWhole sends an answer as it is.
func sendWhole(w http.ResponseWriter, r *http.Request, a answer) {
	sendHeaders(w, a)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body) // the client may be gone
	}
}

// sendHeaders sends the headers of the whole answer.
func sendHeaders(w http.ResponseWriter, a answer) {
	h := w.Header()
	if a.body != nil {
		if h.Get("Content-Type") == "" {
			h.Set("Content-Type", "application/json; charset=utf-8")
		}
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
}

// sendHalf sends the headers and the first half of the body, and flushes them.
func sendHalf(w http.ResponseWriter, a answer) {
	sendHeaders(w, a)
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush() // the client may be gone
}

// closeConnection ends the connection, with a reset or normally.
func closeConnection(w http.ResponseWriter, isReset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // no connection to hijack: the nearest equivalent
	}
	if tcp, ok := conn.(*net.TCPConn); ok && isReset {
		_ = tcp.SetLinger(0) // drops unsent data and sends RST
	}
	_ = conn.Close()
}

func cutJSON(w http.ResponseWriter, x *exchange, a answer, _ *Fault) {
	a.body = a.body[:len(a.body)/2]
	sendWhole(w, x.r, a)
}

func truncate(w http.ResponseWriter, _ *exchange, a answer, _ *Fault) {
	sendHalf(w, a)
	closeConnection(w, false)
}

func reset(w http.ResponseWriter, _ *exchange, _ answer, _ *Fault) { closeConnection(w, true) }

func resetBody(w http.ResponseWriter, _ *exchange, a answer, _ *Fault) {
	sendHalf(w, a)
	closeConnection(w, true)
}

func hang(w http.ResponseWriter, x *exchange, _ answer, f *Fault) {
	x.hold(f.Wait)
	closeConnection(w, true)
}

func stall(w http.ResponseWriter, x *exchange, a answer, f *Fault) {
	sendHalf(w, a)
	x.hold(f.Wait)
	closeConnection(w, true)
}

// hold waits until the client disconnects or the server stops, at most for so
// long; 0: without a limit.
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
