// Command cut makes the small descriptions of GitHub's API that the simulated
// server and its tests are held to, out of the big ones that npm publishes:
//
//	npm pack @octokit/openapi@23.0.2 @octokit/graphql-schema@15.26.1
//	go run ./internal/fakegithub/cut -openapi octokit-openapi-23.0.2.tgz -graphql octokit-graphql-schema-15.26.1.tgz
//
// Only the operations and types named in keep.go survive, with everything they
// reach and without their prose: names, types, required, enums, formats and
// limits are facts to be tested against, descriptions and examples are not.
// The same input gives the same bytes, which a test checks where npm's files are
// at hand. Start reading at cutOpenAPI and cutGraphQL.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "cut:", err)
		os.Exit(1)
	}
}

// run reads the two sources and writes the two cuts below -out.
func run(args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("cut", flag.ContinueOnError)
	flags.SetOutput(stderr)
	openAPI := flags.String("openapi", "", "npm's @octokit/openapi: the .tgz, or its unpacked generated/api.github.com.json")
	graphQL := flags.String("graphql", "", "npm's @octokit/graphql-schema: the .tgz, or its unpacked schema.graphql")
	out := flags.String("out", filepath.FromSlash("internal/fakegithub"), "folder of package fakegithub")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *openAPI == "" || *graphQL == "" || flags.NArg() != 0 {
		return fmt.Errorf("usage: cut -openapi FILE -graphql FILE [-out DIR]")
	}
	for _, c := range cuts {
		from := map[string]string{"openapi": *openAPI, "graphql": *graphQL}[c.flag]
		text, err := c.make(from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(*out, filepath.FromSlash(c.file)), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// cuts lists what is made of what: the flag that names the source, and the
// file below package fakegithub that is written.
var cuts = []struct {
	flag string
	file string
	make func(from string) ([]byte, error)
}{
	{"openapi", "conformance/testdata/openapi.json", makeOpenAPI},
	{"graphql", "schema/schema.graphql", makeGraphQL},
}

func makeOpenAPI(from string) ([]byte, error) {
	s, err := readSource(from, "generated/api.github.com.json")
	if err != nil {
		return nil, err
	}
	return cutOpenAPI(s, operations)
}

func makeGraphQL(from string) ([]byte, error) {
	s, err := readSource(from, "schema.graphql")
	if err != nil {
		return nil, err
	}
	return cutGraphQL(s, types)
}
