// Command fakegithub serves a simulated GitHub on loopback until it is told
// to stop: a generated organization, real HTTP, no credentials of anybody.
//
//	fakegithub -size small -org acme -seed 1 -dir DIR
//
// It prints one line with the URL of its API. Into DIR it writes what a client
// needs: app.pem (the App's private key, 0600), client_id, app_id and, last of
// all, url; a script waits for that file. With -ttl it ends by itself, so that
// a script that fails leaves nothing running.
//
// It is the GitHub of a quiet day, unless flags turn on limits, faults and
// changes while it is read; -h lists them:
//
//	fakegithub -dir DIR -points-per-minute 900 -graphql-points-per-minute 2000 -concurrent 100
//	fakegithub -dir DIR -faults all -fault stall:at=17,path=/orgs/
//	fakegithub -dir DIR -drift revoke:after=tokens,page=2 -drift rename:before=graphql,page=3,item=-1
//
// What a client made of it is told at URL/_fakegithub/counters, as JSON. A POST
// to URL/_fakegithub/calm ends the faults and takes the changes that are left.
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
