/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of the objects of stores. */
#ifndef _DITTO_CTL_OFFLOAD_LIST_H
#define _DITTO_CTL_OFFLOAD_LIST_H

#include "index/index.h"
#include "orders.h"

/* Lists of one prefix at a time, by the first digit of the names of objects. */
#define OFFLOAD_LIST_PARTS	16

/**
 * struct offload_list_part - a list, page by page
 * @prefix: what the names begin with
 * @after: the last name of the page before. A request has both, and others' names are longer
 * @range: names that the next page may have
 * @more: there is another page
 */
struct offload_list_part {
	char prefix[OBJECT_NAME_SIZE];
	char after[OFFLOAD_CTL_PATH_SIZE - OBJECT_NAME_SIZE];
	struct index_range range;
	bool more;
};

/**
 * struct offload_list - the lists of stores
 * @orders: the orders, whose function for results calls offload_list_result()
 * @each: called for each object of Ditto's; may give no orders to @orders
 * @page: called after the objects of a page, with the names that it could have had, unless the page
 *	is not the last and has none of them; or NULL
 * @problem: called for what could not be listed
 * @arg: for the functions
 */
struct offload_list {
	struct offload_orders *orders;
	void (*each)(void *arg, const struct index_object *o);
	void (*page)(void *arg, const struct index_range *range);
	void (*problem)(void *arg, const char *subject, const char *text);
	void *arg;

	/* The rest is private. */
	struct offload_list_part part[OFFLOAD_LIST_PARTS];
};

/*
 * List the stores of the configuration, or only that with the name @only if it is not NULL. Returns
 * false if there is none.
 */
bool offload_list_stores(struct offload_list *l, const char *only);
/* List the objects below a prefix, such as "snapshots/", in all stores. */
void offload_list_below(struct offload_list *l, const char *prefix);
/* Call @use for all stores of the configuration. Returns false if dittod does not tell them. */
bool offload_each_store(void (*use)(void *arg, const char *store), void *arg, struct why *why);
/* Take the result of an order of the list. */
void offload_list_result(struct offload_list *l, const struct offload_result *r);

#endif
