# SPDX-License-Identifier: GPL-2.0-only
"""What a run of the model did, and what never happened in it."""
import collections


class Coverage:
    """Numbers of outcomes of steps, of the claims that refused, and of caches that broke."""

    def __init__(self):
        self.steps, self.refused, self.breaks = (collections.Counter() for _ in range(3))

    def ended(self, client, outcome):
        if client.doing:
            self.steps[client.kind(), client.doing, outcome] += 1

    def refuses(self, client, claims):
        for claim in claims:
            self.refused[type(claim).__name__.lower(), client.doing] += 1

    def broke(self, cache, asking):
        """The holder of a cache is told of a break, while these clients do something."""
        for client in asking:
            if client is not cache.client:
                self.breaks[cache.row, f'{client.kind()} {client.doing}'] += 1

    def never(self, clients):
        """What the clients could have done, and never did."""
        done = {f'{kind} {step}' for kind, step, outcome in self.steps if outcome == 'done'}
        return sorted({f'{c.kind()} {step}' for c in clients for step in c.STEPS} - done)

    def report(self, clients):
        lines = collections.defaultdict(list)
        for (kind, step, outcome), count in sorted(self.steps.items()):
            lines[f'{kind} {step}'].append(f'{count} {outcome}')
        print('outcomes:', *(f'  {what}: {", ".join(counts)}' for what, counts in lines.items()),
              sep='\n')
        print('refused by:', ', '.join(f'{claim} {step} {count}' for (claim, step), count in
                                       sorted(self.refused.items())))
        for row in sorted({row for row, _ in self.breaks}):
            print(f'{row} broken by:', ', '.join(f'{what} {count}' for (one, what), count in sorted(
                self.breaks.items()) if one == row))
        print('never:', ', '.join(self.never(clients)) or 'nothing')
