# SPDX-License-Identifier: GPL-2.0-only
"""What the documents say: their blocks of commands and their tables."""
import re

from checks import eq
from files import get
from servers import TOP


def section(name, title):
    """The text of a section, up to the next one."""
    text = get(f'{TOP}/{name}').decode()
    return re.search(rf'^## {title}\n(.*?)(?=^## |\Z)', text, re.M | re.S)[1]


def blocks(name, title):
    """The blocks of commands in a section."""
    return re.findall(r'^```\n(.*?)^```', section(name, title), re.M | re.S)


def known_blocks(name, title, begins):
    """The blocks of commands in a section by the names that @begins gives their first words."""
    found = blocks(name, title)
    eq([block.startswith(words) for block, words in zip(found, begins.values())],
       [True] * len(begins), 'the blocks that this test knows')
    eq(len(found), len(begins), 'number of blocks')
    return dict(zip(begins, found))


def tables(name, head):
    """The rows of all tables with these heads of columns, as lists of cells."""
    rows, inside = [], False
    for line in get(f'{TOP}/{name}').decode().splitlines():
        cells = [cell.strip() for cell in line.strip('|').split('|')] if line[:1] == '|' else []
        if cells == head:
            inside = True
        elif not cells:
            inside = False
        elif inside and set(line) - set('|- :'):
            rows.append(cells)
    return rows


def code(cell):
    """What a cell has as code."""
    return re.findall(r'`([^`]*)`', cell)
