// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names that clients have proved with certificates, until the protocol takes them. A connection
 * may end before that, so names that nobody takes are overwritten after a while.
 */
#include <kunit/visibility.h>
#include <linux/ctype.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string_helpers.h>

#include "proved.h"
#include "server.h"

/**
 * struct ditto_proved_names - names of one server
 * @lock: guards the other members
 * @entry: cookies of sockets, 0 if not used; jiffies when they were added; and names, owned
 */
struct ditto_proved_names {
	spinlock_t lock;	/* see above */
	struct {
		u64 cookie;
		unsigned long added;
		char *name;
	} entry[DITTO_PROVED_MAX];
};

bool ditto_proved_is_valid(const char *name)
{
	size_t len = strnlen(name, DITTO_PROVED_NAME_MAX + 1);

	if (!len || len > DITTO_PROVED_NAME_MAX)
		return false;
	for (; *name; name++)
		if (!isascii(*name) || !(isalnum(*name) || strchr("-_.", *name)))
			return false;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_proved_is_valid);

int ditto_proved_add(struct ditto_server *srv, u64 cookie, const char *name, unsigned long now)
{
	struct ditto_proved_names *names = srv->proved;
	char *copy = kstrdup(name, GFP_KERNEL_ACCOUNT);
	unsigned int i = 0;

	if (!copy)
		return -ENOMEM;
	string_lower(copy, copy);
	spin_lock(&names->lock);
	while (i < DITTO_PROVED_MAX && names->entry[i].cookie &&
	       time_before(now, names->entry[i].added + DITTO_PROVED_TIME))
		i++;
	if (i < DITTO_PROVED_MAX) {
		names->entry[i].cookie = cookie;
		names->entry[i].added = now;
		swap(names->entry[i].name, copy);
	}
	spin_unlock(&names->lock);
	kfree(copy);
	return i < DITTO_PROVED_MAX ? 0 : -EBUSY;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_proved_add);

char *ditto_proved_take(struct ditto_server *srv, u64 cookie)
{
	struct ditto_proved_names *names = srv->proved;
	char *name = NULL;

	spin_lock(&names->lock);
	for (unsigned int i = 0; i < DITTO_PROVED_MAX && cookie && !name; i++) {
		if (names->entry[i].cookie != cookie)
			continue;
		names->entry[i].cookie = 0;
		swap(names->entry[i].name, name);
	}
	spin_unlock(&names->lock);
	return name;
}
EXPORT_SYMBOL_NS_GPL(ditto_proved_take, DITTO);

int ditto_proved_init(struct ditto_server *srv)
{
	srv->proved = kzalloc(sizeof(*srv->proved), GFP_KERNEL);
	if (!srv->proved)
		return -ENOMEM;
	spin_lock_init(&srv->proved->lock);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_proved_init);

void ditto_proved_exit(struct ditto_server *srv)
{
	if (!srv->proved)
		return;
	for (unsigned int i = 0; i < DITTO_PROVED_MAX; i++)
		kfree(srv->proved->entry[i].name);
	kfree(srv->proved);
	srv->proved = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_proved_exit);
