# SPDX-License-Identifier: GPL-2.0-only
"""Seeded random mutations of valid calls: number N of a seed is always the same."""

import random

from calls import calls
from results import MOUNT, NFS, NFSACL
from stages import BATCH, Failure, alive
from xdr import Malformed
from ways import spoil
from wire import AUTH_NONE, AUTH_ROOT, HEADER_FIXED, Reply, auth_sys, message, record

# Mutations after which the share is made again, because they damage it.
REFRESH = 2000
CREDS = (AUTH_ROOT, AUTH_ROOT, AUTH_ROOT, auth_sys(1000, 1000, (4, 24)), AUTH_NONE)


class Mutation:
    """Number `index` of a seed: .message is what is sent, .header if its header is spoiled too."""

    def __init__(self, seed, index, templates):
        rng = random.Random(seed << 32 | index)
        call = rng.choice(templates)
        args = bytearray(call.args)
        other = rng.choice(templates)
        proc = call.proc
        kind = rng.randrange(20)
        if kind == 0 and other.prog == call.prog:
            proc = other.proc
        elif kind == 1:
            args[len(args) // 8 * 4:] = other.args[len(other.args) // 8 * 4:]
        spoil(rng, args, ">")
        self.prog = call.prog
        self.header = rng.randrange(50) == 0
        data = bytearray(message(call.prog, proc, bytes(args), rng.choice(CREDS)))
        if self.header:
            # The xid stays: the reply is known by it.
            i = rng.randrange(4, min(len(data), HEADER_FIXED + len(AUTH_ROOT)))
            data[i] ^= 1 << rng.randrange(8)
        self.message = bytes(data)


def attack(world, sender, options, report):
    """Send all mutations; report(done) is called at intervals."""
    programs = (NFS, NFSACL) if options.no_mount else (NFS, NFSACL, MOUNT)
    done, templates = options.start, []
    end = options.start + options.count
    while done < end:
        if not templates or done % REFRESH < BATCH:
            sender.close()
            world.refresh()
            templates = calls(world, programs)
            report(done)
        batch = [Mutation(options.seed, i, templates)
                 for i in range(done, min(done + BATCH, end))]
        try:
            for prog in programs:
                plain = [m.message for m in batch if m.prog == prog and not m.header]
                spoiled = [m.message for m in batch if m.prog == prog and m.header]
                if plain:
                    sender.exchange(prog, plain)
                send_spoiled(world, sender, prog, spoiled)
        except (Failure, Malformed) as e:
            raise Failure(f"among mutations {done} to {done + len(batch) - 1} of seed "
                          f"{options.seed}: {e}") from e
        done += len(batch)
    sender.close()
    world.refresh()
    alive(world)


def send_spoiled(world, sender, prog, messages):
    """A call with a damaged header may be dropped, or end the connection.

    A valid call behind it must be answered, or the connection closed.
    """
    for data in messages:
        probe = message(prog, 0, b"", AUTH_NONE)
        sender.sent += 1
        with world.connect(prog) as conn:
            found, state = conn.exchange(record(data) + record(probe), 1)
            while state == "done" and not any(f[:4] == probe[:4] for f in found):
                more, state = conn.exchange(b"", 1)
                found += more
            for reply in found:
                Reply(reply)
            if state == "timeout":
                raise Failure(f"silence after {data.hex()}")
