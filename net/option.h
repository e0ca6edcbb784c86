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

int ditto_options_register(struct ditto_option_owner *owner);
void ditto_options_unregister(struct ditto_option_owner *owner);
void ditto_option_owners_hold(void);
unsigned int ditto_option_owners_generation(void);
void ditto_option_owners_release(void);
const struct ditto_option_owner *ditto_option_owner_next(const struct ditto_option_owner *owner);
const struct ditto_option_owner *ditto_option_owner_find(const char *name);
const struct ditto_setting_desc *ditto_option_find(const char *name,
						   const struct ditto_option_owner **owner);

#endif
