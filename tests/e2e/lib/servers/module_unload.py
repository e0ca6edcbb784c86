# SPDX-License-Identifier: GPL-2.0-only
"""Modules that are unloaded while the rest of the machine works."""
import threading

from checks import eq, wait_for
from files import get
from namespaces import Ns
from processes import run


def others_come_and_go():
    """Others may make namespaces and load modules that are in each of them."""
    done = []

    def work():
        Ns('e2e-other', 'other').remove()
        run('modprobe', 'ditto_family')
        run('rmmod', 'ditto_family')
        done.append(True)
    other = threading.Thread(target=work, daemon=True)
    other.start()
    wait_for('others come and go', lambda: not other.is_alive())
    eq(done, [True])


def stays(module):
    """Tell whether a module that is being unloaded is still there."""
    try:
        return get(f'/sys/module/{module}/initstate').strip() == b'going'
    except OSError:
        return False
