package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// decode reads exactly one JSON value, keeping numbers as they were written.
func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not JSON: something follows the value")
	}
	return v, nil
}

// checkSchema reports where value is not what schema says, and the fields that
// schema does not declare.
func (v *Validator) checkSchema(p *problems, schema *openapi3.Schema, value any) {
	err := schema.VisitJSON(value, openapi3.MultiErrors(), openapi3.WithStringFormatValidators(formats))
	report(p, err)
	v.checkDeclared(p, schema, value, "")
}

// report turns kin-openapi's errors into one problem for each field.
func report(p *problems, err error) {
	switch e := err.(type) {
	case nil:
	case openapi3.MultiError:
		for _, one := range e {
			report(p, one)
		}
	case *openapi3.SchemaError:
		p.add("/%s: %s, got %s", strings.Join(e.JSONPointer(), "/"), reason(e), short(e.Value))
	default:
		p.add("%v", err)
	}
}

func reason(e *openapi3.SchemaError) string {
	if e.Reason != "" {
		return e.Reason
	}
	return "doesn't meet " + e.SchemaField
}

// checkDeclared reports the fields of value that no branch of schema declares.
// kin-openapi accepts them, as OpenAPI demands; a misspelt optional field of the
// simulated GitHub would then not be noticed.
func (v *Validator) checkDeclared(p *problems, schema *openapi3.Schema, value any, at string) {
	switch value := value.(type) {
	case []any:
		items := itemsOf(schema)
		for i, item := range value {
			if items != nil {
				v.checkDeclared(p, items, item, fmt.Sprintf("%s/%d", at, i))
			}
		}
	case map[string]any:
		declared := propertiesOf(schema)
		if len(declared) == 0 {
			return // free form, or a map whose values are checked by type
		}
		for _, name := range slices.Sorted(maps.Keys(value)) {
			field, ok := declared[name]
			switch {
			case !ok && !v.undeclared[name]:
				p.add("%s/%s: a field that the description does not know, got %s", at, name, short(value[name]))
			case ok && !openMaps[name]:
				v.checkDeclared(p, field, value[name], at+"/"+name)
			}
		}
	}
}

// propertiesOf merges the properties of a schema and of its branches; none
// when any name is allowed.
func propertiesOf(schema *openapi3.Schema) map[string]*openapi3.Schema {
	if schema.AdditionalProperties.Schema != nil {
		return nil
	}
	all := map[string]*openapi3.Schema{}
	for _, branch := range slices.Concat(schema.AllOf, schema.AnyOf, schema.OneOf) {
		maps.Copy(all, propertiesOf(branch.Value))
	}
	for name, p := range schema.Properties {
		all[name] = p.Value
	}
	return all
}

func itemsOf(schema *openapi3.Schema) *openapi3.Schema {
	if schema.Items != nil {
		return schema.Items.Value
	}
	for _, branch := range slices.Concat(schema.AllOf, schema.AnyOf, schema.OneOf) {
		if items := itemsOf(branch.Value); items != nil {
			return items
		}
	}
	return nil
}
