// SPDX-License-Identifier: GPL-2.0-only
/*
 * The helper: which process answers the requests of a server, and what it understands.
 *
 * Locking: the spinlock guards all but the hello token, which has a mutex. Neither nests inside
 * another lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../event.h"
#include "../netlink.h"
#include "../server.h"
#include "upcall_private.h"

/* Types of requests that a helper understands unless it says otherwise. */
#define FIRST_KINDS	GENMASK_ULL(DITTO_UPCALL_GROUP_ID, 0)

void ditto_helper_init(struct ditto_helper *helper)
{
	spin_lock_init(&helper->lock);
	mutex_init(&helper->hello_lock);
	helper->term = get_random_u32();
}

void ditto_helper_destroy(struct ditto_helper *helper)
{
	kvfree(helper->hello);
	mutex_destroy(&helper->hello_lock);
}

/* True if a helper is registered. Any context. */
bool ditto_upcall_has_helper(struct ditto_server *srv)
{
	return READ_ONCE(srv->upcalls->helper.portid);
}

/* True if the helper has let a deadline pass, and has not answered since. Any context. */
bool ditto_upcall_is_stuck(struct ditto_server *srv)
{
	return READ_ONCE(srv->upcalls->helper.stuck);
}

/* True if the current process has registered as the helper, and must not wait for itself. */
bool ditto_upcall_is_helper(struct ditto_server *srv)
{
	struct ditto_helper *helper = &srv->upcalls->helper;

	return READ_ONCE(helper->portid) && READ_ONCE(helper->tgid) == current->tgid;
}

/*
 * Get the helper's port and term. A missing helper is logged once per absence. Context: any but
 * interrupts. Return: 0, or -ECONNREFUSED without a helper.
 */
int ditto_helper_find(struct ditto_helper *helper, u32 *portid, u32 *term)
{
	bool log = false;

	spin_lock(&helper->lock);
	*portid = helper->stopped ? 0 : helper->portid;
	*term = helper->term;
	if (!*portid && !helper->missed && !helper->stopped) {
		helper->missed = true;
		log = true;
	}
	spin_unlock(&helper->lock);

	if (log)
		pr_warn("no helper: nothing can be recorded, host names, netgroups and groups cannot be looked up (is dittod running?)\n");
	return *portid ? 0 : -ECONNREFUSED;
}

/* Does the helper understand a type of request? That it is too old for it is logged once. */
bool ditto_helper_knows(struct ditto_helper *helper, enum ditto_upcall_type type)
{
	bool log;

	if (READ_ONCE(helper->kinds) & BIT_ULL(type))
		return true;
	spin_lock(&helper->lock);
	log = !(helper->lacks & BIT_ULL(type));
	helper->lacks |= BIT_ULL(type);
	spin_unlock(&helper->lock);
	if (log)
		pr_notice("the helper is older than ditto.ko and does not know %s\n",
			  ditto_upcall_names[type]);
	return false;
}

/*
 * Check that the helper is still the same. If the helper goes after this was true,
 * ditto_helper_leaves() returns later, so that its caller finds all requests that were in the table
 * before. Context: any but interrupts.
 */
bool ditto_helper_is(struct ditto_helper *helper, u32 portid, u32 term)
{
	bool is;

	spin_lock(&helper->lock);
	is = helper->portid == portid && helper->term == term;
	spin_unlock(&helper->lock);
	return is;
}

/* The helper answered, so its next missing answer is logged again. */
void ditto_helper_answered(struct ditto_helper *helper)
{
	if (!READ_ONCE(helper->stuck))
		return;
	spin_lock(&helper->lock);
	WRITE_ONCE(helper->stuck, false);
	spin_unlock(&helper->lock);
}

/* The helper did not answer a request within its time. */
void ditto_helper_is_late(struct ditto_helper *helper, enum ditto_upcall_type type,
			  u32 deadline_ms)
{
	bool log;

	spin_lock(&helper->lock);
	log = !helper->stuck;
	WRITE_ONCE(helper->stuck, true);
	spin_unlock(&helper->lock);
	if (log)
		pr_warn("the helper did not answer %s within %u ms; is dittod stuck?\n",
			ditto_upcall_names[type], deadline_ms);
}

/* A port was closed. Returns whether it was the helper's, which is gone now. */
bool ditto_helper_leaves(struct ditto_helper *helper, u32 portid)
{
	bool leaves;

	if (!portid || READ_ONCE(helper->portid) != portid)
		return false;
	spin_lock(&helper->lock);
	leaves = helper->portid == portid;
	if (leaves)
		WRITE_ONCE(helper->portid, 0);
	spin_unlock(&helper->lock);
	return leaves;
}

/* From now on there is no helper. */
void ditto_helper_stop(struct ditto_helper *helper)
{
	spin_lock(&helper->lock);
	helper->stopped = true;
	WRITE_ONCE(helper->portid, 0);
	spin_unlock(&helper->lock);
}

/*
 * Set the first token of authentications where the server speaks first. @len: bytes of the token; 0
 * for none. Each helper that registers sets its own. Return: 0, -ENOMEM, or -ECONNREFUSED if
 * @portid is not the helper's port.
 */
int ditto_upcall_hello_set(struct ditto_server *srv, u32 portid, const void *hello, size_t len)
{
	struct ditto_helper *helper = &srv->upcalls->helper;
	void *copy = NULL;
	int err = 0;

	if (len) {
		copy = kvmemdup(hello, len, GFP_KERNEL);
		if (!copy)
			return -ENOMEM;
	}
	mutex_lock(&helper->hello_lock);
	/* The next helper sets its token later than it registers, so this one cannot replace it. */
	if (READ_ONCE(helper->portid) == portid) {
		swap(helper->hello, copy);
		helper->hello_len = len;
	} else {
		err = -ECONNREFUSED;
	}
	mutex_unlock(&helper->hello_lock);
	kvfree(copy);
	return err;
}

/*
 * Get the token of ditto_upcall_hello_set(). @hello: filled with a copy to be freed with kvfree();
 * NULL if the helper set none; @len: filled with the bytes of the token. Return: 0, -ENOMEM, or
 * -ECONNREFUSED without a helper.
 */
int ditto_upcall_hello(struct ditto_server *srv, void **hello, size_t *len)
{
	struct ditto_helper *helper = &srv->upcalls->helper;
	u32 portid, term;
	int err;

	*hello = NULL;
	*len = 0;
	err = ditto_helper_find(helper, &portid, &term);
	if (err)
		return err;
	mutex_lock(&helper->hello_lock);
	if (helper->hello_len) {
		*hello = kvmemdup(helper->hello, helper->hello_len, GFP_KERNEL);
		if (*hello)
			*len = helper->hello_len;
		else
			err = -ENOMEM;
	}
	mutex_unlock(&helper->hello_lock);
	return err;
}

/*
 * Make a netlink port the helper of the server. Return: 0, also if the port is registered already;
 * -EBUSY if another helper is.
 */
int ditto_upcall_register(struct ditto_server *srv, u32 portid)
{
	struct ditto_helper *helper = &srv->upcalls->helper;
	u32 old;

	spin_lock(&helper->lock);
	old = helper->portid;
	if (!old) {
		WRITE_ONCE(helper->portid, portid);
		WRITE_ONCE(helper->tgid, current->tgid);
		WRITE_ONCE(helper->kinds, FIRST_KINDS);
		helper->lacks = 0;
		helper->term++;
		helper->missed = false;
		WRITE_ONCE(helper->stuck, false);
	}
	spin_unlock(&helper->lock);

	if (old)
		return old == portid ? 0 : -EBUSY;
	pr_info("the helper is here (port %u)\n", portid);
	ditto_event(srv, DITTO_EVENT_HELPER_CONNECTED, NULL);
	return 0;
}

/*
 * Set the types of requests that the helper understands. Requests of other types fail with
 * -EOPNOTSUPP. Return: 0, or -ECONNREFUSED if @portid is not the helper's port.
 */
int ditto_upcall_kinds_set(struct ditto_server *srv, u32 portid, u64 kinds)
{
	struct ditto_helper *helper = &srv->upcalls->helper;
	bool is;

	spin_lock(&helper->lock);
	is = helper->portid == portid;
	if (is)
		WRITE_ONCE(helper->kinds, kinds);
	spin_unlock(&helper->lock);
	return is ? 0 : -ECONNREFUSED;
}
