/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Features of the loaded ditto.ko, which may be older or newer than the programs: its commands and
 * their attributes, as generic netlink describes them.
 */
#ifndef _DITTO_FAMILY_H
#define _DITTO_FAMILY_H

#include <netlink/msg.h>

#include "common/spec.h"
#include "common/text.h"

/* Numbers of commands and of attributes are below these. */
#define FEATURES_CMDS	256
#define FEATURES_ATTRS	256

/**
 * struct feature_policy - attributes of one kind of message
 * @known: attributes that the module knows, by number
 */
struct feature_policy {
	bool known[FEATURES_ATTRS];
};

/**
 * struct features - commands and attributes that the module knows
 * @command: the family has the command with this number
 * @takes: the attributes of the command are described
 * @policy_of: index of that description in @policy
 * @policy: the descriptions
 * @npolicies: entries of @policy
 */
struct features {
	bool command[FEATURES_CMDS];
	bool takes[FEATURES_CMDS];
	u32 policy_of[FEATURES_CMDS];
	struct feature_policy *policy;
	unsigned int npolicies;
};

/**
 * family_speaks - check the version of the family
 * @version: version of the module's family
 * @why: filled if the programs cannot talk with it
 *
 * Return: true if they can.
 */
bool family_speaks(u32 version, struct why *why);

/* Add the contents of a message that answers CTRL_CMD_GETFAMILY or CTRL_CMD_GETPOLICY. */
void features_add(struct features *f, struct nl_msg *msg);
/* Free what @f points to. */
void features_free(struct features *f);

/* True if the module has a command. */
bool features_command(const struct features *f, u8 cmd);
/* True if a command takes an attribute, also if the attributes of the command are not described. */
bool features_attr(const struct features *f, u8 cmd, unsigned int attr);

/**
 * features_missing - find what an older module does not know of a request
 * @f: features of the module
 * @cmd: command of the request
 * @set: attributes of the request
 * @request: the request
 * @why: filled with a sentence if something is not known
 *
 * Return: true if something is not known.
 */
bool features_missing(const struct features *f, u8 cmd, const struct spec_set *set,
		      struct nl_msg *request, struct why *why);

#endif
