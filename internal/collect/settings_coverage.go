package collect

import (
	"context"
	"fmt"
	"time"

	"auditor/internal/store"
)

// settingsCoverage derives the coverage of the settings and of their parts from
// what the snapshot has: an earlier run may have read some of the pages.
type settingsCoverage struct {
	organization *organization
	resource     Resource    // the settings
	gaps         []store.Gap // what is unknown, by part
	total        int64       // repositories with settings
}

// settings is the coverage of the settings; err is what ended the reading.
func (c settingsCoverage) settings(err error, lost string, took time.Duration) store.Coverage {
	row := newCoverage(c.resource, c.organization.login, store.StatusComplete, "")
	row.Duration = took
	switch {
	case err != nil && c.total > 0:
		row.Status, row.Message, row.HTTPStatus = store.StatusPartial, err.Error(), statusCode(err)
	case err != nil:
		row.Status, row.Message, row.HTTPStatus = store.StatusFailed, err.Error(), statusCode(err)
		if isDenial(err) {
			row.Status, row.Permission = store.StatusDenied, c.resource.Permission
		}
	case lost != "":
		row.Status, row.Message = store.StatusPartial, lost
	}
	return row
}

// record records the coverage of the parts, given that of the settings they came
// with, and then of the settings.
func (c settingsCoverage) record(ctx context.Context, settings store.Coverage) (store.CoverageStatus, error) {
	for _, part := range Resources() {
		if part.Shape != Part {
			continue
		}
		row := c.part(part, settings)
		if err := c.organization.qualifyOdd(ctx, &row); err != nil {
			return "", err
		}
		if err := c.organization.coverage.add(ctx, row); err != nil {
			return "", err
		}
	}
	c.qualify(&settings, c.resource)
	if err := c.organization.qualifyOdd(ctx, &settings); err != nil {
		return "", err
	}
	return settings.Status, c.organization.coverage.add(ctx, settings)
}

// part is the coverage of a part.
func (c settingsCoverage) part(part Resource, settings store.Coverage) store.Coverage {
	if why := c.organization.skipped(part, store.StatusComplete); why != "" {
		return newCoverage(part, c.organization.login, store.StatusSkipped, why)
	}
	row := settings
	row.Resource, row.IsRequired = part.Name, part.IsRequired
	if !row.Status.IsComplete() {
		row.Message = settings.Resource + " is " + string(settings.Status)
	}
	c.qualify(&row, part)
	for _, g := range c.gaps {
		if g.Resource != part.Name || row.Status.IsUnread() {
			continue
		}
		row.Status, row.Permission = store.StatusPartial, part.Permission
		row.Message = fmt.Sprintf("unknown for %d of %d repositories, one of them: %s", g.Repositories, c.total, g.Message)
		if g.Repositories == c.total {
			row.Status, row.Message = store.StatusDenied, g.Message
		}
	}
	return row
}

// qualify lowers a complete row where GitHub answers "no" or "none" instead of
// refusing: without the permission to administrate.
func (c settingsCoverage) qualify(row *store.Coverage, r Resource) {
	if row.Status.IsComplete() && c.organization.lacksAdministration() && r.Permission == readAdministration {
		row.Status, row.Permission = store.StatusPartial, r.Permission
		row.Message = "without the permission GitHub answers no instead of refusing"
	}
}
