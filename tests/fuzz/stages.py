# SPDX-License-Identifier: GPL-2.0-only
"""The stages of the attack, from valid calls to random bytes."""

import collections
import os
import socket
import struct
import subprocess
import time

import calls as valid
from calls import Call, with_handle, with_name
from results import (ACCES, BADHANDLE, EXIST, INVAL, MOUNT, NAMETOOLONG, NFS, NFSACL, NOENT, NOTDIR,
                     OK, PROCEDURES, STALE, check)
from wire import (AUTH_ERROR, AUTH_NONE, AUTH_ROOT, GARBAGE_ARGS, HEADER_FIXED, PROC_UNAVAIL,
                  PROG_MISMATCH, PROG_UNAVAIL, RPC_MISMATCH, SUCCESS, Closed, Reply, auth_sys,
                  message, record)
from xdr import Malformed

BATCH = 128
ACCEPT_NAMES = {SUCCESS: "SUCCESS", PROG_UNAVAIL: "PROG_UNAVAIL", PROG_MISMATCH: "PROG_MISMATCH",
                PROC_UNAVAIL: "PROC_UNAVAIL", GARBAGE_ARGS: "GARBAGE_ARGS", 5: "SYSTEM_ERR",
                RPC_MISMATCH: "RPC_MISMATCH", AUTH_ERROR: "AUTH_ERROR"}


class Failure(Exception):
    """A stage found an error of the server."""


class Outcome:
    """The answer to a call: .accept, and .status where it was executed."""

    def __init__(self, data, sent, lenient):
        reply = Reply(data)
        self.accept = reply.accept
        self.auth = reply.auth
        self.status = None
        self.size = len(data)
        prog, vers, proc = struct.unpack(">III", sent[12:24])
        if self.accept == SUCCESS and vers == 3 and (prog, proc) in PROCEDURES:
            reply.body.lenient = lenient
            self.status = check(prog, proc, reply.body)


class Sender:
    """Sends many messages on a connection, matches replies, and counts them."""

    def __init__(self, world, lenient=False):
        self.world = world
        self.lenient = lenient
        self.conns = {}
        self.counts = collections.Counter()
        self.sent = 0

    def close(self):
        """Close all connections."""
        for conn in self.conns.values():
            conn.close()
        self.conns.clear()

    def _conn(self, prog):
        port = self.world.ports[prog]
        if port not in self.conns:
            self.conns[port] = self.world.connect(prog)
        return self.conns[port]

    def _drop(self, prog):
        self.conns.pop(self.world.ports[prog]).close()

    def _count(self, sent, outcome):
        prog, vers, proc = struct.unpack(">III", sent[12:24])
        name = PROCEDURES[prog, proc][0] if vers == 3 and (prog, proc) in PROCEDURES else "other"
        what = ACCEPT_NAMES[outcome.accept]
        if outcome.status is not None:
            what = f"status {outcome.status}"
        self.counts[name, what] += 1

    def exchange(self, prog, messages):
        """Send messages, each of which must be answered; returns Outcomes in their order."""
        conn = self._conn(prog)
        by_xid = {m[:4]: m for m in messages}
        found, state = conn.exchange(b"".join(map(record, messages)), len(messages))
        outcomes = {}
        for data in found:
            sent = by_xid.get(data[:4])
            if sent is None or data[:4] in outcomes:
                raise Failure(f"reply to no call: {data[:64].hex()}")
            try:
                outcomes[data[:4]] = Outcome(data, sent, self.lenient)
            except Malformed as e:
                raise Failure(f"{e}\n# call {sent.hex()}\n# reply {data[:512].hex()}") from e
            self._count(sent, outcomes[data[:4]])
        self.sent += len(messages)
        if state != "done":
            self._drop(prog)
            missing = next(m for x, m in by_xid.items() if x not in outcomes)
            raise Failure(f"{state} with {len(messages) - len(outcomes)} calls not answered, "
                          f"the first {missing[:600].hex()}")
        return [outcomes[m[:4]] for m in messages]

    def many(self, prog, messages):
        """Like exchange(), for any number, in batches."""
        outcomes = []
        for i in range(0, len(messages), BATCH):
            outcomes += self.exchange(prog, messages[i:i + BATCH])
        return outcomes


def all_calls(world, options):
    """Valid calls of the programs that are attacked."""
    return valid.calls(world, (NFS, NFSACL) if options.no_mount else (NFS, NFSACL, MOUNT))


def stage_valid(world, sender, options):
    """every procedure succeeds"""
    world.refresh()
    for call in all_calls(world, options):
        outcome = sender.exchange(call.prog, [message(call.prog, call.proc, call.args)])[0]
        if outcome.accept != SUCCESS or outcome.status:
            raise Failure(f"{call.name}: {ACCEPT_NAMES[outcome.accept]} {outcome.status}")


def stage_truncated(world, sender, options):
    """calls cut at every 4 bytes are garbage"""
    world.refresh()
    for call in all_calls(world, options):
        cuts = list(range(0, len(call.args), 4))
        outcomes = sender.many(call.prog, [message(call.prog, call.proc, call.args[:cut])
                                           for cut in cuts])
        for cut, outcome in zip(cuts, outcomes):
            if outcome.accept != GARBAGE_ARGS:
                raise Failure(f"{call.name} cut at {cut} of {len(call.args)}: "
                              f"{ACCEPT_NAMES[outcome.accept]} {outcome.status}")


def spoiled(call, field):
    """The arguments of a call with one of its numbers damaged in every way."""
    size = 8 if field.kind == "u64" else 4
    top = (1 << 8 * size) - 1
    was = int.from_bytes(call.args[field.offset:field.offset + size], "big")
    values = {0, 1, 2, 3, was - 1, was + 1, was + 4, 16, 63, 64, 65, 255, 256, 1023, 1024, 1025,
              4095, 4096, 4097, 0xffff, 1 << 20, (1 << 20) + 1, 0x7ffffffe, 0x7fffffff, 0x80000000,
              top - 3, top - 1, top, top >> 1, (top >> 1) + 1}
    for value in sorted(v for v in values if 0 <= v <= top and v != was):
        yield value, (call.args[:field.offset] + value.to_bytes(size, "big") +
                      call.args[field.offset + size:])


def must_be_garbage(call, field, value):
    """A call with a length beyond its end cannot be executed."""
    return field.kind == "len" and value > len(call.args)


def limit_of(call, field, value):
    """The greatest size of the results, if the damaged number determines it."""
    if (call.prog, call.proc, field.name) in ((NFS, 16, "count"), (NFS, 17, "maxcount")):
        return value
    return None


def stage_fields(world, sender, options):
    """every length, count and enum at its limits and beyond"""
    for call in all_calls(world, options):
        world.refresh()
        # The handles are those that are valid now.
        call = next(c for c in all_calls(world, options) if c.name == call.name)
        for field in call.fields:
            cases = list(spoiled(call, field))
            outcomes = sender.many(call.prog, [message(call.prog, call.proc, args)
                                               for _value, args in cases])
            for (value, _args), outcome in zip(cases, outcomes):
                where = f"{call.name} with {field.name} = {value}"
                if must_be_garbage(call, field, value) and outcome.accept != GARBAGE_ARGS:
                    raise Failure(f"{where}: {ACCEPT_NAMES[outcome.accept]} {outcome.status}")
                limit = limit_of(call, field, value)
                # The header of the reply is 24 bytes, the status not counted either.
                if (limit is not None and outcome.status == OK and outcome.size - 28 > limit and
                        not options.peer):
                    raise Failure(f"{where}: {outcome.size - 28} bytes of results")


def stage_lying_lengths(world, sender, _options):
    """reads, writes and listings that ask for more than there is"""
    world.refresh()
    h = world.handles
    top = (1 << 64) - 1
    cases = [with_handle(h["file"]).number(offset, "offset", "u64").number(count, "count")
             for offset in (0, 16383, 16384, 1 << 62, top >> 1, (top >> 1) + 1, top)
             for count in (0, 1, 4096, 1 << 20, 0xffffffff)]
    for proc in (6, 21):
        sender.many(NFS, [message(NFS, proc, bytes(p.data)) for p in cases])
    writes = []
    for offset in (1 << 40, (top >> 1) - 4, top >> 1, (top >> 1) + 1, top - 3, top):
        for count, data in ((4, b"abcd"), (0, b""), (8, b"abcd"), (2, b"abcd"),
                            (0xffffffff, b"abcd")):
            pack = with_handle(h["file"]).number(offset, "offset", "u64").number(count, "count")
            writes.append(bytes(pack.number(2, "stable").opaque(data, "data").data))
    sender.many(NFS, [message(NFS, 7, args) for args in writes])


def replaced(call, old, new):
    """The arguments of a call with one handle in place of another."""
    before, after = (struct.pack(">I", len(h)) + h + bytes(-len(h) % 4) for h in (old, new))
    return call.args.replace(before, after)


def stage_wrong_types(world, sender, options):
    """every procedure on every type of object"""
    for kind in ("root", "dir", "file", "link", "fifo", "full"):
        world.refresh()
        messages = []
        for call in all_calls(world, options):
            if call.prog == MOUNT:
                continue
            for old in world.handles.values():
                args = replaced(call, old, world.handles[kind])
                if args != call.args:
                    messages.append(message(call.prog, call.proc, args))
        sender.many(NFS, messages)
    world.refresh()
    read = with_handle(world.handles["dir"]).number(0, "offset", "u64").number(10, "count")
    lookup = with_name(world.handles["file"], b"x")
    reading, looking = sender.exchange(NFS, [message(NFS, 6, bytes(read.data)),
                                             message(NFS, 3, bytes(lookup.data))])
    if reading.status != INVAL and not options.peer or looking.status != NOTDIR:
        raise Failure(f"READ of a directory: {reading.status}, LOOKUP in a file: {looking.status}")


def forgeries(fh, rng):
    """Handles that the server did not issue."""
    for i, byte in enumerate(fh):
        for bit in range(8):
            yield fh[:i] + bytes([byte ^ 1 << bit]) + fh[i + 1:]
    for size in range(0, 65):
        yield rng.randbytes(size)
        if size < len(fh):
            yield fh[:size]
        elif size > len(fh):
            yield fh + bytes(size - len(fh))


def stage_forged(world, sender, options):
    """forged handles are refused"""
    world.refresh()
    for name in ("root", "file"):
        real = world.handles[name]
        forged = [fh for fh in forgeries(real, options.rng) if fh not in world.handles.values()]
        outcomes = sender.many(NFS, [message(NFS, 1, bytes(with_handle(fh).data))
                                     for fh in forged])
        for fh, outcome in zip(forged, outcomes):
            if outcome.accept == GARBAGE_ARGS or outcome.status in (BADHANDLE, STALE):
                continue
            if not options.peer:
                raise Failure(f"handle {fh.hex()} made from {real.hex()}: {outcome.status}")


BAD_NAMES = {
    b"": (ACCES, INVAL, NOENT, EXIST), b"a\0b": (ACCES, INVAL, NOENT),
    b"\0": (ACCES, INVAL, NOENT), b"/": (ACCES, INVAL, NOENT), b"a/b": (ACCES, INVAL, NOENT),
    b"../canary": (ACCES, INVAL, NOENT), b"/etc/passwd": (ACCES, INVAL, NOENT),
    b"n" * 256: (NAMETOOLONG,), b"n" * 1024: (NAMETOOLONG,),
}
DOTS = {b".": None, b"..": None}


def naming(h, name):
    """Calls that take a name, with this one."""
    yield Call(NFS, 3, with_name(h["dir"], name))
    yield Call(NFS, 8, valid.sattr(with_name(h["dir"], name).number(1, "how")), " GUARDED")
    yield Call(NFS, 9, valid.sattr(with_name(h["dir"], name)))
    yield Call(NFS, 10, valid.sattr(with_name(h["dir"], name)).opaque(b"x", "path"))
    yield Call(NFS, 11, valid.sattr(with_name(h["dir"], name).number(7, "type")))
    yield Call(NFS, 12, with_name(h["dir"], name))
    yield Call(NFS, 13, with_name(h["dir"], name))
    yield Call(NFS, 14, with_name(h["root"], b"from").opaque(h["dir"], "to").opaque(name, "name"))
    yield Call(NFS, 14, with_name(h["dir"], name).opaque(h["dir"], "to").opaque(b"to", "name"))
    yield Call(NFS, 15, with_handle(h["file"]).opaque(h["dir"], "to").opaque(name, "name"))


def stage_names(world, sender, _options):
    """invalid names, and names too long"""
    world.refresh()
    canary = os.path.join(os.path.dirname(world.directory.rstrip("/")), "canary")
    with open(canary, "w", encoding="ascii") as f:
        f.write("alive")
    for name, allowed in {**BAD_NAMES, **DOTS}.items():
        cases = list(naming(world.handles, name))
        outcomes = sender.many(NFS, [message(NFS, c.proc, c.args) for c in cases])
        for call, outcome in zip(cases, outcomes):
            done = outcome.accept == SUCCESS and outcome.status == OK
            harmless = allowed is None and call.proc == 3
            wrong = outcome.status not in allowed if allowed and outcome.status else False
            if done and not harmless or wrong:
                raise Failure(f"{call.name} of {name[:16]!r}: {outcome.status}")
    with open(canary, encoding="ascii") as f:
        if f.read() != "alive" or os.listdir(os.path.join(world.directory, "dir")):
            raise Failure("a name reached what it must not")
    os.unlink(canary)


def stage_header(world, sender, _options):
    """programs, versions, procedures and credentials that do not exist"""
    world.refresh()
    fh = bytes(with_handle(world.handles["root"]).data)
    expected = [
        (message(NFS, 22, b""), PROC_UNAVAIL), (message(NFS, 0xffffffff, b""), PROC_UNAVAIL),
        (message(NFSACL, 9, b""), PROC_UNAVAIL),
        (message(NFS, 0, b"", vers=2), PROG_MISMATCH), (message(NFS, 0, b"", vers=9), PROG_MISMATCH),
        (message(NFSACL, 0, b"", vers=9), PROG_MISMATCH), (message(100099, 0, b""), PROG_UNAVAIL),
    ]
    expected += [(message(NFS, 1, fh, cred), AUTH_ERROR) for cred in (
        auth_sys(gids=range(17)), auth_sys(machine=b"m" * 256),
        struct.pack(">II", 77, 0), struct.pack(">II", 1, 0), struct.pack(">II", 1, 8) + bytes(8),
        struct.pack(">IIIII", 1, 12, 0, 0xffffffff, 0),
        struct.pack(">II", 1, 24) + struct.pack(">IIIIII", 0, 0, 0, 0, 0xffffffff, 0),
    )]
    outcomes = sender.exchange(NFS, [m for m, _accept in expected])
    for (sent, accept), outcome in zip(expected, outcomes):
        if outcome.accept != accept:
            raise Failure(f"{ACCEPT_NAMES[outcome.accept]} instead of {ACCEPT_NAMES[accept]} for "
                          f"{sent.hex()}")
    # Every cut of the header; one that cannot be told from noise may end the connection.
    whole = message(NFS, 1, fh)
    for cut in range(0, HEADER_FIXED + len(AUTH_ROOT) + 8, 4):
        sent = message(NFS, 1, fh)[:cut]
        with world.connect() as conn:
            conn.timeout = 1
            conn.exchange(record(sent), 0)
    for value in (0, 1, 3, 0x7fffffff, 0xffffffff):
        for offset in range(4, len(whole) - len(fh), 4):
            sent = bytearray(message(NFS, 1, fh))
            sent[offset:offset + 4] = value.to_bytes(4, "big")
            with world.connect() as conn:
                conn.exchange(record(bytes(sent)), 0)


def framings(world):
    """Byte streams with wrong record marks, and the replies that are expected."""
    def call():
        return message(NFS, 1, bytes(with_handle(world.handles["root"]).data))

    def pieces(data, size):
        return b"".join(struct.pack(">I", len(data[i:i + size]) |
                                    (0x80000000 if i + size >= len(data) else 0)) +
                        data[i:i + size] for i in range(0, len(data), size))

    whole = call()
    yield "fragments of 4 bytes", pieces(call(), 4), 1
    yield "fragments of 1 byte", pieces(call(), 1), 1
    yield "200 calls at once", b"".join(record(call()) for _ in range(200)), 200
    yield "empty last fragment", record(b""), 0
    yield "10000 empty fragments", bytes(4) * 10000, 0
    yield "a fragment of 2 GiB", struct.pack(">I", 0xffffffff) + whole, 0
    yield "not last, of 2 GiB", struct.pack(">I", 0x7fffffff) + whole * 100, 0
    yield "longer than sent", struct.pack(">I", 0x80000000 | len(whole) + 100) + whole, 0
    yield "shorter than sent", struct.pack(">I", 0x80000000 | len(whole) - 8) + whole, 0
    yield "half a record mark", b"\x80\0", 0
    yield "beyond what a call may be", struct.pack(">I", 0x80000000 | 0x140000) + bytes(0x140000), 0
    yield "fragments beyond a call", (struct.pack(">I", 0x10000) + bytes(0x10000)) * 24, 0
    yield "two calls in a record", record(call() + call()), 0
    yield "HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0
    yield "zeros", bytes(100000), 0
    yield "ones", b"\xff" * 100000, 0


def alive(world, tries=50):
    """A new connection is served, perhaps after the rest of a flood."""
    for attempt in range(tries):
        try:
            with world.connect() as conn:
                conn.results(NFS, 1, bytes(with_handle(world.handles["root"]).data))
            return
        except (OSError, Closed, Malformed) as e:
            if attempt == tries - 1:
                raise Failure(f"server does not answer: {e!r}") from e
            time.sleep(0.1)


def stage_framing(world, _sender, _options):
    """TCP streams with wrong record marks"""
    world.refresh()
    for name, stream, wanted in framings(world):
        with world.connect() as conn:
            if not wanted:
                conn.timeout = 2
            found, state = conn.exchange(stream, wanted)
            if len(found) < wanted:
                raise Failure(f"{name}: {len(found)} of {wanted} replies, {state}")
        alive(world)


def stage_rude(world, _sender, options):
    """clients that vanish, never read, or never finish"""
    world.refresh()
    read = with_handle(world.handles["file"]).number(0, "offset", "u64").number(16384, "count")
    idle = []
    for i in range(20 if options.quick else 60):
        conn = world.connect()
        conn.sock.setblocking(False)
        stream = b"".join(record(message(NFS, 6, bytes(read.data))) for _ in range(100))
        try:
            conn.sock.send(stream[:len(stream) - i])
        except OSError:
            pass
        if i % 3 == 0:
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if i % 3 == 2:
            idle.append(conn)
        else:
            conn.close()
    alive(world)
    for conn in idle:
        conn.close()
    alive(world)


def stage_mount(world, _sender, options):
    """the kernel's client mounts, writes and reads"""
    if not options.mount:
        return
    world.refresh()
    os.makedirs(options.mount, exist_ok=True)
    ports = f"port={world.ports[NFS]},mountport={world.ports[MOUNT]}"
    data = os.urandom(3 << 20)
    subprocess.run(["mount", "-t", "nfs", "-o", f"vers=3,nolock,proto=tcp,mountproto=tcp,{ports}",
                    f"{world.address}:{world.share}", options.mount], check=True, timeout=60)
    try:
        with open(f"{options.mount}/copy", "wb") as f:
            f.write(data)
            os.fsync(f.fileno())
        for path in f"{world.directory}/copy", f"{options.mount}/copy":
            with open(path, "rb") as f:
                if f.read() != data:
                    raise Failure(f"{path} is not what was written")
    finally:
        subprocess.run(["umount", options.mount], check=True, timeout=60)


def stage_udp(world, _sender, options):
    """UDP datagrams of garbage"""
    port = options.udp_port
    if not port or options.no_mount:
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((world.address, port))
        sock.settimeout(0.5)
        whole = message(MOUNT, 1, b"\0\0\0\x04/tmp")
        for i in range(2000):
            data = bytearray(whole if i % 2 else options.rng.randbytes(i % 900))
            for _ in range(i % 7 if data else 0):
                data[options.rng.randrange(len(data))] = options.rng.randrange(256)
            try:
                sock.send(bytes(data[:i % (len(data) + 1)]))
            except OSError:
                pass
        for _ in range(20):
            last = message(MOUNT, 0, b"", AUTH_NONE)
            try:
                sock.send(last)
                until = time.monotonic() + 2
                while time.monotonic() < until:
                    data = sock.recv(65536)
                    if data[:4] == last[:4] and Reply(data).accept == SUCCESS:
                        return
            except OSError:
                pass
    raise Failure("no answer over UDP any more")
