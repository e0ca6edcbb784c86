/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptions of the options of shares that are numbers, by owner.
 *
 * The core and each protocol describe their options in one file, option_defs.h, in the form of
 * setting.h. The structure with an owner's values for one share, its table, and in userspace the
 * parser, the help and the manual page are made from it. fs/share/option.h has the values.
 */
#ifndef _DITTO_NET_OPTION_H
#define _DITTO_NET_OPTION_H

#include <linux/list.h>
#include <linux/types.h>

#include "setting.h"

/**
 * struct ditto_option_owner - the core or a protocol, with its options of shares
 * @name: "core", or the name of the protocol
 * @descs: descriptions; each offset is that in a structure of @size bytes
 * @count: entries of @descs; may be 0
 * @size: bytes of the values for one share
 * @bit: bit of the protocol, by which its values are found; not used for the core
 * @list: in the list of owners
 */
struct ditto_option_owner {
	const char *name;
	const struct ditto_setting_desc *descs;
	unsigned int count;
	size_t size;
	unsigned int bit;
	struct list_head list;
};

/**
 * ditto_options_register - make options of an owner known
 * @owner: the owner
 *
 * Return: 0, or -EEXIST if the name of the owner or of one of its options is registered already.
 */
int ditto_options_register(struct ditto_option_owner *owner);

/**
 * ditto_options_unregister - forget the options of an owner
 * @owner: the owner; not used any more when the function returns
 *
 * Context: may sleep, while a share is changed or shown.
 */
void ditto_options_unregister(struct ditto_option_owner *owner);

/* Keep all owners, while their descriptions are used. May sleep. */
void ditto_option_owners_hold(void);
/*
 * A number that is another one after an owner came or went; never 0. Context:
 * ditto_option_owners_hold().
 */
unsigned int ditto_option_owners_generation(void);
/* Undo ditto_option_owners_hold(). */
void ditto_option_owners_release(void);

/**
 * ditto_option_owner_next - walk the owners
 * @owner: the last one, or NULL to begin
 *
 * Context: ditto_option_owners_hold().
 * Return: the next owner, or NULL after the last one. The core is the first.
 */
const struct ditto_option_owner *ditto_option_owner_next(const struct ditto_option_owner *owner);

/**
 * ditto_option_owner_find - find an owner by its name
 * @name: name of the owner
 *
 * Context: ditto_option_owners_hold().
 * Return: the owner, or NULL.
 */
const struct ditto_option_owner *ditto_option_owner_find(const char *name);

/**
 * ditto_option_find - find an option by its name
 * @name: name of the option
 * @owner: its owner, or NULL for any; set to the one that has it
 *
 * Context: ditto_option_owners_hold().
 * Return: the description, or NULL.
 */
const struct ditto_setting_desc *ditto_option_find(const char *name,
						   const struct ditto_option_owner **owner);

#endif
