// SPDX-License-Identifier: GPL-2.0-only
/* Values of the options of a share that are numbers. See option.h. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../net/option.h"
#include "option.h"
#include "share.h"

static const struct ditto_setting_desc core_descs[] = {
#define OPTION(...) DITTO_SETTING_DESC(struct ditto_share_opts, __VA_ARGS__)
#include "option_defs.h"
};

static struct ditto_option_owner core_options = {
	.name = "core",
	.descs = core_descs,
	.count = ARRAY_SIZE(core_descs),
};

/* Register the options of the core, with the module. May sleep. */
int ditto_share_options_init(void)
{
	return ditto_options_register(&core_options);
}

/* Undo ditto_share_options_init(). */
void ditto_share_options_exit(void)
{
	ditto_options_unregister(&core_options);
}

/* Set the options of the core to their defaults. */
void ditto_share_options_defaults(struct ditto_share_opts *opts)
{
	for (size_t i = 0; i < ARRAY_SIZE(core_descs); i++)
		ditto_setting_write(opts, &core_descs[i], core_descs[i].initial);
}

/*
 * Copy what was given. Context: any; allocates atomically. Return: a copy without values, or NULL
 * without memory.
 */
struct ditto_share_blocks *ditto_share_blocks_dup(const struct ditto_share_blocks *from)
{
	struct ditto_share_blocks *blocks = kmemdup(from, sizeof(*from), GFP_ATOMIC);

	if (blocks)
		memset(blocks->block, 0, sizeof(blocks->block));
	return blocks;
}

/* Free options of protocols with their values; NULL is allowed. Any context. */
void ditto_share_blocks_free(struct ditto_share_blocks *blocks)
{
	if (!blocks)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(blocks->block); i++)
		kfree(blocks->block[i]);
	kfree(blocks);
}

static bool option_fits(const struct ditto_setting_desc *desc, u32 value)
{
	return value >= desc->min && value <= desc->max;
}

/* Make the values of one protocol. */
static int block_make(struct ditto_share_opts *opts, const struct ditto_option_owner *owner,
		      const char *name)
{
	struct ditto_share_blocks *blocks = opts->blocks;
	void *values;

	values = kzalloc(owner->size, GFP_KERNEL);
	if (!values)
		return -ENOMEM;
	for (unsigned int i = 0; i < owner->count; i++)
		ditto_setting_write(values, &owner->descs[i], owner->descs[i].initial);
	for (unsigned int i = 0; i < blocks->count; i++) {
		const struct ditto_share_given *given = &blocks->given[i];
		const struct ditto_setting_desc *desc;

		if (strcmp(given->owner, owner->name))
			continue;
		desc = ditto_option_find(given->name, &owner);
		if (!desc || !option_fits(desc, given->value)) {
			pr_warn("share %s: not served by %s, which does not know the option %s = %u\n",
				name, owner->name, given->name, given->value);
			opts->unserved |= BIT(owner->bit);
			kfree(values);
			return 0;
		}
		ditto_setting_write(values, desc, given->value);
	}
	blocks->block[owner->bit] = values;
	blocks->size[owner->bit] = owner->size;
	return 0;
}

/* Look a protocol up in the option "protocols". Context: any. Return: whether it is one of them. */
bool ditto_share_names_protocol(const char *protocols, const char *name)
{
	size_t len = strlen(name);

	for (; *protocols; protocols += strspn(protocols, ",")) {
		size_t word = strcspn(protocols, ",");

		if (word == len && !memcmp(protocols, name, len))
			return true;
		protocols += word;
	}
	return false;
}

/*
 * Make the values for all protocols that are loaded. Sets @opts->unserved to the protocols that do
 * not know what was given for them, and to those that @opts->protocols does not name. Context:
 * ditto_share_table.lock, so that no protocol is missed. Return: 0 or -ENOMEM.
 */
int ditto_share_blocks_make(struct ditto_share_opts *opts, const char *name)
{
	const struct ditto_option_owner *owner = NULL;
	int err = 0;

	opts->unserved = 0;
	ditto_option_owners_hold();
	while (!err && (owner = ditto_option_owner_next(owner))) {
		if (owner == &core_options)
			continue;
		if (opts->protocols && !ditto_share_names_protocol(opts->protocols, owner->name))
			opts->unserved |= BIT(owner->bit);
		else
			err = block_make(opts, owner, name);
	}
	ditto_option_owners_release();
	return err;
}

/* Remember an option that was given for a protocol. */
static int given_put(struct ditto_share_blocks *blocks, const char *owner, const char *name,
		     u32 value)
{
	struct ditto_share_given *given = blocks->given;

	while (given < &blocks->given[blocks->count] &&
	       (strcmp(given->owner, owner) || strcmp(given->name, name)))
		given++;
	if (given == &blocks->given[DITTO_SHARE_GIVEN_MAX])
		return -E2BIG;
	if (given == &blocks->given[blocks->count]) {
		strscpy(given->owner, owner);
		strscpy(given->name, name);
		blocks->count++;
	}
	given->value = value;
	return 0;
}

static int option_set_locked(struct ditto_share_opts *opts,
			     const struct ditto_option_change *change,
			     struct netlink_ext_ack *extack)
{
	const struct ditto_option_owner *owner = NULL;
	const struct ditto_setting_desc *desc;
	const char *owner_name = change->owner;
	int err;

	if (owner_name)
		owner = ditto_option_owner_find(owner_name);
	if (owner || !owner_name) {
		desc = ditto_option_find(change->name, &owner);
		if (!desc) {
			NL_SET_ERR_MSG_ATTR_FMT(extack, change->attr,
						"shares have no option \"%.24s\" of %.24s",
						change->name,
						owner ? owner->name : "a loaded protocol");
			return -ENOENT;
		}
		if (!option_fits(desc, change->value)) {
			NL_SET_ERR_MSG_ATTR_FMT(extack, change->attr,
						"%.31s: %u is not between %u and %u",
						desc->name, change->value, desc->min, desc->max);
			return -ERANGE;
		}
		if (owner == &core_options) {
			ditto_setting_write(opts, desc, change->value);
			return 0;
		}
		owner_name = owner->name;
	}
	err = given_put(opts->blocks, owner_name, change->name, change->value);
	if (err)
		NL_SET_ERR_MSG_ATTR_FMT(extack, change->attr,
					"more than %u options of protocols for one share",
					DITTO_SHARE_GIVEN_MAX);
	return err;
}

/*
 * Check and set an option. @extack: gets a message on error; may be NULL. An option of a protocol
 * that is not loaded is kept without a check. Return: 0; -ENOENT if its owner does not have it;
 * -ERANGE; -E2BIG if DITTO_SHARE_GIVEN_MAX others are given already.
 */
int ditto_share_option_set(struct ditto_share_opts *opts, const struct ditto_option_change *change,
			   struct netlink_ext_ack *extack)
{
	int err;

	ditto_option_owners_hold();
	err = option_set_locked(opts, change, extack);
	ditto_option_owners_release();
	return err;
}

/*
 * The values of an owner; NULL if it does not serve the share. While a protocol is being
 * registered there may be values of another version of its module.
 */
static const void *values_of(const struct ditto_share_opts *opts,
			     const struct ditto_option_owner *owner)
{
	const struct ditto_share_blocks *blocks = opts->blocks;

	if (owner == &core_options)
		return opts;
	return blocks->size[owner->bit] == owner->size ? blocks->block[owner->bit] : NULL;
}

/*
 * Call a function for the options of a share. @fn: gets the name of the owner and the option with
 * its value; must not sleep; a value other than 0 ends the walk. All options of the core and of
 * protocols that serve the share are shown, and what was given for other protocols. Context:
 * ditto_option_owners_hold(); RCU, if a share uses @opts. Return: 0, or the value with which @fn
 * ended the walk.
 */
int ditto_share_options_for_each(const struct ditto_share_opts *opts,
				 int (*fn)(const char *owner, const char *name, u32 value,
					   void *arg), void *arg)
{
	const struct ditto_share_blocks *blocks = opts->blocks;
	const struct ditto_option_owner *owner = NULL;
	int ret = 0;

	while ((owner = ditto_option_owner_next(owner))) {
		const void *values = values_of(opts, owner);

		for (unsigned int i = 0; values && i < owner->count && !ret; i++)
			ret = fn(owner->name, owner->descs[i].name,
				 ditto_setting_read(values, &owner->descs[i]), arg);
	}
	for (unsigned int i = 0; i < blocks->count && !ret; i++) {
		const struct ditto_share_given *given = &blocks->given[i];

		owner = ditto_option_owner_find(given->owner);
		if (!owner || !values_of(opts, owner))
			ret = fn(given->owner, given->name, given->value, arg);
	}
	return ret;
}
