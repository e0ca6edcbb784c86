// SPDX-License-Identifier: GPL-2.0-only
/* Features of the loaded ditto.ko. */

#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/genl/genl.h>

#include "ditto-nl-gen.h"
#include "family.h"
#include "common/mem.h"

/* Upper bound of descriptions, higher than in any module. */
#define POLICIES_MAX	1024

#define OLDER	"ditto.ko is older than this program and does not know "

bool family_speaks(u32 version, struct why *why)
{
	if (version == DITTO_FAMILY_VERSION)
		return true;
	return why_not(why,
		       "ditto.ko speaks version %u of the protocol, this program version %u: install both from one release",
		       version, DITTO_FAMILY_VERSION);
}

static void add_commands(struct features *f, struct nlattr *ops)
{
	struct nlattr *op;
	int rest;

	nla_for_each_nested(op, ops, rest) {
		struct nlattr *tb[CTRL_ATTR_OP_MAX + 1];

		if (nla_parse_nested(tb, CTRL_ATTR_OP_MAX, op, NULL) < 0 ||
		    !tb[CTRL_ATTR_OP_ID] || nla_len(tb[CTRL_ATTR_OP_ID]) < (int)sizeof(u32))
			continue;
		if (nla_get_u32(tb[CTRL_ATTR_OP_ID]) < FEATURES_CMDS)
			f->command[nla_get_u32(tb[CTRL_ATTR_OP_ID])] = true;
	}
}

/* Read which description belongs to which command. Those of dumps are ignored. */
static void add_policy_numbers(struct features *f, struct nlattr *ops)
{
	struct nlattr *op;
	int rest;

	nla_for_each_nested(op, ops, rest) {
		struct nlattr *tb[CTRL_ATTR_POLICY_DUMP_MAX + 1];

		if (nla_type(op) >= FEATURES_CMDS ||
		    nla_parse_nested(tb, CTRL_ATTR_POLICY_DUMP_MAX, op, NULL) < 0 ||
		    !tb[CTRL_ATTR_POLICY_DO] ||
		    nla_len(tb[CTRL_ATTR_POLICY_DO]) < (int)sizeof(u32))
			continue;
		f->takes[nla_type(op)] = true;
		f->policy_of[nla_type(op)] = nla_get_u32(tb[CTRL_ATTR_POLICY_DO]);
	}
}

/* Read a description. Each message carries one attribute of one description. */
static void add_policy(struct features *f, struct nlattr *policies)
{
	struct nlattr *policy, *attr;
	int rest, rest_attr;

	nla_for_each_nested(policy, policies, rest) {
		unsigned int number = (unsigned int)nla_type(policy);

		if (number >= POLICIES_MAX)
			continue;
		while (f->npolicies <= number) {
			f->policy = mem_grow(f->policy, f->npolicies, sizeof(*f->policy));
			memset(&f->policy[f->npolicies++], 0, sizeof(*f->policy));
		}
		nla_for_each_nested(attr, policy, rest_attr)
			if (nla_type(attr) < FEATURES_ATTRS)
				f->policy[number].known[nla_type(attr)] = true;
	}
}

void features_add(struct features *f, struct nl_msg *msg)
{
	struct nlattr *tb[CTRL_ATTR_MAX + 1];

	if (genlmsg_parse(nlmsg_hdr(msg), 0, tb, CTRL_ATTR_MAX, NULL) < 0)
		return;
	if (tb[CTRL_ATTR_OPS])
		add_commands(f, tb[CTRL_ATTR_OPS]);
	if (tb[CTRL_ATTR_OP_POLICY])
		add_policy_numbers(f, tb[CTRL_ATTR_OP_POLICY]);
	if (tb[CTRL_ATTR_POLICY])
		add_policy(f, tb[CTRL_ATTR_POLICY]);
}

void features_free(struct features *f)
{
	free(f->policy);
	memset(f, 0, sizeof(*f));
}

bool features_command(const struct features *f, u8 cmd)
{
	return f->command[cmd];
}

bool features_attr(const struct features *f, u8 cmd, unsigned int attr)
{
	if (!f->takes[cmd] || f->policy_of[cmd] >= f->npolicies)
		return true;
	return attr < FEATURES_ATTRS && f->policy[f->policy_of[cmd]].known[attr];
}

bool features_missing(const struct features *f, u8 cmd, const struct spec_set *set,
		      struct nl_msg *request, struct why *why)
{
	struct why sentence = { "" };
	size_t used = 0;
	struct nlattr *nla;
	int rest;

	if (!features_command(f, cmd)) {
		why_not(why, OLDER "the command %s: install both from one release",
			spec_ops[cmd].name);
		return true;
	}
	nlmsg_for_each_attr(nla, nlmsg_hdr(request), GENL_HDRLEN, rest) {
		unsigned int type = (unsigned int)nla_type(nla);

		if (type > set->max || !set->attrs[type].name || features_attr(f, cmd, type) ||
		    used >= sizeof(sentence.text))
			continue;
		used += (size_t)snprintf(sentence.text + used, sizeof(sentence.text) - used,
					 "%s%s", used ? ", " : "", set->attrs[type].name);
	}
	if (used)
		why_not(why, OLDER "%.200s: install both from one release", sentence.text);
	return used;
}
