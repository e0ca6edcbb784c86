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

/**
 * ditto_share_blocks_dup - copy what was given
 * @from: options of protocols
 *
 * Context: any; allocates atomically.
 * Return: a copy without values, or NULL without memory.
 */
struct ditto_share_blocks *ditto_share_blocks_dup(const struct ditto_share_blocks *from);

/* Free options of protocols with their values; NULL is allowed. Any context. */
void ditto_share_blocks_free(struct ditto_share_blocks *blocks);

/**
 * ditto_share_blocks_make - make the values for all protocols that are loaded
 * @opts: options that no share uses yet
 * @name: name of the share, for the log
 *
 * Sets @opts->unserved to the protocols that do not know what was given for them, and to those that
 * @opts->protocols does not name.
 *
 * Context: may sleep; ditto_share_table.lock, so that no protocol is missed.
 * Return: 0 or -ENOMEM.
 */
int ditto_share_blocks_make(struct ditto_share_opts *opts, const char *name);

/**
 * ditto_share_names_protocol - look a protocol up in the option "protocols"
 * @protocols: names separated by commas
 * @name: name of the protocol
 *
 * Context: any.
 * Return: whether it is one of them.
 */
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

/**
 * ditto_share_option_set - check and set an option
 * @opts: options that no share uses yet
 * @change: the option and its value
 * @extack: gets a message on error; may be NULL
 *
 * An option of a protocol that is not loaded is kept without a check.
 *
 * Return: 0; -ENOENT if its owner does not have it; -ERANGE; -E2BIG if DITTO_SHARE_GIVEN_MAX
 * others are given already.
 */
int ditto_share_option_set(struct ditto_share_opts *opts, const struct ditto_option_change *change,
			   struct netlink_ext_ack *extack);

/**
 * ditto_share_options_for_each - call a function for the options of a share
 * @opts: options of a share
 * @fn: gets the name of the owner and the option with its value; must not sleep; a value other
 *	than 0 ends the walk
 * @arg: passed to @fn
 *
 * All options of the core and of protocols that serve the share are shown, and what was given for
 * other protocols.
 *
 * Context: ditto_option_owners_hold(); RCU, if a share uses @opts.
 * Return: 0, or the value with which @fn ended the walk.
 */
int ditto_share_options_for_each(const struct ditto_share_opts *opts,
				 int (*fn)(const char *owner, const char *name, u32 value,
					   void *arg), void *arg);

/* Set the options of the core to their defaults. */
void ditto_share_options_defaults(struct ditto_share_opts *opts);

/* Register the options of the core, with the module. May sleep. */
int ditto_share_options_init(void);
/* Undo ditto_share_options_init(). */
void ditto_share_options_exit(void);

#endif
