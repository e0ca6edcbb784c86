// SPDX-License-Identifier: GPL-2.0-only
/* Counts the entries that each client holds in a table: a hash table with chains. */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client_counts.h"
#include "mem.h"

static struct client_count **client_counts_bucket(struct client_counts *all, const char *key)
{
	u32 hash = 5381;

	while (*key)
		hash = hash * 33 + (u8)*key++;
	return &all->bucket[hash % CLIENT_COUNT_BUCKETS];
}

struct client_count *client_counts_find(struct client_counts *all, const char *key)
{
	struct client_count *h = *client_counts_bucket(all, key);

	while (h && strcmp(h->key, key))
		h = h->next;
	return h;
}

struct client_count *client_counts_add(struct client_counts *all, const char *key)
{
	struct client_count **bucket = client_counts_bucket(all, key);
	struct client_count *h = client_counts_find(all, key);

	if (!h) {
		h = mem_new(sizeof(*h));
		snprintf(h->key, sizeof(h->key), "%s", key);
		h->next = *bucket;
		*bucket = h;
	}
	h->count++;
	return h;
}

void client_counts_drop(struct client_counts *all, struct client_count *h)
{
	struct client_count **p;

	if (!h || --h->count)
		return;
	for (p = client_counts_bucket(all, h->key); *p != h; p = &(*p)->next)
		;
	*p = h->next;
	free(h);
}

struct client_count *client_counts_most(struct client_counts *all)
{
	struct client_count *most = NULL, *h;
	unsigned int i;

	for (i = 0; i < CLIENT_COUNT_BUCKETS; i++)
		for (h = all->bucket[i]; h; h = h->next)
			if (!most || h->count > most->count)
				most = h;
	return most;
}

void client_counts_key(const char *peer, char key[CLIENT_COUNT_KEY_SIZE])
{
	char text[CLIENT_COUNT_KEY_SIZE];
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
			inet_ntop(AF_INET6, &v6, key, CLIENT_COUNT_KEY_SIZE);
			return;
		}
	}
	snprintf(key, CLIENT_COUNT_KEY_SIZE, "%s", text);
}
