/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the ditto.ko that is loaded knows, which may be older or newer than the programs:
 * its commands and the attributes that they take, as generic netlink describes them.
 */
#ifndef _DITTO_FAMILY_H
#define _DITTO_FAMILY_H

#include <netlink/msg.h>

#include "spec.h"
#include "text.h"

/* Commands and attributes are below these. */
#define FEATURES_CMDS	256
#define FEATURES_ATTRS	256

/**
 * struct feature_policy - attributes of one kind of message
 * @known: by number
 */
struct feature_policy {
	bool known[FEATURES_ATTRS];
};

/**
 * struct features - all
 * @command: the family has it, by number
 * @takes: its attributes are described
 * @policy_of: number of the description
 * @policy: the descriptions
 * @npolicies: of @policy
 */
struct features {
	bool command[FEATURES_CMDS];
	bool takes[FEATURES_CMDS];
	u32 policy_of[FEATURES_CMDS];
	struct feature_policy *policy;
	unsigned int npolicies;
};

/* Can the programs talk with a module that has this version of the family? Else @why is filled. */
bool family_speaks(u32 version, struct why *why);

/* Add what an answer to CTRL_CMD_GETFAMILY or CTRL_CMD_GETPOLICY describes. */
void features_add(struct features *f, struct nl_msg *msg);
void features_free(struct features *f);

bool features_command(const struct features *f, u8 cmd);
/* Does a command take an attribute? What is not described is taken for granted. */
bool features_attr(const struct features *f, u8 cmd, unsigned int attr);

/**
 * features_missing - what of a request is not known
 * @f: what is
 * @cmd: command
 * @set: of its attributes
 * @request: the request
 * @why: filled with a sentence, if something is not known
 *
 * Return: something is not known.
 */
bool features_missing(const struct features *f, u8 cmd, const struct spec_set *set,
		      struct nl_msg *request, struct why *why);

#endif
