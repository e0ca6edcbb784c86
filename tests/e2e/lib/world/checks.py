# SPDX-License-Identifier: GPL-2.0-only
"""What a test demands, and how long it waits for that."""
import contextlib
import errno
import os
import time

# Limits are for a guest that is quick to start; others emulate or check everything.
SLOW = 1 if os.environ.get('DITTO_VM', 'uml') == 'uml' else 5
# Seconds: the shortest limit of a test, and the usual one of a wait. Both only end what hangs;
# other guests may have the CPU meanwhile.
TEST_LIMIT, WAIT_LIMIT = 120, 30


def wait_for(what, condition, seconds=WAIT_LIMIT):
    """Poll until the condition holds; the limit only ends a test that would hang."""
    end = time.monotonic() + seconds * SLOW
    pause = 0.005
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'waited {seconds} s in vain: {what}')
        time.sleep(pause)
        pause = min(2 * pause, 0.05)


def expect_errno(*numbers):
    """The block must fail with one of these errors."""
    @contextlib.contextmanager
    def manager():
        try:
            yield
        except OSError as e:
            if e.errno not in numbers:
                raise
        else:
            names = ', '.join(errno.errorcode[n] for n in numbers)
            raise AssertionError(f'worked, {names} expected')
    return manager()


def eq(got, want, what=''):
    if got != want:
        raise AssertionError(f'{what or "value"}: {got!r}, expected {want!r}')


def one_of(got, want, what=''):
    if got not in want:
        raise AssertionError(f'{what or "value"}: {got!r}, expected one of {want!r}')
