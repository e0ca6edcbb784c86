// SPDX-License-Identifier: GPL-2.0-only
/* Counts the entries that each client holds in a table: a hash table with chains. */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client_counts.h"
#include "mem.h"

static struct holder **holders_bucket(struct holders *all, const char *key)
{
	u32 hash = 5381;

	while (*key)
		hash = hash * 33 + (u8)*key++;
	return &all->bucket[hash % HOLDER_BUCKETS];
}

struct holder *holders_find(struct holders *all, const char *key)
{
	struct holder *h = *holders_bucket(all, key);

	while (h && strcmp(h->key, key))
		h = h->next;
	return h;
}

struct holder *holders_add(struct holders *all, const char *key)
{
	struct holder **bucket = holders_bucket(all, key);
	struct holder *h = holders_find(all, key);

	if (!h) {
		h = mem_new(sizeof(*h));
		snprintf(h->key, sizeof(h->key), "%s", key);
		h->next = *bucket;
		*bucket = h;
	}
	h->count++;
	return h;
}

void holders_drop(struct holders *all, struct holder *h)
{
	struct holder **p;

	if (!h || --h->count)
		return;
	for (p = holders_bucket(all, h->key); *p != h; p = &(*p)->next)
		;
	*p = h->next;
	free(h);
}

struct holder *holders_most(struct holders *all)
{
	struct holder *most = NULL, *h;
	unsigned int i;

	for (i = 0; i < HOLDER_BUCKETS; i++)
		for (h = all->bucket[i]; h; h = h->next)
			if (!most || h->count > most->count)
				most = h;
	return most;
}

void holders_key(const char *peer, char key[HOLDER_KEY_SIZE])
{
	char text[HOLDER_KEY_SIZE];
	struct in6_addr v6;
	char *end;

	snprintf(text, sizeof(text), "%s", peer ? peer : "");
	end = strrchr(text, ':');
	if (end)
		*end = '\0';
	if (text[0] == '[') {
		end = strpbrk(text, "%]");
		if (end)
			*end = '\0';
		if (inet_pton(AF_INET6, text + 1, &v6) == 1) {
			memset(v6.s6_addr + 8, 0, 8);
			inet_ntop(AF_INET6, &v6, key, HOLDER_KEY_SIZE);
			return;
		}
	}
	snprintf(key, HOLDER_KEY_SIZE, "%s", text);
}
