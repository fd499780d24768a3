package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"sync"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// InterruptWith stops whatever runs on conn when ctx ends, until stop is
// called.
//
// The driver watches the context only while it looks for the first row. A
// statement that finds one and then recurses for ever would never end: Rows
// cannot be closed before the step in hand is over. sqlite3_interrupt is made
// for this, but the driver (v1.62.0) exports neither it nor a progress
// handler, so the handle is read from its connection; a test holds this to the
// driver's shape.
func InterruptWith(ctx context.Context, conn *sql.Conn) (stop func(), err error) {
	var handle uintptr
	err = conn.Raw(func(driverConn any) error {
		if c, ok := driverConn.(*connection); ok {
			driverConn = c.driverConn
		}
		field := reflect.Indirect(reflect.ValueOf(driverConn)).FieldByName("db")
		if !field.IsValid() || field.Kind() != reflect.Uintptr || field.Uint() == 0 {
			return errors.New("the driver hides its database handle")
		}
		handle = uintptr(field.Uint())
		return nil
	})
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	stopped := false
	remove := context.AfterFunc(ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		if stopped {
			return
		}
		tls := libc.NewTLS()
		defer tls.Close()
		sqlite3.Xsqlite3_interrupt(tls, handle)
	})
	return func() {
		remove()
		mu.Lock()
		defer mu.Unlock()
		stopped = true
	}, nil
}
