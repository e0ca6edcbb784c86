// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names that clients have proved with certificates, until the protocol takes them. A connection
 * may end before that, so names that nobody takes are overwritten after a while.
 */
#include <linux/ctype.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string_helpers.h>

#include "peer_cert.h"
#include "server.h"

/**
 * struct ditto_peer_cert_names - names of one server
 * @lock: guards the other members
 * @entry: cookies of sockets, 0 if not used; jiffies when they were added; and names, owned
 */
struct ditto_peer_cert_names {
	spinlock_t lock;	/* see above */
	struct {
		u64 cookie;
		unsigned long added;
		char *name;
	} entry[DITTO_PEER_CERT_MAX];
};

/*
 * Check the form of a name. Return: true if it has letters, digits, '-', '_' and '.' only, and at
 * most DITTO_PEER_CERT_NAME_MAX.
 */
bool ditto_peer_cert_is_valid(const char *name)
{
	size_t len = strnlen(name, DITTO_PEER_CERT_NAME_MAX + 1);

	if (!len || len > DITTO_PEER_CERT_NAME_MAX)
		return false;
	for (; *name; name++)
		if (!isascii(*name) || !(isalnum(*name) || strchr("-_.", *name)))
			return false;
	return true;
}

/*
 * Keep the name of a connection's client. Return: 0; -ENOMEM; or -EBUSY if there are too many
 * names. The handshake must fail then: without its name a client might get what rules refuse to the
 * name.
 */
int ditto_peer_cert_add(struct ditto_server *srv, u64 cookie, const char *name, unsigned long now)
{
	struct ditto_peer_cert_names *names = srv->peer_certs;
	char *copy = kstrdup(name, GFP_KERNEL_ACCOUNT);
	unsigned int i = 0;

	if (!copy)
		return -ENOMEM;
	string_lower(copy, copy);
	spin_lock(&names->lock);
	while (i < DITTO_PEER_CERT_MAX && names->entry[i].cookie &&
	       time_before(now, names->entry[i].added + DITTO_PEER_CERT_TIME))
		i++;
	if (i < DITTO_PEER_CERT_MAX) {
		names->entry[i].cookie = cookie;
		names->entry[i].added = now;
		swap(names->entry[i].name, copy);
	}
	spin_unlock(&names->lock);
	kfree(copy);
	return i < DITTO_PEER_CERT_MAX ? 0 : -EBUSY;
}

/**
 * ditto_peer_cert_take - get the name of a connection's client
 * @srv: the server
 * @cookie: cookie of the socket
 *
 * Context: any.
 * Return: the name, to be freed with kfree(); NULL if there is none.
 */
char *ditto_peer_cert_take(struct ditto_server *srv, u64 cookie)
{
	struct ditto_peer_cert_names *names = srv->peer_certs;
	char *name = NULL;

	spin_lock(&names->lock);
	for (unsigned int i = 0; i < DITTO_PEER_CERT_MAX && cookie && !name; i++) {
		if (names->entry[i].cookie != cookie)
			continue;
		names->entry[i].cookie = 0;
		swap(names->entry[i].name, name);
	}
	spin_unlock(&names->lock);
	return name;
}
EXPORT_SYMBOL_NS_GPL(ditto_peer_cert_take, "DITTO");

int ditto_peer_cert_init(struct ditto_server *srv)
{
	srv->peer_certs = kzalloc(sizeof(*srv->peer_certs), GFP_KERNEL);
	if (!srv->peer_certs)
		return -ENOMEM;
	spin_lock_init(&srv->peer_certs->lock);
	return 0;
}

void ditto_peer_cert_exit(struct ditto_server *srv)
{
	if (!srv->peer_certs)
		return;
	for (unsigned int i = 0; i < DITTO_PEER_CERT_MAX; i++)
		kfree(srv->peer_certs->entry[i].name);
	kfree(srv->peer_certs);
	srv->peer_certs = NULL;
}
