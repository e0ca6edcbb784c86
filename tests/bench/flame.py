# SPDX-License-Identifier: GPL-2.0-only
"""What is made of samples: stacks, lists of functions and modules, a flame graph.

A stack is a tuple of frames from the outermost to the innermost, a frame is "function module", and
stacks are a dictionary from a stack to its number of samples.
"""

import bisect
import sys
from xml.sax.saxutils import escape, quoteattr

WIDTH, LINE, CHAR = 1400, 17, 6.6
# Narrower frames are not drawn; pixels.
NARROW = 0.4
COLOURS = {"kernel": "#e8c15a", "other": "#b8b8b8"}
# Modules of ours, in the colours of a flame; all others are those of the peers and the network.
OURS = ("#e4572e", "#ef8354", "#d1495b", "#f2a65a")
THEIRS = ("#7fb069", "#6b9ac4", "#9d8df1", "#a7c957")


def read_modules(lines):
    """[(first address, name)] in order, of the lines of /proc/modules."""
    return sorted((int(words[5], 16), words[0]) for words in map(str.split, lines))


def module_at(address, modules):
    """Name of the module whose text an address is in; what is below all of them is the kernel."""
    at = bisect.bisect(modules, (address, chr(sys.maxunicode)))
    return modules[at - 1][1] if at else "kernel"


def read(lines, modules):
    """Stacks of the output of perf script -F comm,ip,sym: after a thread's name its frames."""
    stacks, thread, frames = {}, None, []
    for line in [*lines, ""]:
        words = line.split()
        if words and line[0] in "\t ":
            frames.append(f"{words[1] if len(words) > 1 else 'unknown'} "
                          f"{module_at(int(words[0], 16), modules)}")
        elif words:
            thread = words[0].split(":")[0].rstrip("0123456789/")
        elif frames:
            key = (f"{thread} thread", *reversed(frames))
            stacks[key] = stacks.get(key, 0) + 1
            frames = []
    return stacks


def write_folded(path, stacks):
    """One line for each stack: frames with semicolons, and the number of samples."""
    with open(path, "w", encoding="utf-8") as f:
        for stack, count in sorted(stacks.items()):
            f.write(f"{';'.join(stack)} {count}\n")


def by_frame(stacks):
    """{frame: (samples in it, samples in it and in what it calls)}."""
    found = {}
    for stack, count in stacks.items():
        for frame in set(stack):
            own, all_ = found.get(frame, (0, 0))
            found[frame] = own + count * (frame == stack[-1]), all_ + count
    return found


def by_module(stacks):
    """{module: (samples in its functions, samples in them and in what they call)}."""
    found = {}
    for stack, count in stacks.items():
        innermost = stack[-1].rsplit(" ", 1)[-1]
        for module in {frame.rsplit(" ", 1)[-1] for frame in stack}:
            own, all_ = found.get(module, (0, 0))
            found[module] = own + count * (module == innermost), all_ + count
    return found


def table(title, found, total, cost, most):
    """Lines of Markdown with what has most samples of its own; @cost is that of an operation."""
    yield f"| {title} | own | with what it calls | instructions, own | with what it calls |"
    yield "|---|--:|--:|--:|--:|"
    for name, (own, all_) in sorted(found.items(), key=lambda i: (-i[1][0], -i[1][1]))[:most]:
        yield (f"| {name} | {own / total:.1%} | {all_ / total:.1%} | {own / total * cost:,.0f} | "
               f"{all_ / total * cost:,.0f} |")


def report(stacks, cost, most=60):
    """Lists by module, and by function of each module, as lines of Markdown."""
    total = sum(stacks.values())
    frames = {f: n for f, n in by_frame(stacks).items() if not f.endswith(" thread")}
    modules = {m: n for m, n in by_module(stacks).items() if m != "thread"}
    yield from table("module", modules, total, cost, most)
    yield ""
    yield from table("function", frames, total, cost, most)
    for module in sorted(modules, key=lambda m: -modules[m][1]):
        # What is only called by others is in the list of all functions.
        if module == "kernel":
            continue
        inside = {f.rsplit(" ", 1)[0]: n for f, n in frames.items() if f.endswith(f" {module}")}
        order = dict(sorted(inside.items(), key=lambda i: -i[1][1])[:most])
        yield ""
        yield from table(f"function of {module}", order, total, cost, most)


def tree(stacks):
    """Nested [samples, {frame: node}] of all stacks."""
    root = [0, {}]
    for stack, count in stacks.items():
        node = root
        node[0] += count
        for frame in stack:
            node = node[1].setdefault(frame, [0, {}])
            node[0] += count
    return root


def colour(frame):
    """By module, so that whose code it is can be seen."""
    module = frame.rsplit(" ", 1)[-1]
    if module in COLOURS:
        return COLOURS[module]
    shades = OURS if module.startswith("ditto") else THEIRS
    return shades[sum(module.encode()) % len(shades)] if module != "thread" else "#dddddd"


def boxes(node, left, depth, scale):
    """(left, depth, width, frame, samples) of what is below a node, callers before callees."""
    for frame, child in sorted(node[1].items()):
        width = child[0] * scale
        if width >= NARROW:
            yield left, depth, width, frame, child[0]
            yield from boxes(child, left, depth + 1, scale)
        left += width


def svg(stacks, title, cost):
    """A flame graph; what a frame is, and its cost, is shown by the viewer's tool tip."""
    total = sum(stacks.values())
    found = list(boxes(tree(stacks), 0, 0, WIDTH / max(total, 1)))
    height = (max((depth for _, depth, *_ in found), default=0) + 3) * LINE
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
           'font-family="monospace" font-size="11">')
    yield f'<rect width="{WIDTH}" height="{height}" fill="white"/>'
    yield f'<text x="4" y="{LINE - 4}">{escape(title)}</text>'
    for left, depth, width, frame, count in found:
        y = height - (depth + 1) * LINE
        tip = f"{frame}: {count / total:.2%}, {count / total * cost:,.0f} instructions"
        yield (f'<g><title>{escape(tip)}</title><rect x="{left:.1f}" y="{y}" width="{width:.1f}" '
               f'height="{LINE - 1}" fill={quoteattr(colour(frame))}/>')
        shown = frame.rsplit(" ", 1)[0][:int(width / CHAR)]
        if len(shown) > 2:
            yield f'<text x="{left + 2:.1f}" y="{y + LINE - 5}">{escape(shown)}</text>'
        yield "</g>"
    yield "</svg>"
