package sqlite

import (
	"errors"
	"fmt"
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
	vfs   uintptr // C memory: the VFS, and behind it one byte that is 1 once it was asked
	cName uintptr // C memory
}

const vfsSize = unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})

func newClock() (*clock, error) {
	tls := libc.NewTLS()
	defer tls.Close()
	base := sqlite3.Xsqlite3_vfs_find(tls, 0)
	if base == 0 {
		return nil, errors.New("SQLite has no default VFS")
	}
	c := &clock{vfs: libc.Xmalloc(tls, libc.Tsize_t(vfsSize+1))}
	if c.vfs == 0 {
		return nil, errors.New("no memory for a VFS")
	}
	c.name = fmt.Sprintf("guard-%x", c.vfs) // an address is nobody else's
	var err error
	if c.cName, err = libc.CString(c.name); err != nil {
		libc.Xfree(tls, c.vfs)
		return nil, err
	}
	var at sqlite3.Tsqlite3_vfs // for the offsets: Go's and C's memory do not mix
	next, rest := unsafe.Offsetof(at.FpNext), unsafe.Offsetof(at.FzName)
	// All but the link to the next VFS: SQLite writes it under a lock of its own
	// whenever another connection comes or goes.
	libc.Xmemcpy(tls, c.vfs, base, libc.Tsize_t(next))
	libc.Xmemcpy(tls, c.vfs+rest, base+rest, libc.Tsize_t(vfsSize-rest))
	libc.AtomicStoreNUintptr(c.vfs+next, 0, 0)
	libc.AtomicStoreNUintptr(c.vfs+unsafe.Offsetof(at.FzName), c.cName, 0)
	libc.AtomicStoreNUintptr(c.vfs+unsafe.Offsetof(at.FxCurrentTime), functionPointer(noTime), 0)
	libc.AtomicStoreNUintptr(c.vfs+unsafe.Offsetof(at.FxCurrentTimeInt64), functionPointer(noTime), 0)
	c.reset()
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
	libc.Xfree(tls, c.vfs)
	libc.Xfree(tls, c.cName)
}

// reset forgets that the clock was asked.
func (c *clock) reset() { libc.Xmemset(nil, c.vfs+vfsSize, 0, 1) }

// isAsked says whether a statement has asked for the time since reset. Like
// reset it belongs to the goroutine that uses the connection.
func (c *clock) isAsked() bool {
	return libc.GoBytes(c.vfs+vfsSize, 1)[0] != 0
}

// noTime is both xCurrentTime and xCurrentTimeInt64.
func noTime(tls *libc.TLS, vfs, _ uintptr) int32 {
	libc.Xmemset(tls, vfs+vfsSize, 1, 1)
	return sqlite3.SQLITE_ERROR
}

// functionPointer is what the driver takes for a C function: a Go function
// value, which for a declared function points to read-only data.
func functionPointer(f func(*libc.TLS, uintptr, uintptr) int32) uintptr {
	return *(*uintptr)(unsafe.Pointer(&struct {
		f func(*libc.TLS, uintptr, uintptr) int32
	}{f}))
}
