// SPDX-License-Identifier: GPL-2.0-only
/* How many names the store process remembers of what uploads rely on, and have sent. */

#include "offload/condemned.c"
#include "test.h"

static struct store store = { .name = "s", .knows_condemned = true };
static u8 condemned_name[HASH_SIZE] = { 0xff };

static void numbered_name(u64 number, u8 name[HASH_SIZE])
{
	memset(name, 1, HASH_SIZE);
	memcpy(name, &number, sizeof(number));
}

/* Note all names that a set may have, and one more. Returns false if that is too many before. */
static bool names_note(struct condemnations *all, bool sent)
{
	struct condemned *c = condemned_of(all, &store);
	struct condemned_wait w = { .waits = false };
	u8 name[HASH_SIZE];
	u64 i;

	for (i = 0; i <= NAMES_MAX; i++) {
		if (c->full)
			return false;
		numbered_name(i, name);
		if (sent)
			condemned_sent(all, &store, name);
		else if (!condemned_rely(all, &store, name, &w))
			return false;
	}
	return true;
}

/* While a list is unusable, any name may be condemned, and is noted: up to a bound. */
static void names_bounded(void)
{
	struct engine engine = { .condemned = NULL };
	struct condemnations *all = condemnations_new(&engine);
	struct garbage_list list = { .n = 1 };
	struct condemned_wait w = { .waits = false };
	u8 *bytes = mem_new(GARBAGE_MAX), more[HASH_SIZE];
	struct condemned *c = condemned_of(all, &store);
	struct name_set *set;
	size_t size;
	int sent;

	list.entries = bytes + GARBAGE_HEADER;
	garbage_put(bytes, 0, ENVELOPE_CHUNK, condemned_name);
	for (sent = 0; sent < 2; sent++) {
		condemned_begin_run(all, &store);
		store.knows_condemned = true;
		c->unusable = true;
		condemned_add(all, &store, &list);
		set = sent ? &c->sent : &c->relied;
		CHECK(condemned_begin_deletion(all, &store, condemned_name));
		condemned_end_deletions(all, &store);
		CHECK(names_note(all, sent) && c->full);
		size = set->n;
		numbered_name(NAMES_MAX + 1, more);
		condemned_sent(all, &store, more);
		CHECK(condemned_rely(all, &store, more, &w) && set->n == size);
		/* Everything is sent again, and nothing is deleted. */
		CHECK(condemned_doubts(all, &store, more));
		CHECK(!condemned_begin_deletion(all, &store, condemned_name));
	}
	/* The next run begins anew. */
	condemned_begin_run(all, &store);
	CHECK(!c->full && !c->relied.n && !c->sent.n);
	free(bytes);
	name_set_free(&c->names[1]);
	free(c);
	free(all);
}

int main(void)
{
	static const struct test tests[] = { TEST(names_bounded), { NULL, NULL } };

	return test_main(tests);
}
