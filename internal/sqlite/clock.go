package sqlite

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// clock is the operating system as one connection sees it: SQLite's default
// VFS, but for a clock that gives no time and notes that it was asked. Every
// way in which a statement can ask for the time ends there, so that computed
// texts, parameters and columns are covered, without a parser of ours.
type clock struct {
	name  string
	vfs   uintptr // C memory
	cName uintptr // C memory
	asked atomic.Bool
}

// clocks are all that are open: SQLite calls back with the address of the VFS.
var clocks sync.Map // uintptr, *clock

var clockCount atomic.Int64

func newClock() (*clock, error) {
	tls := libc.NewTLS()
	defer tls.Close()
	size := unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})
	c := &clock{name: fmt.Sprintf("auditor-guard-%d", clockCount.Add(1))}
	base := sqlite3.Xsqlite3_vfs_find(tls, 0)
	if base == 0 {
		return nil, fmt.Errorf("SQLite has no default VFS")
	}
	var vfs sqlite3.Tsqlite3_vfs
	libc.Xmemcpy(tls, uintptr(unsafe.Pointer(&vfs)), base, libc.Tsize_t(size))
	var err error
	if c.cName, err = libc.CString(c.name); err != nil {
		return nil, err
	}
	c.vfs = libc.Xmalloc(tls, libc.Tsize_t(size))
	if c.vfs == 0 {
		libc.Xfree(tls, c.cName)
		return nil, fmt.Errorf("no memory for a VFS")
	}
	vfs.FpNext, vfs.FzName = 0, c.cName
	vfs.FxCurrentTime, vfs.FxCurrentTimeInt64 = functionPointer(noTime), functionPointer(noTime)
	libc.Xmemcpy(tls, c.vfs, uintptr(unsafe.Pointer(&vfs)), libc.Tsize_t(size))
	clocks.Store(c.vfs, c)
	if rc := sqlite3.Xsqlite3_vfs_register(tls, c.vfs, 0); rc != sqlite3.SQLITE_OK {
		c.free()
		return nil, fmt.Errorf("register a VFS: SQLite answered %d", rc)
	}
	return c, nil
}

// free must not be called before the connection is closed.
func (c *clock) free() {
	tls := libc.NewTLS()
	defer tls.Close()
	sqlite3.Xsqlite3_vfs_unregister(tls, c.vfs)
	clocks.Delete(c.vfs)
	libc.Xfree(tls, c.vfs)
	libc.Xfree(tls, c.cName)
}

// noTime is both xCurrentTime and xCurrentTimeInt64.
func noTime(_ *libc.TLS, vfs, _ uintptr) int32 {
	if c, ok := clocks.Load(vfs); ok {
		c.(*clock).asked.Store(true)
	}
	return sqlite3.SQLITE_ERROR
}

// functionPointer is what the driver takes for a C function: a Go function
// value, which for a declared function points to read-only data.
func functionPointer(f func(*libc.TLS, uintptr, uintptr) int32) uintptr {
	return *(*uintptr)(unsafe.Pointer(&struct {
		f func(*libc.TLS, uintptr, uintptr) int32
	}{f}))
}
