# SPDX-License-Identifier: GPL-2.0-only
"""Programs that import this find the modules of lib/, each by its own name."""
import glob
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

sys.path[:0] = sorted(glob.glob(f'{HERE}/lib/*/'))
