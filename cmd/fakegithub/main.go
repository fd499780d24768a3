// Command fakegithub serves a simulated GitHub on loopback until it is told
// to stop: a generated organization, real HTTP, no credentials of anybody.
//
//	fakegithub -size small -org acme -seed 1 -dir DIR
//
// It prints one line with the URL of its API. Into DIR it writes what a client
// needs: app.pem (the App's private key, 0600), client_id, app_id and, last of
// all, url; a script waits for that file. With -ttl it ends by itself, so that
// a script that fails leaves nothing running.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"auditor/internal/fakegithub"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := fakegithub.Main(ctx, os.Args[1:], os.Stdout, os.Stderr, time.Now)
	stop()
	os.Exit(status)
}
