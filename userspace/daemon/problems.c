// SPDX-License-Identifier: GPL-2.0-only
/* Lists of problems, see problems.h. */

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "problems.h"

void problems_add(struct problems *p, const char *what, const char *why)
{
	p->list = mem_grow(p->list, p->n, sizeof(*p->list));
	p->list[p->n].what = mem_string(what);
	p->list[p->n++].why = mem_string(why);
}

static void problem_free(const struct problem *problem)
{
	free(problem->what);
	free(problem->why);
}

void problems_drop(struct problems *p, const char *what)
{
	unsigned int i, kept = 0;

	for (i = 0; i < p->n; i++) {
		if (strcmp(p->list[i].what, what))
			p->list[kept++] = p->list[i];
		else
			problem_free(&p->list[i]);
	}
	p->n = kept;
}

bool problems_about(const struct problems *p, const char *what)
{
	unsigned int i;

	for (i = 0; i < p->n; i++)
		if (!strcmp(p->list[i].what, what))
			return true;
	return false;
}

bool problems_have(const struct problems *p, const char *what, const char *why)
{
	unsigned int i;

	for (i = 0; i < p->n; i++)
		if (!strcmp(p->list[i].what, what) && !strcmp(p->list[i].why, why))
			return true;
	return false;
}

void problems_free(struct problems *p)
{
	unsigned int i;

	for (i = 0; i < p->n; i++)
		problem_free(&p->list[i]);
	free(p->list);
	memset(p, 0, sizeof(*p));
}
