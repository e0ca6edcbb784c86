// SPDX-License-Identifier: GPL-2.0-only
/* Lists of stores: pages follow each other, and a store that gives no later page is left. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/offload/list.h"
#include "mem.h"
#include "test.h"

/* Pages that a list may have here; one that never ends stops the test. */
#define PAGES_MAX	8

#define HEX		"00112233445566778899aabbccddeeff00112233445566778899aabbccddee"
#define SNAPSHOT(n)	"snapshots/00/" HEX n " 5 6\n"
/* Longer than any name of Ditto's. */
#define MANY		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG		"snapshots/" MANY MANY

/**
 * struct store - the only store
 * @pages: its pages; the last is given again and again
 * @n: number of them
 * @more: the last page is not the end
 * @asked: number of requests for pages
 * @after: where the last page was to begin
 * @found: objects that were found
 * @problems: subjects and texts of problems, a line each
 * @requests: requests for parts that wait for their pages
 * @n_requests: number of them
 * @page: the page of the present one
 */
static struct store {
	const char *const *pages;
	unsigned int n;
	bool more;
	unsigned int asked;
	char *after;
	unsigned int found;
	char problems[1024];
	char *requests[OFFLOAD_LIST_PARTS];
	u64 tags[OFFLOAD_LIST_PARTS];
	size_t n_requests;
	char *page;
} store;

/* Chunks by the first byte of their names: those that a list has said to be there. */
static bool present[256];
/* The same for those that the store has: objects of a page are PART_PAGE at most. */
#define PART_HAS(byte)	((byte) % 5 != 3)
#define PART_PAGE	4

static void list_found(void *arg, const struct index_object *o)
{
	(void)arg;
	SAME(o->store, "cold");
	CHECK(o->size == 5 && o->modified == 6);
	store.found++;
}

static void list_problem(void *arg, const char *subject, const char *text)
{
	size_t used = strlen(store.problems);

	(void)arg;
	snprintf(store.problems + used, sizeof(store.problems) - used, "%.20s: %s\n", subject,
		 text);
}

static void part_found(void *arg, const struct index_object *o)
{
	(void)arg;
	CHECK(o->kind == ENVELOPE_CHUNK);
	present[o->name[0]] = true;
	store.found++;
}

/* All that could be on a page and is not is not there. */
static void part_page(void *arg, const struct index_range *range)
{
	char object[OBJECT_NAME_SIZE];
	u8 name[HASH_SIZE];
	int byte;

	(void)arg;
	SAME(range->store, "cold");
	for (byte = 0; byte < 256; byte++) {
		memset(name, byte, HASH_SIZE);
		object_name(ENVELOPE_CHUNK, name, object);
		if (memcmp(name, range->first, HASH_SIZE) >= 0 &&
		    memcmp(name, range->last, HASH_SIZE) <= 0)
			present[byte] = strstr(store.page, object);
	}
}

/* Make the page that a request is for. Returns whether there is another one. */
static bool part_fill(const char *request)
{
	const char *after = strchr(request, '\n') + 1;
	char object[OBJECT_NAME_SIZE], *page;
	u8 name[HASH_SIZE];
	int byte, n = 0;

	store.page = mem_string("");
	for (byte = 0; byte < 256; byte++) {
		memset(name, byte, HASH_SIZE);
		object_name(ENVELOPE_CHUNK, name, object);
		if (!PART_HAS(byte) || strncmp(object, request, (size_t)(after - request - 1)) ||
		    strcmp(object, after) <= 0)
			continue;
		if (n++ == PART_PAGE)
			return true;
		page = mem_print("%s%s 5 6\n", store.page, object);
		free(store.page);
		store.page = page;
	}
	return false;
}

static struct offload_list parts = { .each = part_found, .page = part_page,
				     .problem = list_problem };

static struct offload_list list = { .each = list_found, .problem = list_problem };

/* Functions of others that the list calls */

int offload_connect(struct offload_ctl_request *request, int file, struct why *why)
{
	(void)file;
	(void)why;
	CHECK(request->type == OFFLOAD_CTL_STATUS);
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool offload_answer(int fd, union offload_ctl_answer *answer, int *file)
{
	static bool told;

	(void)fd;
	(void)file;
	memset(answer, 0, sizeof(*answer));
	told = !told;
	answer->type = told ? OFFLOAD_CTL_STORE : OFFLOAD_CTL_DONE;
	snprintf(answer->store.name, sizeof(answer->store.name), "cold");
	return true;
}

void offload_orders_add(struct offload_orders *o, u32 type, const char *name, const char *path,
			u64 tag)
{
	(void)o;
	CHECK(type == OFFLOAD_CTL_LIST);
	SAME(name, "cold");
	CHECK(strlen(path) < OFFLOAD_CTL_PATH_SIZE);
	if (!store.n) {
		store.tags[store.n_requests] = tag;
		store.requests[store.n_requests++] = mem_string(path);
		return;
	}
	free(store.after);
	store.after = mem_string(strchr(path, '\n') + 1);
}

static unsigned int store_page(void)
{
	return store.asked < store.n ? store.asked : store.n - 1;
}

u8 *offload_file_read(int fd, size_t *len)
{
	(void)fd;
	if (store.page) {
		*len = strlen(store.page);
		return (u8 *)mem_string(store.page);
	}
	*len = strlen(store.pages[store_page()]);
	return (u8 *)mem_string(store.pages[store_page()]);
}

/* Answer all requests for parts, the last one first. */
static void parts_wait(void)
{
	struct offload_result r = { .store = "cold" };

	while (store.n_requests) {
		r.path = store.requests[--store.n_requests];
		r.tag = store.tags[store.n_requests];
		r.more = part_fill(r.path);
		offload_list_result(&parts, &r);
		free(store.page);
		free(store.requests[store.n_requests]);
		store.page = NULL;
	}
	store.asked++;
}

void offload_orders_wait(struct offload_orders *o)
{
	const struct offload_result r = {
		.store = "cold", .path = "", .more = store.more || store.asked + 1 < store.n,
	};

	(void)o;
	if (!store.n) {
		parts_wait();
		return;
	}
	if (store.asked == PAGES_MAX) {
		printf("not ok the list does not end\n");
		exit(1);
	}
	offload_list_result(&list, &r);
	store.asked++;
}

/* List the snapshots of these pages. */
static void pages_list(const char *const *pages, unsigned int n, bool more)
{
	free(store.after);
	memset(&store, 0, sizeof(store));
	store.pages = pages;
	store.n = n;
	store.more = more;
	offload_list_below(&list, "snapshots/");
}

#define LIST(more, ...) \
	pages_list((const char *const[]){ __VA_ARGS__ }, \
		   ARRAY_SIZE(((const char *const[]){ __VA_ARGS__ })), more)

static void pages_follow(void)
{
	LIST(false, "");
	CHECK(store.asked == 1 && !store.found);
	LIST(false, SNAPSHOT("01") SNAPSHOT("02"), SNAPSHOT("03"));
	CHECK(store.asked == 2 && store.found == 3);
	SAME(store.after, "snapshots/00/" HEX "02");
	SAME(store.problems, "");
}

static void long_names(void)
{
	/* Names of others that differ only behind what a name of Ditto's can have. */
	LIST(false, LONG "a 5 6\n", LONG "b 5 6\n", SNAPSHOT("01"));
	CHECK(store.asked == 3);
	SAME(store.after, LONG "b");
	SAME(store.problems, "snapshots/aaaaaaaaaa: this is no name of an object of Ditto's\n"
			     "snapshots/aaaaaaaaaa: this is no name of an object of Ditto's\n");
}

static void name_without_end(void)
{
	char *page = mem_print("%s%0*d 5 6\n", LONG, OFFLOAD_CTL_PATH_SIZE - OBJECT_NAME_SIZE, 0);

	LIST(true, page);
	CHECK(store.asked == 1);
	SAME(store.problems, "snapshots/aaaaaaaaaa: this is no name of an object of Ditto's\n"
			     "cold: a name in the list is too long to go on from\n");
	free(page);
}

static void lists_that_stand_still(void)
{
	static const char still[] =
		"cold: the list does not advance: it goes on with no later name\n";

	LIST(true, SNAPSHOT("01") SNAPSHOT("02"));
	CHECK(store.asked == 2);
	SAME(store.problems, still);
	LIST(true, SNAPSHOT("02"), SNAPSHOT("01"));
	CHECK(store.asked == 2);
	SAME(store.problems, still);
	LIST(true, "what is this\n");
	CHECK(store.asked == 1);
	SAME(store.problems, still);
}

/* A long list is read in parts at once, and each name is in one of their ranges. */
static void lists_in_parts(void)
{
	int byte;

	free(store.after);
	memset(&store, 0, sizeof(store));
	memset(present, true, sizeof(present));
	offload_list_below(&parts, "chunks/");
	for (byte = 0; byte < 256; byte++)
		CHECK(present[byte] == PART_HAS(byte));
	/* The first page, and as many rounds as the longest part has pages. */
	CHECK(store.asked == 1 + (13 + PART_PAGE - 1) / PART_PAGE);
	CHECK(store.found == PART_PAGE + 205);
	SAME(store.problems, "");
}

int main(void)
{
	static const struct test tests[] = {
		TEST(pages_follow), TEST(long_names), TEST(name_without_end),
		TEST(lists_that_stand_still), TEST(lists_in_parts), { 0 }
	};

	return test_main(tests);
}
