package conformance

import (
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// seenLive names response fields that GitHub sends and the description lacks.
var seenLive = []string{
	"secret_scanning_validity_checks", // in ghec.json, and seen on github.com
}

// openMaps names the fields whose keys are an open set: GitHub adds permissions
// without notice, so the lists in the description are only examples.
var openMaps = map[string]bool{"permissions": true}

// correct fixes the places where the description is wrong about GitHub or says less
// than GitHub's documentation. Each correction fails when a newer description no
// longer needs it.
func correct(doc *openapi3.T) error {
	return errors.Join(
		accountIsEither(doc),
		validationErrorsMayBeText(doc),
		homepagesMayBeEmpty(doc),
		timesAreTimes(doc),
	)
}

// accountIsEither: the account of a listed installation is a user or an
// enterprise. The package's merge of the versions turned GitHub's anyOf into an
// allOf, which no account can satisfy.
func accountIsEither(doc *openapi3.T) error {
	item := doc.Paths.Value("/app/installations").Get.Responses.Value("200").Value.Content["application/json"].Schema.Value
	account := item.Items.Value.Properties["account"].Value
	if len(account.AllOf) != 2 {
		return errors.New("GET /app/installations: account is no longer an allOf: remove the correction")
	}
	account.AnyOf, account.AllOf = account.AllOf, nil
	return nil
}

// validationErrorsMayBeText: the errors of a 422 are objects or plain strings
// (the description has a second schema for the latter, which operations do not
// name), a null value matches all three branches of its oneOf, and like every
// error it repeats the status.
func validationErrorsMayBeText(doc *openapi3.T) error {
	schema := doc.Components.Schemas["validation-error"].Value
	list := schema.Properties["errors"].Value
	value := list.Items.Value.Properties["value"]
	if value == nil || len(value.Value.OneOf) != 3 || schema.Properties["status"] != nil {
		return errors.New("validation-error has changed: review the correction")
	}
	value.Value.AnyOf, value.Value.OneOf = value.Value.OneOf, nil
	list.Items = openapi3.NewSchemaRef("", &openapi3.Schema{
		AnyOf: openapi3.SchemaRefs{list.Items, openapi3.NewSchemaRef("", openapi3.NewStringSchema())},
	})
	schema.WithProperty("status", openapi3.NewStringSchema())
	return nil
}

// homepagesMayBeEmpty: users may leave these fields empty; GitHub then sends "",
// which is not a URI.
func homepagesMayBeEmpty(doc *openapi3.T) error {
	for _, place := range [][2]string{
		{"full-repository", "homepage"}, {"repository", "homepage"}, {"nullable-repository", "homepage"}, {"organization-full", "blog"},
	} {
		field := doc.Components.Schemas[place[0]].Value.Properties[place[1]].Value
		if field.Format != "uri" {
			return fmt.Errorf("%s.%s is no longer a uri: remove the correction", place[0], place[1])
		}
		field.Format = "uri or empty"
	}
	return nil
}

// timesAreTimes: access_granted_at, token_expires_at and others are described
// as plain strings; GitHub's documentation calls them dates.
func timesAreTimes(doc *openapi3.T) error {
	count := 0
	for _, s := range doc.Components.Schemas {
		for name, p := range s.Value.Properties {
			if strings.HasSuffix(name, "_at") && p.Value.Type.Is("string") && p.Value.Format == "" {
				p.Value.Format = "date-time"
				count++
			}
		}
	}
	if count == 0 {
		return errors.New("all times are declared as times: remove the correction")
	}
	return nil
}

// removedIn lists the fields that a later version of the API no longer has, as
// its documentation of breaking changes says: the description is of 2022-11-28.
var removedIn = map[string][]string{
	"2026-03-10": {"has_downloads", "use_squash_pr_title_as_default", "rate", "secret_scanning_push_protection_custom_link_enabled"},
}

// inVersion is the schema of an answer as that version of the API has it.
func inVersion(schema *openapi3.Schema, version string) *openapi3.Schema {
	removed := removedIn[version]
	if len(removed) == 0 {
		return schema
	}
	thinned := *schema
	if schema.Items != nil {
		thinned.Items = openapi3.NewSchemaRef("", inVersion(schema.Items.Value, version))
	}
	isRemoved := func(name string) bool { return slices.Contains(removed, name) }
	thinned.Required = slices.DeleteFunc(slices.Clone(schema.Required), isRemoved)
	thinned.Properties = maps.Clone(schema.Properties)
	maps.DeleteFunc(thinned.Properties, func(name string, _ *openapi3.SchemaRef) bool { return isRemoved(name) })
	return &thinned
}

// formats are those that kin-openapi does not check at all (uri, email) or only
// with a pattern (date-time).
var formats = map[string]openapi3.StringFormatValidator{
	"uri": openapi3.NewCallbackValidator(func(s string) error {
		u, err := url.Parse(s)
		if err == nil && (u.Scheme == "" || u.Host == "") {
			err = errors.New("not an absolute URI")
		}
		return err
	}),
	"uri or empty": openapi3.NewCallbackValidator(func(s string) error {
		if u, err := url.Parse(s); s != "" && (err != nil || u.Scheme == "" || u.Host == "") {
			return errors.New("neither empty nor an absolute URI")
		}
		return nil
	}),
	"email": openapi3.NewCallbackValidator(func(s string) error {
		_, err := mail.ParseAddress(s)
		return err
	}),
	"date-time": openapi3.NewCallbackValidator(func(s string) error {
		if _, err := time.Parse(time.RFC3339Nano, s); err != nil {
			return errors.New("not an RFC 3339 time")
		}
		return nil
	}),
}
