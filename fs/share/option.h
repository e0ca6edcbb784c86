/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options of a share that are numbers. net/option.h has their descriptions.
 *
 * The values of the core are members of struct ditto_share_opts. A protocol's values are a block
 * of memory for each share, which is made anew from what the administrator has given when the
 * options of the share are replaced and when the protocol is registered. What was given for a
 * protocol outlives its module, and may be given before it is loaded. If the protocol then does
 * not know an option, or not its value, it does not serve the share: the option could have been
 * one that restricts access.
 */
#ifndef _DITTO_FS_SHARE_OPTION_H
#define _DITTO_FS_SHARE_OPTION_H

#include <linux/types.h>

#include "../../net/listener.h"

struct ditto_share_opts;
struct netlink_ext_ack;
struct nlattr;

/* Options of protocols that may be given for one share, and bytes of a name with its NUL. */
#define DITTO_SHARE_GIVEN_MAX	32
#define DITTO_OPTION_NAME	32

/**
 * struct ditto_share_given - an option of a protocol that the administrator has set
 * @owner: name of the protocol
 * @name: name of the option
 * @value: its value; in the option's range if the protocol is loaded
 */
struct ditto_share_given {
	char owner[DITTO_PROTOCOL_NAME];
	char name[DITTO_OPTION_NAME];
	u32 value;
};

/**
 * struct ditto_share_blocks - options of protocols for one share
 * @block: values, by the bit of the protocol; NULL if it does not serve the share; a protocol
 *	that is not loaded may have left some
 * @size: bytes of @block
 * @count: entries of @given
 * @given: what the administrator has set, in no order
 */
struct ditto_share_blocks {
	void *block[DITTO_PROTOCOLS_MAX];
	size_t size[DITTO_PROTOCOLS_MAX];
	unsigned int count;
	struct ditto_share_given given[DITTO_SHARE_GIVEN_MAX];
};

struct ditto_share_blocks *ditto_share_blocks_dup(const struct ditto_share_blocks *from);
void ditto_share_blocks_free(struct ditto_share_blocks *blocks);
int ditto_share_blocks_make(struct ditto_share_opts *opts, const char *name);
bool ditto_share_names_protocol(const char *protocols, const char *name);

/**
 * struct ditto_option_change - a new value of an option
 * @owner: "core" or the name of a protocol; NULL for any that is loaded
 * @name: name of the option
 * @value: new value
 * @attr: the value in the request, for messages; may be NULL
 */
struct ditto_option_change {
	const char *owner;
	const char *name;
	u32 value;
	const struct nlattr *attr;
};

int ditto_share_option_set(struct ditto_share_opts *opts, const struct ditto_option_change *change,
			   struct netlink_ext_ack *extack);
int ditto_share_options_for_each(const struct ditto_share_opts *opts,
				 int (*fn)(const char *owner, const char *name, u32 value,
					   void *arg), void *arg);
void ditto_share_options_defaults(struct ditto_share_opts *opts);
int ditto_share_options_init(void);
void ditto_share_options_exit(void);

#endif
