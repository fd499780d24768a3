// Command fakegithub serves a simulated GitHub on loopback until it is stopped: a
// generated organization over real HTTP, without real credentials.
//
//	fakegithub -size small -org acme -seed 1 -dir DIR
//
// It prints one line with the URL of its API. To DIR it writes what a client needs:
// app.pem (the App's private key, 0600), client_id, app_id and, last, url; a script
// waits for that file. With -ttl it stops by itself, so that a script that fails
// leaves nothing running.
//
// By default it neither fails nor limits nor changes while a client reads. Flags
// add limits, faults and changes; -h lists them:
//
//	fakegithub -dir DIR -points-per-minute 900 -graphql-points-per-minute 2000 -concurrent 100
//	fakegithub -dir DIR -faults all -fault stall:at=17,path=/orgs/
//	fakegithub -dir DIR -drift revoke:after=tokens,page=2 -drift rename:before=graphql,page=3,item=-1
//
// URL/_fakegithub/counters reports what the clients did, as JSON. A POST to
// URL/_fakegithub/calm ends the faults and makes the changes that are left.
//
// Start with Main of internal/fakegithub, which is the whole command.
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
