package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"auditor/internal/github"
)

// credentials checks the organizations and what opens them, and reads the key.
func (c *config) credentials(env *environment, allowOpenKey bool) (github.Options, error) {
	k := &checker{config: c}
	k.organizations()
	o := github.Options{
		APIURL: c.GitHub.APIURL, Concurrency: c.Collect.Concurrency,
		PointsPerMinute: c.Collect.PointsPerMinute, MaxWait: time.Duration(c.Collect.MaxWait), Now: env.now,
	}
	app := c.GitHub.App
	switch {
	case app == nil && c.GitHub.TokenEnv == "":
		k.problem("github", "no credentials: give app (client_id and private_key_file) or token_env")
	case app != nil && c.GitHub.TokenEnv != "":
		k.problem("github", "both app and token_env: give one of them")
	case app != nil:
		o.App = k.app(env, allowOpenKey)
	default:
		o.Token = k.token(env)
	}
	return o, c.check(k.problems...)
}

func (c *checker) organizations() {
	if len(c.config.Orgs) == 0 {
		c.problem("orgs", `names no organization: orgs: [acme], or ["*"] for every organization where the App is installed`)
	}
	for i, org := range c.config.Orgs {
		if org == "*" && len(c.config.Orgs) > 1 {
			c.problem(fmt.Sprintf("orgs[%d]", i), `"*" must be the only entry`)
		} else if org == "" || strings.ContainsAny(org, "/ ?#%") {
			c.problem(fmt.Sprintf("orgs[%d]", i), "%q is not the login of an organization", org)
		}
	}
}

// token is the ready token of the environment.
func (c *checker) token(env *environment) string {
	token := strings.TrimSpace(env.getenv(c.config.GitHub.TokenEnv))
	if token == "" {
		c.problem("github.token_env", "the environment variable %s is not set", c.config.GitHub.TokenEnv)
	}
	if slices.Contains(c.config.Orgs, "*") {
		c.problem("orgs", `"*" needs github.app: a ready token cannot list installations`)
	}
	return token
}

func (c *checker) app(env *environment, allowOpenKey bool) *github.App {
	a := c.config.GitHub.App
	if (a.ClientID == "") == (a.AppID == 0) {
		c.problem("github.app", "give client_id or app_id, one of them")
	}
	app := &github.App{ClientID: a.ClientID, ID: a.AppID}
	switch {
	case (a.PrivateKeyFile == "") == (a.PrivateKeyEnv == ""):
		c.problem("github.app", "give private_key_file or private_key_env, one of them")
	case a.PrivateKeyEnv != "":
		app.PrivateKey = []byte(env.getenv(a.PrivateKeyEnv))
		if len(app.PrivateKey) == 0 {
			c.problem("github.app.private_key_env", "the environment variable %s is not set", a.PrivateKeyEnv)
			return app
		}
		c.key("github.app.private_key_env", app.PrivateKey)
	default:
		app.PrivateKey = c.keyFile(c.config.path(a.PrivateKeyFile), allowOpenKey)
	}
	return app
}

func (c *checker) keyFile(name string, allowOpenKey bool) []byte {
	const at = "github.app.private_key_file"
	info, err := os.Stat(name)
	if err != nil {
		c.problem(at, "%v", err)
		return nil
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 && !allowOpenKey {
		c.problem(at, "%s can be read by others (mode %04o): chmod 600 it, or --insecure-key-permissions", name, info.Mode().Perm())
		return nil
	}
	key, err := os.ReadFile(name)
	if err != nil {
		c.problem(at, "%v", err)
		return nil
	}
	c.key(at, key)
	return key
}

func (c *checker) key(at string, pem []byte) {
	var bad *github.KeyError
	_, err := github.New(github.Options{App: &github.App{ClientID: "checked", PrivateKey: pem}})
	if errors.As(err, &bad) {
		c.problem(at, "%v", bad)
	}
}
