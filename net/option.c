// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptions of the options of shares, of the core and of protocols.
 *
 * Locking: option_owners_sem guards the list of owners. It is held for reading while descriptions
 * are used, so that the module of an owner stays. The mutex of a table of shares is taken first.
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/rwsem.h>
#include <linux/string.h>

#include "option.h"

static DECLARE_RWSEM(option_owners_sem);
static LIST_HEAD(option_owners);
/* See ditto_option_owners_generation(); guarded by option_owners_sem. */
static unsigned int option_owners_generation = 1;

/* Keep all owners, while their descriptions are used. May sleep. */
void ditto_option_owners_hold(void)
{
	down_read(&option_owners_sem);
}

/* Undo ditto_option_owners_hold(). */
void ditto_option_owners_release(void)
{
	up_read(&option_owners_sem);
}

/*
 * A number that is another one after an owner came or went; never 0. Context:
 * ditto_option_owners_hold().
 */
unsigned int ditto_option_owners_generation(void)
{
	lockdep_assert_held(&option_owners_sem);
	return option_owners_generation;
}

/*
 * Walk the owners. @owner: the last one, or NULL to begin. Context: ditto_option_owners_hold().
 * Return: the next owner, or NULL after the last one. The core is the first.
 */
const struct ditto_option_owner *ditto_option_owner_next(const struct ditto_option_owner *owner)
{
	const struct list_head *next = owner ? owner->list.next : option_owners.next;

	lockdep_assert_held(&option_owners_sem);
	return next == &option_owners ? NULL :
	       list_entry(next, const struct ditto_option_owner, list);
}

/* Find an owner by its name. Context: ditto_option_owners_hold(). Return: the owner, or NULL. */
const struct ditto_option_owner *ditto_option_owner_find(const char *name)
{
	const struct ditto_option_owner *owner;

	lockdep_assert_held(&option_owners_sem);
	list_for_each_entry(owner, &option_owners, list)
		if (!strcmp(owner->name, name))
			return owner;
	return NULL;
}

/*
 * Find an option by its name. @owner: its owner, or NULL for any; set to the one that has it.
 * Context: ditto_option_owners_hold(). Return: the description, or NULL.
 */
const struct ditto_setting_desc *ditto_option_find(const char *name,
						   const struct ditto_option_owner **owner)
{
	const struct ditto_option_owner *o;

	lockdep_assert_held(&option_owners_sem);
	list_for_each_entry(o, &option_owners, list) {
		if (*owner && o != *owner)
			continue;
		for (unsigned int i = 0; i < o->count; i++) {
			if (strcmp(o->descs[i].name, name))
				continue;
			*owner = o;
			return &o->descs[i];
		}
	}
	return NULL;
}

/*
 * Make options of an owner known. Return: 0, or -EEXIST if the name of the owner or of one of its
 * options is registered already.
 */
int ditto_options_register(struct ditto_option_owner *owner)
{
	int err = 0;

	down_write(&option_owners_sem);
	if (ditto_option_owner_find(owner->name))
		err = -EEXIST;
	for (unsigned int i = 0; i < owner->count; i++) {
		const struct ditto_option_owner *other = NULL;

		if (ditto_option_find(owner->descs[i].name, &other))
			err = -EEXIST;
	}
	if (!err) {
		list_add_tail(&owner->list, &option_owners);
		option_owners_generation++;
	}
	up_write(&option_owners_sem);
	return err;
}

/* Forget the options of an owner. Context: while a share is changed or shown. */
void ditto_options_unregister(struct ditto_option_owner *owner)
{
	down_write(&option_owners_sem);
	list_del(&owner->list);
	option_owners_generation++;
	up_write(&option_owners_sem);
}
