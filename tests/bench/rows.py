# SPDX-License-Identifier: GPL-2.0-only
"""What the load generator of the kernel measures: operations of NFSv3, NFSv4.1 and SMB 3.1.1."""

import guest

KIB, MIB = 1 << 10, 1 << 20
# What RENAME adds to the number of a name (load.h).
RENAMED = 500000


class Row:
    """A measurement: the parameters of the load generator, and the reading of its result."""

    def __init__(self, label, op, handle, count, outstanding, **more):
        self.label = label
        self.op = op
        self.handle = handle
        self.count = count
        self.outstanding = outstanding
        self.more = more
        # Bytes of a reply and replies of a directory as a server gives them, for the floor.
        self.reply = 0
        self.per_unit = 1

    def run(self, server, count):
        """The generator's result; "units" is what it is divided by: for a listing, directories."""
        if server.kind == "fs":
            return server.answer(self.label, count)
        if server.kind == "floor":
            result = server.answer(self.reply, self.op, count, self.outstanding, **self.more)
            result["units"] = count / self.per_unit
            return result
        result = server.load(self.op, self.handle, count, self.outstanding, **self.more)
        result["units"] = units = result["entries"] / server.listed if result["entries"] else count
        # Replies of XDR are multiples of four bytes.
        self.reply, self.per_unit = result["received"] // count & ~3, count / units
        return result

    def measure(self, server, scale):
        """Microseconds per operation; for a listing, per directory."""
        result = self.run(server, max(int(self.count * scale), 2 * self.outstanding))
        return result["ns"] / 1000 / result["units"]


def nfs3():
    """Operations of NFSv3. RENAME and REMOVE follow CREATE, whose names they change."""
    io = {"span": guest.FILE_SIZE}
    yield Row("GETATTR remote", "getattr", "file", 30000, 1, remote=1)
    for n in 1, 8:
        yield Row("NULL", "null", "root", 30000, n)
        yield Row("GETATTR", "getattr", "file", 30000, n)
        yield Row("LOOKUP", "lookup", "root", 30000, n, name="file")
        yield Row("ACCESS", "access", "file", 30000, n)
        yield Row("CREATE", "create", "work", 6000, n)
        yield Row("RENAME", "rename", "work", 6000, n)
        yield Row("REMOVE", "remove", "work", 6000, n, after=RENAMED)
        yield Row("READDIRPLUS 1000", "readdirplus", "list", 1200, n, size=32768)
        yield Row("READ 4 KiB", "read", "file", 20000, n, size=4096, **io)
        yield Row("WRITE 4 KiB", "write", "file", 20000, n, size=4096, **io)
        yield Row("WRITE 4 KiB sync", "write", "file", 20000, n, size=4096, stable=2, **io)
        yield Row("READ 32 KiB", "read", "file", 6000, n, size=32 * KIB, **io)
        yield Row("WRITE 32 KiB", "write", "file", 6000, n, size=32 * KIB, **io)
        yield Row("READ 1 MiB", "read", "file", 480, n, size=MIB, **io)
        yield Row("WRITE 1 MiB", "write", "file", 480, n, size=MIB, **io)


def nfs4():
    """Operations of NFSv4.1, and READ_PLUS of 4.2; what belongs together is one COMPOUND."""
    io = {"span": guest.FILE_SIZE}
    yield Row("GETATTR remote", "getattr4", "file", 30000, 1, remote=1)
    for n in 1, 8:
        yield Row("GETATTR", "getattr4", "file", 30000, n)
        yield Row("LOOKUP", "lookup4", "root", 20000, n, name="file")
        yield Row("OPEN+CLOSE", "open4", "root", 12000, n, name="file")
        yield Row("CREATE", "create4", "work", 6000, n)
        yield Row("REMOVE", "remove4", "work", 6000, n)
        yield Row("LOCK+LOCKU", "lock4", "file", 12000, n)
        yield Row("READDIR 1000", "readdir4", "list", 1200, n, size=32768)
        yield Row("READ 4 KiB", "read4", "file", 20000, n, size=4096, **io)
        yield Row("READ_PLUS 4 KiB", "readplus4", "file", 20000, n, size=4096, **io)
        yield Row("WRITE 4 KiB", "write4", "file", 20000, n, size=4096, **io)
        yield Row("READ 32 KiB", "read4", "file", 6000, n, size=32 * KIB, **io)
        yield Row("WRITE 32 KiB", "write4", "file", 6000, n, size=32 * KIB, **io)
        yield Row("READ 1 MiB", "read4", "file", 480, n, size=MIB, **io)
        yield Row("READ_PLUS 1 MiB", "readplus4", "file", 480, n, size=MIB, **io)
        yield Row("WRITE 1 MiB", "write4", "file", 480, n, size=MIB, **io)


def smb():
    """Operations of SMB 3.1.1 as a client sends them; what is opened is closed in one message."""
    io = {"span": guest.FILE_SIZE}
    yield Row("QUERY_INFO remote", "smb_query", "file", 20000, 1, remote=1)
    for n in 1, 8:
        yield Row("ECHO", "smb_echo", "none", 20000, n)
        yield Row("QUERY_INFO", "smb_query", "file", 20000, n)
        yield Row("OPEN+CLOSE", "smb_open", "none", 12000, n, name="file")
        yield Row("STAT", "smb_stat", "none", 12000, n, name="file")
        yield Row("CREATE", "smb_create", "none", 6000, n, name="work")
        yield Row("RENAME", "smb_rename", "none", 6000, n, name="work")
        yield Row("REMOVE", "smb_remove", "none", 6000, n, name="work", after=RENAMED)
        yield Row("LOCK+UNLOCK", "smb_lock", "file", 12000, n)
        yield Row("FLUSH", "smb_flush", "file", 12000, n)
        yield Row("LIST 1000", "smb_list", "none", 1200, n, size=65536, name="list")
        yield Row("LIST ID_BOTH 1000", "smb_list_both", "none", 1200, n, size=65536, name="list")
        yield Row("READ 4 KiB", "smb_read", "file", 20000, n, size=4096, **io)
        yield Row("WRITE 4 KiB", "smb_write", "file", 20000, n, size=4096, **io)
        yield Row("READ 32 KiB", "smb_read", "file", 6000, n, size=32 * KIB, **io)
        yield Row("WRITE 32 KiB", "smb_write", "file", 6000, n, size=32 * KIB, **io)
        yield Row("READ 1 MiB", "smb_read", "file", 480, n, size=MIB, **io)
        yield Row("WRITE 1 MiB", "smb_write", "file", 480, n, size=MIB, **io)


def smb_protected():
    """Those that tell what signing or encrypting takes: without data, with some, with much.

    ECHO is none of them: ksmbd neither verifies nor protects it.
    """
    return (row for row in smb() if row.label.startswith(("READ", "WRITE", "STAT")))
