// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptions of the settings of the core, and who else has registered some.
 *
 * Locking: owners_sem guards the list of owners. It is held for reading while descriptions are
 * used, so that the module of an owner stays. Code that uses a setting reads it with READ_ONCE()
 * and without a lock, and sees either the old or the new value.
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/rwsem.h>
#include <linux/string.h>

#include "server.h"
#include "setting.h"

static DECLARE_RWSEM(owners_sem);
/* See ditto_setting_owners_generation(); guarded by owners_sem. */
static unsigned int owners_generation = 1;

static const struct ditto_setting_desc core_descs[] = {
#define SETTING(...) DITTO_SETTING_DESC(struct ditto_settings, __VA_ARGS__)
#include "setting_defs.h"
};

static void *core_settings(const struct ditto_server *srv)
{
	return (void *)&srv->settings;
}

/* The core is the first owner, and always there. */
static struct ditto_setting_owner core_owner;
static struct list_head owners = { &core_owner.list, &core_owner.list };

static struct ditto_setting_owner core_owner = {
	.name = "core",
	.descs = core_descs,
	.count = ARRAY_SIZE(core_descs),
	.of = core_settings,
	.list = { &owners, &owners },
};

/* Read a setting by its description. Context: any. Return: the value. */
u32 ditto_setting_read(const void *values, const struct ditto_setting_desc *desc)
{
	const void *field = values + desc->offset;

	if (desc->kind == DITTO_SETTING_BOOL)
		return READ_ONCE(*(const bool *)field);
	return READ_ONCE(*(const u32 *)field);
}

/*
 * Write a setting by its description. Context: the caller serializes changes; net/nl/settings.c
 * makes all changes of settings.
 */
void ditto_setting_write(void *values, const struct ditto_setting_desc *desc, u32 value)
{
	void *field = values + desc->offset;

	if (desc->kind == DITTO_SETTING_BOOL)
		WRITE_ONCE(*(bool *)field, value);
	else
		WRITE_ONCE(*(u32 *)field, value);
}

/**
 * ditto_settings_defaults - set all settings of an owner to their defaults
 * @owner: the owner
 * @values: its structure
 *
 * Context: any; before anybody else knows @values.
 */
void ditto_settings_defaults(const struct ditto_setting_owner *owner, void *values)
{
	for (unsigned int i = 0; i < owner->count; i++)
		ditto_setting_write(values, &owner->descs[i], owner->descs[i].initial);
}
EXPORT_SYMBOL_NS_GPL(ditto_settings_defaults, "DITTO");

/* Set the core's defaults. Must be the first step in the life of a server. */
void ditto_settings_init(struct ditto_server *srv)
{
	ditto_settings_defaults(&core_owner, &srv->settings);
}

/* Keep the modules of all owners, while their descriptions are used. May sleep. */
void ditto_setting_owners_hold(void)
{
	down_read(&owners_sem);
}

/* The end of what ditto_setting_owners_hold() began. */
void ditto_setting_owners_release(void)
{
	up_read(&owners_sem);
}

/*
 * A number that is another one after an owner came or went; never 0. Context:
 * ditto_setting_owners_hold(), or a function that ditto_settings_for_each() calls.
 */
unsigned int ditto_setting_owners_generation(void)
{
	lockdep_assert_held(&owners_sem);
	return owners_generation;
}

/* Find an owner by its name. Context: ditto_setting_owners_hold(). Return: the owner, or NULL. */
struct ditto_setting_owner *ditto_setting_owner_find(const char *name)
{
	struct ditto_setting_owner *owner;

	lockdep_assert_held(&owners_sem);
	list_for_each_entry(owner, &owners, list)
		if (!strcmp(owner->name, name))
			return owner;
	return NULL;
}

/*
 * Find a setting by its name. @owner: its owner, or NULL for any; set to the one that has it.
 * Context: ditto_setting_owners_hold(). Return: the description, or NULL.
 */
const struct ditto_setting_desc *ditto_setting_find(const char *name,
						    struct ditto_setting_owner **owner)
{
	struct ditto_setting_owner *o;

	lockdep_assert_held(&owners_sem);
	list_for_each_entry(o, &owners, list) {
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
 * Make settings of an owner known. Return: 0, or -EEXIST if another owner has a setting with the
 * name of one of them.
 */
int ditto_settings_register(struct ditto_setting_owner *owner)
{
	int err = 0;

	down_write(&owners_sem);
	for (unsigned int i = 0; i < owner->count; i++) {
		struct ditto_setting_owner *other = NULL;

		if (ditto_setting_find(owner->descs[i].name, &other))
			err = -EEXIST;
	}
	if (!err) {
		list_add_tail(&owner->list, &owners);
		owners_generation++;
	}
	up_write(&owners_sem);
	return err;
}

/* Forget the settings of an owner. Context: while a change of settings is under way. */
void ditto_settings_unregister(struct ditto_setting_owner *owner)
{
	down_write(&owners_sem);
	list_del(&owner->list);
	owners_generation++;
	up_write(&owners_sem);
}

/*
 * Call a function for the settings of all owners. @fn: gets owner, description and value; must not
 * sleep for long; a value other than 0 ends the walk. Return: 0, or the value with which @fn ended
 * the walk.
 */
int ditto_settings_for_each(const struct ditto_server *srv,
			    int (*fn)(const struct ditto_setting_owner *owner,
				      const struct ditto_setting_desc *desc, u32 value, void *arg),
			    void *arg)
{
	struct ditto_setting_owner *owner;
	int ret = 0;

	down_read(&owners_sem);
	list_for_each_entry(owner, &owners, list) {
		const void *values = owner->of(srv);

		for (unsigned int i = 0; i < owner->count && !ret; i++)
			ret = fn(owner, &owner->descs[i],
				 ditto_setting_read(values, &owner->descs[i]), arg);
		if (ret)
			break;
	}
	up_read(&owners_sem);
	return ret;
}
