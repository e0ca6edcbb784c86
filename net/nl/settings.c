// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes of settings: by name, checked by the descriptions, and all or nothing.
 *
 * Locking: settings_lock serializes changes; the lock of the owners nests inside.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mutex.h>
#include <linux/netlink.h>

#include "../../fs/share/share.h"
#include "../budget.h"
#include "../event.h"
#include "../listener.h"
#include "../server.h"
#include "locks.h"
#include "settings.h"

static DEFINE_MUTEX(settings_lock);

/* Find the description of a change, and check its value. */
static int change_check(const struct ditto_server *srv, struct ditto_setting_change *change,
			struct netlink_ext_ack *extack)
{
	struct ditto_setting_owner *owner = NULL;
	const struct ditto_setting_desc *desc;

	if (change->owner) {
		owner = ditto_setting_owner_find(change->owner);
		if (!owner) {
			NL_SET_ERR_MSG_ATTR_FMT(extack, change->attr,
						"protocol %.15s is not loaded; modprobe ditto_%.15s",
						change->owner, change->owner);
			return -EPROTONOSUPPORT;
		}
	}
	desc = ditto_setting_find(change->name, &owner);
	if (!desc) {
		NL_SET_ERR_MSG_ATTR_FMT(extack, change->attr,
					"no protocol that is loaded has a setting \"%.24s\"",
					change->name);
		return -ENOENT;
	}
	if (change->value < desc->min || change->value > desc->max) {
		NL_SET_ERR_MSG_ATTR_FMT(extack, change->attr,
					"%.32s: %u is not between %u and %u",
					desc->name, change->value, desc->min, desc->max);
		return -ERANGE;
	}
	change->desc = desc;
	change->values = owner->of(srv);
	return 0;
}

/* Write the new values. Returns true if one differs from the old one. */
static bool changes_apply(struct ditto_setting_change *changes, unsigned int count)
{
	bool changed = false;

	for (unsigned int i = 0; i < count; i++) {
		struct ditto_setting_change *change = &changes[i];

		change->old = ditto_setting_read(change->values, change->desc);
		if (change->value == change->old)
			continue;
		ditto_setting_write(change->values, change->desc, change->value);
		changed = true;
	}
	return changed;
}

/* In reverse order, because several changes may be of one setting. */
static void changes_undo(const struct ditto_setting_change *changes, unsigned int count)
{
	while (count--)
		ditto_setting_write(changes[count].values, changes[count].desc, changes[count].old);
}

/*
 * Change settings, and tell those who use them. @key: new key of file handles; NULL to keep it;
 * @extack: filled on error; may be NULL. Either all settings change or none: if a protocol rejects
 * them, the old values are restored. Return: 0; -EPROTONOSUPPORT if the owner is not loaded;
 * -ENOENT if there is no such setting; -ERANGE; -EBUSY if a key is given after the first share was
 * added; or the error of a protocol.
 */
int ditto_settings_set(struct ditto_server *srv, struct ditto_setting_change *changes,
		       unsigned int count, const siphash_key_t *key,
		       struct netlink_ext_ack *extack)
{
	bool changed = false;
	int err = 0, again;

	mutex_lock(&settings_lock);
	ditto_setting_owners_hold();
	for (unsigned int i = 0; i < count && !err; i++)
		err = change_check(srv, &changes[i], extack);
	if (err)
		goto unlock;

	changed = changes_apply(changes, count);
	/* Also if no value has changed: the administrator may want protocols to try again. */
	err = ditto_protocols_settings_changed(srv, extack);
	if (!err && key) {
		err = ditto_shares_set_key(srv, key);
		if (err)
			NL_SET_ERR_MSG(extack,
				       "the handle key can be set only before the first share is added");
	}
	if (!changed)
		goto unlock;
	if (err) {
		changes_undo(changes, count);
		/* The values worked before, but a protocol may lack the memory to go back. */
		again = ditto_protocols_settings_changed(srv, NULL);
		if (again)
			pr_warn_ratelimited("a protocol keeps refused settings: error %d; set them again\n",
					    -again);
		goto unlock;
	}
	ditto_locks_settings_changed(srv);
	if (srv->budget)
		ditto_budget_settings_changed(srv);
	ditto_event(srv, DITTO_EVENT_SETTINGS_CHANGED, NULL);
unlock:
	ditto_setting_owners_release();
	mutex_unlock(&settings_lock);
	/* Without the lock: programs that hang delay no other change. */
	if (!err)
		ditto_protocols_announce(srv, NULL);
	return err;
}
