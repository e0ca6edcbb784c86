# SPDX-License-Identifier: GPL-2.0-only
"""Samples with stacks, taken by perf in the guest that counts.

Its clock goes on with the instructions, so that samples at equal times are samples at equal numbers
of instructions. Work with interrupts disabled is seen where it enables them.
"""

import os
import signal
import subprocess

import flame

DATA = "/run/perf.data"
# Samples a second of the guest, so one for so many thousand instructions.
RATE = 20000
# perf does not take part, and neither does what writes its data.
LEFT_OUT = ("perf", "sleep", "python3", "profile", "layers", "swapper")


def tune(**values):
    """Change settings of the kernel."""
    for name, value in values.items():
        with open(f"/proc/sys/kernel/{name}", "w", encoding="ascii") as f:
            f.write(str(value))


def prepare():
    """Let perf take as many samples as it likes; once, as the kernel refuses a second time."""
    tune(perf_event_max_sample_rate=1000000, perf_cpu_time_max_percent=0, kptr_restrict=0,
         perf_event_max_stack=127)


def sample(work):
    """Take samples while work() runs; returns what it returns."""
    ready, tell = os.pipe()
    asked, ask = os.pipe()
    command = ["perf", "record", "-q", "-a", "-g", "-e", "cpu-clock:k", "-F", str(RATE),
               "-m", "32M", "-D", "-1", f"--control=fd:{asked},{tell}", "-o", DATA]
    with subprocess.Popen(command, pass_fds=(asked, tell), stdin=subprocess.DEVNULL) as perf:
        os.close(tell)
        os.close(asked)
        os.write(ask, b"enable\n")
        if not os.read(ready, 16).startswith(b"ack"):
            raise RuntimeError("perf does not start")
        try:
            result = work()
            os.write(ask, b"disable\n")
            os.read(ready, 16)
        finally:
            perf.send_signal(signal.SIGINT)
    os.close(ask)
    os.close(ready)
    return result


def stacks_of():
    """Stacks of the samples, without those of the measurement."""
    with open("/proc/modules", encoding="ascii") as f:
        modules = flame.read_modules(f)
    command = ["perf", "script", "-F", "comm,ip,sym", "-i", DATA]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as script:
        stacks = flame.read(script.stdout, modules)
    return {stack: count for stack, count in stacks.items()
            if stack[0].removesuffix(" thread") not in LEFT_OUT}


def calls_for(work, budget):
    """Number of calls that take so many instructions; makes some to find out, and warms up."""
    few = max(8 * work.row.outstanding, 32)
    work.run(few)
    return max(int(budget * few / max(work.run(few)["ns"], 1)), few)
